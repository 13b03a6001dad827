package io.vfio4j.cli;

import io.vfio4j.kvm.KvmInterval;
import io.vfio4j.kvm.KvmProcess;
import io.vfio4j.kvm.KvmSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Who is told what a watch of vCPUs sees. */
interface VcpuReport {
    /** What is shown of what KVM counts, in this order. */
    List<String> COUNTERS = List.of(
            "exits",
            "halt_exits",
            "halt_wakeup",
            "irq_injections",
            "directed_yield_attempted",
            "directed_yield_successful",
            "preemption_reported",
            "preemption_other");

    /** How long halted vCPUs slept, and how long the host polled for their end before. */
    List<String> HISTOGRAMS = List.of("halt_wait_hist", "halt_poll_success_hist", "halt_poll_fail_hist");

    /** What cannot be told from them. */
    String YIELD_NOTE =
            "directed_yield_* count the guest's own yields (hypercalls) alone: yields after a pause exit (PLE),"
                    + " of which the boost is a part, are counted nowhere.";

    /**
     * A while, by vCPU.
     *
     * @param seconds from the beginning of the watch to its end
     * @param added what was counted
     * @param longest the longest wait, by the threads' numbers
     */
    record While(double seconds, KvmInterval added, Map<Integer, WaitLog.Longest> longest) {
        WaitLog.Longest longest(int thread) {
            return longest.getOrDefault(thread, WaitLog.Longest.NONE);
        }
    }

    /**
     * The vGPU that is looked at, too.
     *
     * @param name what it was called
     * @param resolution how much later than it happened a change may be seen
     */
    record Vgpu(String name, Duration resolution) {}

    void begin(KvmProcess process, int vcpus, List<KvmSource> sources, Optional<Vgpu> vgpu);

    /** Where the numbers come from has changed. */
    void sources(List<KvmSource> sources);

    void interval(While interval);

    void late(double seconds, LateRefresh refresh);

    /** The last call. */
    void summary(While whole, List<String> missing, Optional<LatenessJudge.Account> refreshes);
}
