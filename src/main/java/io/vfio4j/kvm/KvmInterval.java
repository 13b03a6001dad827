package io.vfio4j.kvm;

import java.util.List;
import java.util.OptionalLong;

/**
 * What was counted of a VM between two samples.
 *
 * @param fromNanos when the earlier one was taken
 * @param toNanos when the later one was taken
 * @param vcpus what was added of each vCPU that the later one has
 * @param total what was added of the VM, and of all its vCPUs together
 * @param stealNanos how long this host's processors waited for those below; empty where it could not be read
 */
public record KvmInterval(
        long fromNanos, long toNanos, List<VcpuSample> vcpus, KvmCounts total, OptionalLong stealNanos) {
    /**
     * Keeps a copy of the list.
     *
     * @param fromNanos from when
     * @param toNanos to when
     * @param vcpus the vCPUs
     * @param total of all together
     * @param stealNanos how long the host's processors waited
     */
    public KvmInterval {
        vcpus = List.copyOf(vcpus);
    }

    /**
     * How long it is.
     *
     * @return in nanoseconds
     */
    public long nanos() {
        return toNanos - fromNanos;
    }
}
