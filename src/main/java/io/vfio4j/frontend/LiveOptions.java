package io.vfio4j.frontend;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * How a screen is read. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param capturer where pictures are read, one at a time; a thread of the screen's own where empty. On a direct executor they are read on
 *     the loop's thread
 * @param longestIdle while nothing changes and nothing says that it did, how far apart readings may get: 0 to 10 seconds. Where the guest
 *     draws into what is shown, without a flip, and only in a few lines, it may take two of them until it is seen
 */
public record LiveOptions(Optional<Executor> capturer, Duration longestIdle) {
    // Above what it checks: constants are made in their order.
    private static final Duration MOST_IDLE = Duration.ofSeconds(10);

    /** A thread of its own; at least four readings a second. */
    public static final LiveOptions DEFAULTS = new LiveOptions(Optional.empty(), Duration.ofMillis(250));

    /**
     * Checks the values.
     *
     * @param capturer any
     * @param longestIdle 0 to 10 seconds
     */
    public LiveOptions {
        if (longestIdle.isNegative() || longestIdle.compareTo(MOST_IDLE) > 0) {
            throw new IllegalArgumentException(
                    "longest idle interval " + longestIdle + " is not within zero and " + MOST_IDLE);
        }
    }

    /**
     * The same with another place to read.
     *
     * @param changed not shut down by the screen
     * @return new options
     */
    public LiveOptions on(Executor changed) {
        return new LiveOptions(Optional.of(changed), longestIdle);
    }

    /**
     * The same with another idle interval.
     *
     * @param changed 0 to 10 seconds
     * @return new options
     */
    public LiveOptions withLongestIdle(Duration changed) {
        return new LiveOptions(capturer, changed);
    }
}
