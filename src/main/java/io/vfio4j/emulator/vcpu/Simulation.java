package io.vfio4j.emulator.vcpu;

/**
 * A host and its guests, in virtual time. One thread at a time; two simulations share nothing.
 */
public final class Simulation {
    /**
     * Prepares a simulation at time 0.
     *
     * @param setup what is simulated
     * @param listener is told what happens
     * @throws IllegalArgumentException naming what is absurd
     */
    public Simulation(Setup setup, SimulationListener listener) {
        throw new IllegalStateException();
    }

    /**
     * The time now.
     *
     * @return nanoseconds since the simulation began
     */
    public long nanoTime() {
        throw new IllegalStateException();
    }

    /**
     * Lets happen what happens up to a time.
     *
     * @param nanos when to stop, since the simulation began; in the past it does nothing
     * @throws LivelockException when the guests make no progress any more
     */
    public void runTo(long nanos) {
        throw new IllegalStateException();
    }

    /** Forgets what was counted so far: the warm-up is over. */
    public void startMeasuring() {
        throw new IllegalStateException();
    }

    /**
     * Interrupts a guest from outside, as a vGPU does at a vblank: now, by a message (edge-triggered, so that two in a row merge).
     *
     * @param machine which guest
     * @param vcpu which of its vCPUs
     */
    public void postInterrupt(int machine, int vcpu) {
        throw new IllegalStateException();
    }

    /**
     * What was counted since {@link #startMeasuring}, or since the beginning.
     *
     * @return a copy
     */
    public Outcome outcome() {
        throw new IllegalStateException();
    }
}
