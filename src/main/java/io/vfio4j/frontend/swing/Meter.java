package io.vfio4j.frontend.swing;

import java.util.OptionalLong;

/** Counts what is painted, between two times that somebody looks at it. */
final class Meter {
    private static final double NANOS_PER_SECOND = 1e9;

    /**
     * What was counted.
     *
     * @param passedNanos in how long
     * @param perSecond pictures
     * @param meanNanos from noticing to having painted; empty where there was none with a time
     * @param worstNanos the longest of them
     */
    record Reading(long passedNanos, double perSecond, OptionalLong meanNanos, OptionalLong worstNanos) {
        static final Reading NONE = new Reading(1, 0, OptionalLong.empty(), OptionalLong.empty());
    }

    private long since;
    private long pictures;
    private long timed;
    private long sum;
    private long worst;

    Meter(long nanoTime) {
        since = nanoTime;
    }

    void painted(OptionalLong latencyNanos) {
        pictures++;
        latencyNanos.ifPresent(nanos -> {
            timed++;
            sum += nanos;
            worst = Math.max(worst, nanos);
        });
    }

    /** What was counted since the last time. */
    Reading read(long nanoTime) {
        long passed = nanoTime - since;
        if (passed <= 0) {
            return Reading.NONE;
        }
        Reading reading = new Reading(
                passed,
                pictures * NANOS_PER_SECOND / passed,
                timed == 0 ? OptionalLong.empty() : OptionalLong.of(sum / timed),
                timed == 0 ? OptionalLong.empty() : OptionalLong.of(worst));
        since = nanoTime;
        pictures = 0;
        timed = 0;
        sum = 0;
        worst = 0;
        return reading;
    }
}
