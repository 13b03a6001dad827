package io.vfio4j.emulator.vcpu;

/**
 * A guest's spin lock. Whoever waits for one or holds one has its interrupts off, as with spin_lock_irqsave().
 */
public enum SpinLock {
    /** First come, first served; waiters spin and never halt. */
    TICKET,
    /**
     * A queued lock without paravirtualisation, whose waiters never halt. A lock that is let go while the first in the queue does not run
     * stays free, and whoever comes takes it: as with virt_spin_lock(), which Linux uses here (a queued lock of a real processor
     * cannot be stolen from its queue).
     */
    QUEUED,
    /**
     * A paravirtualised queued lock, whose waiters halt when they have spun SPIN_THRESHOLD loops, and never earlier. Linux had that
     * before cd0272fab785; the kernel that 89340d0935c9 repaired is {@link #PV_QUEUED_EARLY_IF_HALTED}.
     */
    PV_QUEUED,
    /**
     * The same whose waiters halt early when the vCPU before them in the queue has halted: Linux since cd0272fab785, but for the time
     * between 75437bb304b2 and its revert 89340d0935c9 of September 2019.
     */
    PV_QUEUED_EARLY_IF_HALTED,
    /** The same whose waiters halt early when the vCPU before them has halted or is preempted: 75437bb304b2, which the guests of 2019 had. */
    PV_QUEUED_EARLY_IF_PREEMPTED;

    /** Whether waiters halt. */
    boolean isParavirtualised() {
        return this != TICKET && this != QUEUED;
    }

    /** Whether waiters halt before they have spun for long. */
    boolean waitsEarly() {
        return this == PV_QUEUED_EARLY_IF_HALTED || this == PV_QUEUED_EARLY_IF_PREEMPTED;
    }
}
