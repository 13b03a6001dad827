package io.vfio4j.frontend;

import java.time.Duration;
import java.util.List;

/**
 * How long it took from the notice of an event until its picture was there for the viewers.
 *
 * @param count how many pictures
 * @param totalNanos the sum of their times
 * @param maxNanos the longest
 * @param buckets how many took at most {@link #BOUNDS} of the same index, and not at most the one before; the last is for what took longer
 */
public record LatencyCounts(long count, long totalNanos, long maxNanos, List<Long> buckets) {
    /** The upper bounds of the buckets, rising; there is one bucket more. */
    public static final List<Duration> BOUNDS = List.of(
            Duration.ofNanos(500_000),
            Duration.ofMillis(1),
            Duration.ofMillis(2),
            Duration.ofMillis(4),
            Duration.ofMillis(8),
            Duration.ofMillis(16),
            Duration.ofMillis(32),
            Duration.ofMillis(64),
            Duration.ofMillis(128),
            Duration.ofMillis(256));

    /**
     * Checks and copies the buckets.
     *
     * @param count how many
     * @param totalNanos of all together
     * @param maxNanos the longest
     * @param buckets one for each bound, and one more
     */
    public LatencyCounts {
        buckets = List.copyOf(buckets);
        if (buckets.size() != BOUNDS.size() + 1) {
            throw new IllegalArgumentException(buckets.size() + " buckets of latencies, not " + (BOUNDS.size() + 1));
        }
    }
}
