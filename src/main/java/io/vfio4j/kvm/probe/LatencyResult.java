package io.vfio4j.kvm.probe;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** What {@link LatencyProbe} has measured. */
public final class LatencyResult {
    private final LatencySetup setup;
    private final SignalLog log;
    private final long[] sorted;
    private final Counted counted;
    private final OptionalDouble share;

    /**
     * What KVM has counted of the vCPU meanwhile, each empty where it does not count it.
     *
     * @param preemptionReported {@code preemption_reported}: how often the host took its processor away, and told the guest
     * @param preemptionOther {@code preemption_other}: how often without telling
     * @param haltWakeup {@code halt_wakeup}: how often it was woken
     */
    public record Counted(OptionalLong preemptionReported, OptionalLong preemptionOther, OptionalLong haltWakeup) {}

    LatencyResult(LatencySetup setup, SignalLog log, Counted counted, OptionalDouble share) {
        this.setup = setup;
        this.log = log;
        this.counted = counted;
        this.share = share;
        sorted = new long[log.answered()];
        Arrays.setAll(sorted, log::latencyNanos);
        Arrays.sort(sorted);
    }

    /**
     * What was measured.
     *
     * @return as it was asked for; where the probe was ended early, there are fewer signals
     */
    public LatencySetup setup() {
        return setup;
    }

    /**
     * What KVM has counted.
     *
     * @return of the time of the measurement
     */
    public Counted counted() {
        return counted;
    }

    /**
     * How much of their processor the vCPU and the hogs had, of all the time. The rest others had: where it is much less than 1,
     * the host was not quiet, and the law does not apply.
     *
     * @return 0 to 1; empty where they did not want it all the time (a halted vCPU without hogs), or the kernel does not tell
     */
    public OptionalDouble processorShare() {
        return share;
    }

    /**
     * How many signals were written.
     *
     * @return 0 where it was ended early
     */
    public int signals() {
        return log.signalled();
    }

    /**
     * How many signals the guest's handler has answered, from the first on; those that were merged count each.
     *
     * @return {@link #signals} where none was lost
     */
    public int answered() {
        return log.answered();
    }

    /**
     * How many signals were written while the one before was still pending.
     *
     * @return 0 where the host is quiet
     */
    public int pending() {
        return log.pending();
    }

    /**
     * How many signals were answered by the same run of the handler as a later one.
     *
     * @return at most {@link #pending}
     */
    public int merged() {
        return log.merged();
    }

    /**
     * How many runs of the handler were for no signal that was still open.
     *
     * @return 0 where nothing is wrong
     */
    public int unasked() {
        return log.unasked();
    }

    /**
     * When a signal was written, for raw data.
     *
     * @param index which, from 0 on, less than {@link #signals}
     * @return by the monotonic clock, in nanoseconds
     */
    public long writtenNanos(int index) {
        if (index < 0 || index >= signals()) {
            throw new IndexOutOfBoundsException(index);
        }
        return log.writtenNanos(index);
    }

    /**
     * From the write to the exit that the handler makes, as seen by the vCPU's thread.
     *
     * @param index which signal, from 0 on, less than {@link #signals}
     * @return nanoseconds; empty when it was not answered
     */
    public OptionalLong latencyNanos(int index) {
        if (index < 0 || index >= signals()) {
            throw new IndexOutOfBoundsException(index);
        }
        return index < answered() ? OptionalLong.of(log.latencyNanos(index)) : OptionalLong.empty();
    }

    /**
     * A quantile of the latencies, of those that were answered.
     *
     * @param probability more than 0, at most 1, for example 0.99; 1 is the longest
     * @return the latency in nanoseconds that this part of them does not exceed; empty when there are none
     */
    public OptionalLong quantileNanos(double probability) {
        if (!(probability > 0 && probability <= 1)) {
            throw new IllegalArgumentException("probability " + probability);
        }
        return sorted.length == 0
                ? OptionalLong.empty()
                : OptionalLong.of(sorted[(int) Math.ceil(probability * sorted.length) - 1]);
    }
}
