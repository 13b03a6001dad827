package io.vfio4j.frontend;

import java.time.Duration;

/**
 * How far apart pictures are read. While nothing changes, and nothing proves that something did, the interval doubles step by step; an
 * unchanged answer of the driver alone would be no reason, because pixels can change without it. Not safe for threads.
 */
final class Pace {
    /** A guest that answers an input needs a few pictures' time. */
    private static final int PATIENT = 3;

    private static final long FIRST_NANOS = 16_000_000;

    private final long longestNanos;
    private int idle;

    Pace(Duration longest) {
        longestNanos = longest.toNanos();
    }

    /** A picture showed nothing new, and there was no reason why it should. */
    void nothingNew() {
        if (interval().toNanos() < longestNanos) {
            idle++;
        }
    }

    /** Something changed, or will; returns whether pictures were far apart. */
    boolean reset() {
        boolean was = isBackedOff();
        idle = 0;
        return was;
    }

    boolean isBackedOff() {
        return idle > PATIENT && longestNanos > 0;
    }

    Duration interval() {
        if (!isBackedOff()) {
            return Duration.ZERO;
        }
        return Duration.ofNanos(Math.min(longestNanos, FIRST_NANOS << Math.min(idle - PATIENT, 30)));
    }
}
