package io.vfio4j.emulator.vcpu;

/**
 * How long a vCPU spins for a paravirtualised lock before it halts.
 *
 * @param thresholdNanos how long at most: SPIN_THRESHOLD of asm-generic/qspinlock.h, 1 &lt;&lt; 15 loops
 * @param checkNanos how often on the way it looks whether the vCPU before it has stopped: PV_PREV_CHECK_MASK of
 *     kernel/locking/qspinlock_paravirt.h, 256 loops
 */
public record Patience(long thresholdNanos, long checkNanos) {
    /** A PAUSE of 140 cycles (Skylake) at 2.5 GHz. */
    private static final long LOOP_NANOS = 56;

    private static final int THRESHOLD_LOOPS = 1 << 15;
    private static final int CHECK_LOOPS = 256;

    /**
     * Makes the rule.
     *
     * @param thresholdNanos how long it spins at most
     * @param checkNanos how often on the way it looks whether the vCPU before it has stopped
     * @throws IllegalArgumentException naming the component that is absurd
     */
    public Patience {
        Bounds.positiveNanos("thresholdNanos", thresholdNanos);
        Bounds.positiveNanos("checkNanos", checkNanos);
    }

    /**
     * Linux on a processor whose PAUSE takes 140 cycles of 2.5 GHz, as Skylake's is said to: 1.8 ms, and a look each 14 µs. Earlier
     * processors took 10 cycles, a fourteenth of it.
     *
     * @return the rule
     */
    public static Patience defaults() {
        return new Patience(THRESHOLD_LOOPS * LOOP_NANOS, CHECK_LOOPS * LOOP_NANOS);
    }
}
