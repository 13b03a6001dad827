package io.vfio4j.kvm;

import io.vfio4j.proc.SchedulerTimes;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What was counted of a VM up to a time. The numbers are read one after the other while the VM goes on: they need not be of the
 * same instant.
 *
 * @param timeNanos when, on the clock of the system calls it was read by
 * @param vcpus the vCPUs, by number, then those whose number is not known, by thread
 * @param total what KVM counts of the VM, and of all its vCPUs together
 * @param stealNanos how long this host's processors, all together, waited for those below, where this host is itself a guest;
 *     empty where it could not be read
 */
public record KvmSample(long timeNanos, List<VcpuSample> vcpus, KvmCounts total, OptionalLong stealNanos) {
    /**
     * Keeps a copy of the list.
     *
     * @param timeNanos when
     * @param vcpus the vCPUs
     * @param total of all together
     * @param stealNanos how long the host's processors waited
     */
    public KvmSample {
        vcpus = List.copyOf(vcpus);
    }

    /**
     * What was added.
     *
     * @param earlier an earlier sample of the same VM
     * @return the differences: of a thread that was not in both samples there are no times
     */
    public KvmInterval since(KvmSample earlier) {
        return new KvmInterval(
                earlier.timeNanos,
                timeNanos,
                vcpus.stream().map(vcpu -> earlier.difference(vcpu)).toList(),
                total.since(earlier.total),
                stealNanos.isPresent() && earlier.stealNanos.isPresent()
                        ? OptionalLong.of(Math.max(0, stealNanos.getAsLong() - earlier.stealNanos.getAsLong()))
                        : OptionalLong.empty());
    }

    private VcpuSample difference(VcpuSample later) {
        Optional<SchedulerTimes> before =
                find(later.thread(), VcpuSample::thread).flatMap(VcpuSample::times);
        KvmCounts counted =
                find(later.number(), VcpuSample::number).map(VcpuSample::counts).orElse(KvmCounts.NONE);
        return new VcpuSample(
                later.number(),
                later.thread(),
                later.times().flatMap(now -> before.flatMap(now::since)),
                later.counts().since(counted));
    }

    private interface Key {
        OptionalInt of(VcpuSample vcpu);
    }

    /** A vCPU that had only a thread may have got its number meanwhile. */
    private Optional<VcpuSample> find(OptionalInt wanted, Key key) {
        return wanted.isEmpty()
                ? Optional.empty()
                : vcpus.stream().filter(vcpu -> key.of(vcpu).equals(wanted)).findFirst();
    }
}
