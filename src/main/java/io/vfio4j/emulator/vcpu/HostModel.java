package io.vfio4j.emulator.vcpu;

/**
 * A host's processors and how they schedule. Values of 0 are allowed for a granularity and for halt polling only.
 *
 * @param cpus how many processors, 1 to 4096
 * @param hertz ticks a second of each, 1 to 10,000; CONFIG_HZ
 * @param scheduler how they choose
 * @param latencyNanos sched_latency_ns
 * @param minimumGranularityNanos sched_min_granularity_ns
 * @param wakeUpGranularityNanos sched_wakeup_granularity_ns
 * @param sliceNanos the base slice of EEVDF, the time slice of round robin
 * @param haltPollNanos for how long at most a processor with nothing else to do waits for a vCPU that halts; halt_poll_ns of kvm
 */
public record HostModel(
        int cpus,
        int hertz,
        HostScheduler scheduler,
        long latencyNanos,
        long minimumGranularityNanos,
        long wakeUpGranularityNanos,
        long sliceNanos,
        long haltPollNanos) {
    /** KVM_HALT_POLL_NS_DEFAULT of arch/x86/include/asm/kvm_host.h. */
    static final long DEFAULT_HALT_POLL_NANOS = 200_000;

    private static final int MOST_CPUS = 4096;
    private static final int MOST_HERTZ = 10_000;
    private static final int DEFAULT_HERTZ = 250;
    /** sysctl_sched_latency of kernel/sched/fair.c, before scaling. */
    private static final long LATENCY_NANOS = 6_000_000;
    /** sysctl_sched_min_granularity and, since 6.6, sysctl_sched_base_slice. */
    private static final long GRANULARITY_NANOS = 750_000;
    /** sysctl_sched_wakeup_granularity. */
    private static final long WAKE_UP_GRANULARITY_NANOS = 1_000_000;
    /** get_update_sysctl_factor(): processors beyond these do not count. */
    private static final int CPUS_THAT_SCALE = 8;

    /**
     * Makes a host.
     *
     * @param cpus how many processors, 1 to 4096
     * @param hertz ticks a second of each, 1 to 10,000; CONFIG_HZ
     * @param scheduler how they choose
     * @param latencyNanos sched_latency_ns
     * @param minimumGranularityNanos sched_min_granularity_ns
     * @param wakeUpGranularityNanos sched_wakeup_granularity_ns
     * @param sliceNanos the base slice of EEVDF, the time slice of round robin
     * @param haltPollNanos for how long at most a processor with nothing else to do waits for a vCPU that halts; halt_poll_ns of kvm
     * @throws IllegalArgumentException naming the component that is absurd
     */
    public HostModel {
        Bounds.check("cpus", cpus, 1, MOST_CPUS);
        Bounds.check("hertz", hertz, 1, MOST_HERTZ);
        Bounds.positiveNanos("latencyNanos", latencyNanos);
        Bounds.nanos("minimumGranularityNanos", minimumGranularityNanos);
        Bounds.nanos("wakeUpGranularityNanos", wakeUpGranularityNanos);
        Bounds.positiveNanos("sliceNanos", sliceNanos);
        Bounds.nanos("haltPollNanos", haltPollNanos);
        if (minimumGranularityNanos > latencyNanos) {
            throw new IllegalArgumentException("minimumGranularityNanos must not be longer than latencyNanos");
        }
    }

    /**
     * A host with KVM's own halt polling.
     *
     * @param cpus how many processors
     * @param hertz ticks a second of each
     * @param scheduler how they choose
     * @param latencyNanos sched_latency_ns
     * @param minimumGranularityNanos sched_min_granularity_ns
     * @param wakeUpGranularityNanos sched_wakeup_granularity_ns
     * @param sliceNanos the base slice of EEVDF, the time slice of round robin
     */
    public HostModel(
            int cpus,
            int hertz,
            HostScheduler scheduler,
            long latencyNanos,
            long minimumGranularityNanos,
            long wakeUpGranularityNanos,
            long sliceNanos) {
        this(
                cpus,
                hertz,
                scheduler,
                latencyNanos,
                minimumGranularityNanos,
                wakeUpGranularityNanos,
                sliceNanos,
                DEFAULT_HALT_POLL_NANOS);
    }

    /**
     * A host as Linux sets itself up: CFS, 250 ticks a second, and the times of kernel/sched/fair.c, which grow with the logarithm of the
     * processors up to 8: latency 6 ms, granularity and EEVDF's slice 0.75 ms, wake-up granularity 1 ms, each times 1 + log2(min(cpus, 8)).
     * Thus 24, 3 and 4 ms on hosts with 8 processors or more.
     *
     * @param cpus how many processors, 1 to 4096
     * @return the host
     */
    public static HostModel ofCpus(int cpus) {
        Bounds.check("cpus", cpus, 1, MOST_CPUS);
        int scale = 1 + Integer.numberOfTrailingZeros(Integer.highestOneBit(Math.min(cpus, CPUS_THAT_SCALE)));
        return new HostModel(
                cpus,
                DEFAULT_HERTZ,
                HostScheduler.CFS,
                scale * LATENCY_NANOS,
                scale * GRANULARITY_NANOS,
                scale * WAKE_UP_GRANULARITY_NANOS,
                scale * GRANULARITY_NANOS);
    }

    /**
     * The same host with another scheduler.
     *
     * @param other how it chooses
     * @return a copy
     */
    public HostModel withScheduler(HostScheduler other) {
        return new HostModel(
                cpus,
                hertz,
                other,
                latencyNanos,
                minimumGranularityNanos,
                wakeUpGranularityNanos,
                sliceNanos,
                haltPollNanos);
    }

    /**
     * The same host with another tick.
     *
     * @param other ticks a second
     * @return a copy
     */
    public HostModel withHertz(int other) {
        return new HostModel(
                cpus,
                other,
                scheduler,
                latencyNanos,
                minimumGranularityNanos,
                wakeUpGranularityNanos,
                sliceNanos,
                haltPollNanos);
    }

    /**
     * The same host with another slice.
     *
     * @param nanos the base slice of EEVDF, the time slice of round robin
     * @return a copy
     */
    public HostModel withSlice(long nanos) {
        return new HostModel(
                cpus,
                hertz,
                scheduler,
                latencyNanos,
                minimumGranularityNanos,
                wakeUpGranularityNanos,
                nanos,
                haltPollNanos);
    }

    /** Time between two ticks of a processor. */
    long tickNanos() {
        return 1_000_000_000L / hertz;
    }
}
