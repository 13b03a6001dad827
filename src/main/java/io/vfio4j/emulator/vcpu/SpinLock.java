package io.vfio4j.emulator.vcpu;

/** A guest's spin lock. */
public enum SpinLock {
    /** First come, first served; waiters spin and never halt. */
    TICKET,
    /** A queued lock without paravirtualisation: the same order, waiters spin on a place of their own, and it can be stolen. */
    QUEUED,
    /** A paravirtualised queued lock, whose waiters halt when they have spun SPIN_THRESHOLD loops: as repaired by 89340d0935c9. */
    PV_QUEUED,
    /** The same whose waiters halt early when the vCPU before them has halted: kernels before 75437bb304b2. */
    PV_QUEUED_EARLY_IF_HALTED,
    /** The same whose waiters halt early when the vCPU before them has halted or is preempted: 75437bb304b2, of 2019. */
    PV_QUEUED_EARLY_IF_PREEMPTED
}
