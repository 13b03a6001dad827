package io.vfio4j.emulator.vcpu;

/**
 * A host's processors and how they schedule.
 *
 * @param cpus how many processors, 1 to 4096
 * @param hertz ticks a second of each, 1 to 10,000
 * @param scheduler how they choose
 * @param latencyNanos sched_latency_ns
 * @param minimumGranularityNanos sched_min_granularity_ns
 * @param wakeUpGranularityNanos sched_wakeup_granularity_ns
 * @param sliceNanos the base slice of EEVDF, the time slice of round robin
 */
public record HostModel(
        int cpus,
        int hertz,
        HostScheduler scheduler,
        long latencyNanos,
        long minimumGranularityNanos,
        long wakeUpGranularityNanos,
        long sliceNanos) {}
