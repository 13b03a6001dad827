package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Outcome;
import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import io.vfio4j.emulator.vcpu.Outcome.Machine;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * An experiment and what its runs have measured.
 *
 * @param experiment what was simulated
 * @param runs at least one, in the order of their seeds
 */
public record Cell(Experiment experiment, List<Measurement> runs) {
    private static final double NANOS = 1e9;
    private static final List<Bucket> IN_GUEST =
            List.of(Bucket.USER, Bucket.KERNEL, Bucket.LOCK_SPIN, Bucket.CALL_SPIN, Bucket.INTERRUPT);

    /**
     * Makes a cell.
     *
     * @param experiment what was simulated
     * @param runs at least one, in the order of their seeds
     * @throws IllegalArgumentException when there is no run
     */
    public Cell {
        runs = List.copyOf(runs);
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("runs is empty: " + experiment.name() + " was not simulated");
        }
    }

    /**
     * The mean of something over the runs.
     *
     * @param value of one run
     * @return with its interval
     */
    public Interval interval(ToDoubleFunction<Outcome> value) {
        return Interval.of(runs.stream()
                .mapToDouble(run -> value.applyAsDouble(run.outcome()))
                .toArray());
    }

    /**
     * Records a second of one guest: the mean of those that are counted.
     *
     * @return over the runs
     */
    public Interval recordsPerMachine() {
        return interval(this::recordsPerMachine);
    }

    double recordsPerMachine(Outcome outcome) {
        return recordsSummed(outcome) / experiment.counted();
    }

    /**
     * Records a second of all guests together.
     *
     * @return over the runs
     */
    public Interval recordsSummed() {
        return interval(this::recordsSummed);
    }

    private double recordsSummed(Outcome outcome) {
        return outcome.machines().stream()
                        .limit(experiment.counted())
                        .mapToLong(Machine::records)
                        .sum()
                * NANOS
                / outcome.nanos();
    }

    /**
     * The part of the guests' time that they spin: for locks, and for answers to interrupts. Time in the host does not count on either side, as in a
     * profile that is taken inside a guest.
     *
     * @return over the runs, 0 to 1
     */
    public Interval spinShare() {
        return interval(outcome -> share(outcome, Bucket.LOCK_SPIN) + share(outcome, Bucket.CALL_SPIN));
    }

    /**
     * The part of the guests' time that they spin for answers to interrupts.
     *
     * @return over the runs, 0 to 1
     */
    public Interval callSpinShare() {
        return interval(outcome -> share(outcome, Bucket.CALL_SPIN));
    }

    private static double share(Outcome outcome, Bucket bucket) {
        long inGuest = IN_GUEST.stream().mapToLong(each -> nanos(outcome, each)).sum();
        return inGuest == 0 ? 0 : (double) nanos(outcome, bucket) / inGuest;
    }

    /**
     * The part of the processors' time in one bucket.
     *
     * @param bucket which
     * @return over the runs, 0 to 1
     */
    public Interval processorShare(Bucket bucket) {
        return interval(outcome -> (double) nanos(outcome, bucket)
                / outcome.processorNanos().values().stream()
                        .mapToLong(Long::longValue)
                        .sum());
    }

    private static long nanos(Outcome outcome, Bucket bucket) {
        return outcome.processorNanos().getOrDefault(bucket, 0L);
    }

    /**
     * How often a second something was counted.
     *
     * @param count in the directed yields of one run
     * @return over the runs
     */
    public Interval yieldsPerSecond(ToLongFunction<Yields> count) {
        return interval(outcome -> count.applyAsLong(outcome.yields()) * NANOS / outcome.nanos());
    }

    /**
     * The sum of a count over all runs.
     *
     * @param count in the directed yields of one run
     * @return the sum
     */
    public long yields(ToLongFunction<Yields> count) {
        return runs.stream()
                .mapToLong(run -> count.applyAsLong(run.outcome().yields()))
                .sum();
    }

    /**
     * How often a second a vCPU left its guest because it spun.
     *
     * @return over the runs
     */
    public Interval pauseExitsPerSecond() {
        return interval(outcome -> outcome.pauseExits() * NANOS / outcome.nanos());
    }

    /**
     * How evenly the host's processors were shared among the counted guests: Jain's index, 1 when all got the same, 1/n when one got all.
     *
     * @return over the runs
     */
    public Interval fairness() {
        return interval(outcome -> Fairness.jain(outcome.machines().stream()
                .limit(experiment.counted())
                .mapToDouble(Machine::processorNanos)
                .toArray()));
    }

    /**
     * How long shootdowns took, in all runs.
     *
     * @return the histogram
     */
    public Latencies shootdowns() {
        return Latencies.merged(runs.stream().map(Measurement::shootdowns).toList());
    }

    /**
     * How long outside interrupts took to their handlers, in all runs.
     *
     * @return the histogram
     */
    public Latencies interrupts() {
        return Latencies.merged(runs.stream().map(Measurement::interrupts).toList());
    }

    /**
     * How long the runs took on the machine that ran them, one after the other.
     *
     * @return nanoseconds of one processor
     */
    public long hostNanos() {
        return runs.stream().mapToLong(Measurement::hostNanos).sum();
    }

    /**
     * How many events the runs had.
     *
     * @return the number, that of the warm-ups included
     */
    public long hostEvents() {
        return runs.stream().mapToLong(Measurement::hostEvents).sum();
    }
}
