package io.vfio4j.emulator.vcpu;

/**
 * A host and its guests, in virtual time. One thread at a time; two simulations share nothing.
 */
public final class Simulation {
    private final Host host;

    /**
     * Prepares a simulation at time 0.
     *
     * @param setup what is simulated
     * @param listener is told what happens
     * @throws IllegalArgumentException naming what is absurd
     */
    public Simulation(Setup setup, SimulationListener listener) {
        this(setup, listener, LivelockGuard.usual());
    }

    Simulation(Setup setup, SimulationListener listener, LivelockGuard guard) {
        host = new Host(setup, listener, guard);
    }

    /**
     * The time now.
     *
     * @return nanoseconds since the simulation began
     */
    public long nanoTime() {
        return host.now;
    }

    /**
     * Lets happen what happens up to a time.
     *
     * @param nanos when to stop, since the simulation began; in the past it does nothing; at most 2^60, which is 36 years
     * @throws IllegalArgumentException if it is later
     * @throws LivelockException when the guests make no progress any more
     */
    public void runTo(long nanos) {
        Bounds.check("nanos", nanos, Long.MIN_VALUE, Bounds.LATEST_NANOS);
        host.runTo(nanos);
    }

    /** Forgets what was counted so far: the warm-up is over. */
    public void startMeasuring() {
        host.clear();
    }

    /**
     * Interrupts a guest from outside, as a vGPU does at a vblank: now, by a message (edge-triggered, so that two in a row merge).
     *
     * @param machine which guest
     * @param vcpu which of its vCPUs
     * @throws IllegalArgumentException if there is no such vCPU
     */
    public void postInterrupt(int machine, int vcpu) {
        host.postExternal(machine, vcpu);
    }

    /**
     * What was counted since {@link #startMeasuring}, or since the beginning.
     *
     * @return a copy
     */
    public Outcome outcome() {
        return host.outcome();
    }
}
