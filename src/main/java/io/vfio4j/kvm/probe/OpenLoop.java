package io.vfio4j.kvm.probe;

import java.util.SplittableRandom;

/**
 * When to signal: times that are drawn before, whatever becomes of the signals. An injector that waited for the handler would
 * signal just after the vCPU had run, and measure something else.
 *
 * <p>From one signal to the next it is at least as long as all hogs and the vCPU take in turn, so that the one before has been
 * handled, and up to {@value #ROTATIONS} times as long in addition, each length as likely as the others.
 */
final class OpenLoop {
    private static final int ROTATIONS = 4;

    private final SplittableRandom random;
    private final long rotationNanos;

    OpenLoop(long seed, WaitingLaw law) {
        this.random = new SplittableRandom(seed);
        this.rotationNanos = law.longestNanos() + law.sliceNanos();
    }

    /** From one signal to the next. */
    long nextGapNanos() {
        return rotationNanos + random.nextLong(ROTATIONS * rotationNanos);
    }

    /** How long so many take, more or less. */
    static long expectedNanos(int signals, WaitingLaw law) {
        long rotation = law.longestNanos() + law.sliceNanos();
        return signals * (rotation + ROTATIONS * rotation / 2);
    }
}
