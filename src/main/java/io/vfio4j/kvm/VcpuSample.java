package io.vfio4j.kvm;

import io.vfio4j.proc.SchedulerTimes;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What has been counted of a vCPU, up to a time or between two.
 *
 * @param number its number in KVM, which the guest may know by another; empty where only its thread is known
 * @param thread the number of the thread that runs it; empty where that was not found
 * @param times how long the thread ran, and waited for a processor; empty where the thread is not known, has come or has gone
 * @param counts what KVM counts of it; {@link KvmCounts#NONE} where that cannot be read for each vCPU
 */
public record VcpuSample(OptionalInt number, OptionalInt thread, Optional<SchedulerTimes> times, KvmCounts counts) {
    /**
     * What to call it.
     *
     * @return for example {@code vCPU 3}, or {@code thread 4711} of a vCPU whose number is not known
     */
    public String label() {
        return number.isPresent()
                ? "vCPU " + number.getAsInt()
                : "thread " + (thread.isPresent() ? thread.getAsInt() : "?");
    }
}
