package io.vfio4j.display;

import io.vfio4j.loop.ErrorHandler;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * How a display is watched. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param policy where events come from
 * @param errorHandler told of what nobody waits for
 * @param pollExecutor where queries of the planes run; on the loop's thread where empty. A query can be slow.
 * @param refreshHertz the display's rate, for the timer: 1 to 1000
 * @param watchdog in irq mode, how long to wait for any event before looking anyway
 * @param primaryStaleness in irq mode, how old the last look at the primary plane may get while events of the cursor come
 * @param removalGrace when the device is being removed, how long listeners may keep the display from letting go of it
 *     ({@link RefreshListener#onRemoving}): 0 to 30 seconds. With 0 the removal finishes within a second, whatever listeners do;
 *     otherwise listeners on executors are waited for, too, until they have been told.
 */
public record DisplayOptions(
        RefreshPolicy policy,
        ErrorHandler errorHandler,
        Optional<Executor> pollExecutor,
        int refreshHertz,
        Duration watchdog,
        Duration primaryStaleness,
        Duration removalGrace) {

    private static final Duration SHORTEST = Duration.ofMillis(10);
    /** Whoever removes a device sits in the kernel and cannot be killed, so not long. */
    private static final Duration LONGEST_GRACE = Duration.ofSeconds(30);
    /** Long enough for never, short enough to count in nanoseconds. */
    static final Duration LONGEST = Duration.ofDays(365);

    /** AUTO; errors are logged; queries on the loop; 60 Hz; watchdog after 1 s; primary at most 100 ms old; nothing delays a removal. */
    public static final DisplayOptions DEFAULTS = new DisplayOptions(
            RefreshPolicy.AUTO,
            ErrorHandler.logging(),
            Optional.empty(),
            60,
            Duration.ofSeconds(1),
            Duration.ofMillis(100),
            Duration.ZERO);

    /**
     * Checks the values.
     *
     * @param policy any
     * @param errorHandler any
     * @param pollExecutor any
     * @param refreshHertz 1 to 1000
     * @param watchdog 10 ms to 365 days
     * @param primaryStaleness 10 ms to 365 days
     * @param removalGrace 0 to 30 seconds
     */
    public DisplayOptions {
        if (refreshHertz < 1 || refreshHertz > 1000) {
            throw new IllegalArgumentException("refresh rate " + refreshHertz + " Hz is not within 1 and 1000");
        }
        requireSensible("watchdog", watchdog);
        requireSensible("primary staleness", primaryStaleness);
        if (removalGrace.isNegative() || removalGrace.compareTo(LONGEST_GRACE) > 0) {
            throw new IllegalArgumentException(
                    "removal grace " + removalGrace + " is not within " + Duration.ZERO + " and " + LONGEST_GRACE);
        }
    }

    private static void requireSensible(String what, Duration time) {
        if (time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(what + " " + time + " is not within " + SHORTEST + " and " + LONGEST);
        }
    }

    /**
     * The same with another policy.
     *
     * @param changed the policy
     * @return new options
     */
    public DisplayOptions withPolicy(RefreshPolicy changed) {
        return new DisplayOptions(
                changed, errorHandler, pollExecutor, refreshHertz, watchdog, primaryStaleness, removalGrace);
    }

    /**
     * The same with another error handler.
     *
     * @param changed the handler
     * @return new options
     */
    public DisplayOptions withErrorHandler(ErrorHandler changed) {
        return new DisplayOptions(
                policy, changed, pollExecutor, refreshHertz, watchdog, primaryStaleness, removalGrace);
    }

    /**
     * The same with queries on an executor.
     *
     * @param changed not shut down by the display
     * @return new options
     */
    public DisplayOptions withPollExecutor(Executor changed) {
        return new DisplayOptions(
                policy, errorHandler, Optional.of(changed), refreshHertz, watchdog, primaryStaleness, removalGrace);
    }

    /**
     * The same with another rate.
     *
     * @param changed in hertz
     * @return new options
     */
    public DisplayOptions withRefreshHertz(int changed) {
        return new DisplayOptions(
                policy, errorHandler, pollExecutor, changed, watchdog, primaryStaleness, removalGrace);
    }

    /**
     * The same with another watchdog interval.
     *
     * @param changed 10 ms to 365 days
     * @return new options
     */
    public DisplayOptions withWatchdog(Duration changed) {
        return new DisplayOptions(
                policy, errorHandler, pollExecutor, refreshHertz, changed, primaryStaleness, removalGrace);
    }

    /**
     * The same with another bound on the primary plane's age.
     *
     * @param changed 10 ms to 365 days
     * @return new options
     */
    public DisplayOptions withPrimaryStaleness(Duration changed) {
        return new DisplayOptions(policy, errorHandler, pollExecutor, refreshHertz, watchdog, changed, removalGrace);
    }

    /**
     * The same with another bound on how long listeners may delay the removal of the device.
     *
     * @param changed 0 to 30 seconds
     * @return new options
     */
    public DisplayOptions withRemovalGrace(Duration changed) {
        return new DisplayOptions(
                policy, errorHandler, pollExecutor, refreshHertz, watchdog, primaryStaleness, changed);
    }
}
