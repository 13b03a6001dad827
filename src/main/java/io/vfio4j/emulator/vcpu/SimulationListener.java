package io.vfio4j.emulator.vcpu;

/** Is told what a simulation has measured, as it happens. Called by the thread that runs the simulation. */
public interface SimulationListener {
    /** Wants to know nothing. */
    SimulationListener NONE = new SimulationListener() {};

    /**
     * A TLB shootdown is done: every target has answered.
     *
     * @param machine which guest
     * @param nanos how long the sender waited
     */
    default void onShootdown(int machine, long nanos) {}

    /**
     * An interrupt from outside the guest has reached its handler.
     *
     * @param machine which guest
     * @param vcpu which of its vCPUs
     * @param nanos how long after it was posted
     */
    default void onInterrupt(int machine, int vcpu, long nanos) {}

    /**
     * A vCPU that was woken, or preempted, runs.
     *
     * @param machine which guest
     * @param vcpu which of its vCPUs
     * @param woken whether it had blocked
     * @param nanos how long it waited for a processor
     */
    default void onScheduled(int machine, int vcpu, boolean woken, long nanos) {}

    /**
     * A frame is drawn and flipped.
     *
     * @param machine which guest
     * @param vcpu which of its vCPUs
     * @param timeNanos when, since the simulation began
     * @param vblankNanos when the vblank was posted that it was drawn for
     */
    default void onFlip(int machine, int vcpu, long timeNanos, long vblankNanos) {}
}
