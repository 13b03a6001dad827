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
     * @param minInterval not negative
     */
    public SubscriptionOptions {
        if (minInterval.isNegative()) {
            throw new IllegalArgumentException("minimum interval " + minInterval + " is negative");
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
     * @param changed zero or more
     * @return new options
     */
    public SubscriptionOptions withMinInterval(Duration changed) {
        return new SubscriptionOptions(executor, changed);
    }
}
