package io.vfio4j.emulator.vcpu;

/** How a host's processors choose among the vCPUs that want to run. */
public enum HostScheduler {
    /** The completely fair scheduler, with next and skip buddies: Linux 6.1 (kernel/sched/fair.c). */
    CFS,
    /** Earliest eligible virtual deadline first, which honours the hint of a directed yield: Linux 6.14 (PICK_BUDDY). */
    EEVDF,
    /** The same of 6.6 to 6.13, whose default ignores the hint. */
    EEVDF_WITHOUT_HINT,
    /** Each in turn for a fixed time, for what can be computed by hand; a directed yield puts the target first. */
    ROUND_ROBIN
}
