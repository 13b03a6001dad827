package io.vfio4j.display;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * How a listener is called. Immutable; begin with {@link #DIRECT}.
 *
 * @param executor where; on the loop's thread, right after the read, where empty. At most one task of a subscription is in flight;
 *     events that come meanwhile merge into the next.
 * @param minInterval the shortest time from one refresh to the next; events that come earlier merge. Zero for none.
 */
public record SubscriptionOptions(Optional<Executor> executor, Duration minInterval) {
    /** On the loop's thread, every event. */
    public static final SubscriptionOptions DIRECT = new SubscriptionOptions(Optional.empty(), Duration.ZERO);

    /**
     * Checks the values.
     *
     * @param executor any
     * @param minInterval zero to 365 days
     */
    public SubscriptionOptions {
        check(minInterval);
    }

    static void check(Duration minInterval) {
        if (minInterval.isNegative() || minInterval.compareTo(DisplayOptions.LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "minimum interval " + minInterval + " is not within zero and " + DisplayOptions.LONGEST);
        }
    }

    /**
     * The same on an executor.
     *
     * @param changed not shut down by the display
     * @return new options
     */
    public SubscriptionOptions on(Executor changed) {
        return new SubscriptionOptions(Optional.of(changed), minInterval);
    }

    /**
     * The same with a bounded rate.
     *
     * @param changed zero to 365 days
     * @return new options
     */
    public SubscriptionOptions withMinInterval(Duration changed) {
        return new SubscriptionOptions(executor, changed);
    }
}
