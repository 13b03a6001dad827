package io.vfio4j.display;

import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.loop.ErrorHandler;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;

/**
 * How a display is watched. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param policy where events come from
 * @param errorHandler told of what nobody waits for
 * @param pollExecutor where queries of the planes run; on the loop's thread where empty. A query can be slow.
 * @param refreshHertz the display's rate, for the timer: 1 to 1000; where empty, that of the mode that the monitor prefers, else 60
 * @param watchdog in irq mode, how long to wait for any event before looking anyway
 * @param primaryStaleness in irq mode, how old the last look at the primary plane may get while events of the cursor come
 * @param removalGrace when the device is being removed, how long listeners may keep the display from letting go of it
 *     ({@link RefreshListener#onRemoving}): 0 to 30 seconds. With 0 the removal finishes within a second, whatever listeners do;
 *     otherwise listeners on executors are waited for, too, until they have been told.
 * @param takeIrq on a device that is shared with its owner, whether to use the display irq all the same ({@link #takingIrq})
 * @param fetchDmaBufs on a device that is shared with its owner, whether to fetch dma-bufs all the same ({@link #fetchingDmaBufs})
 * @param screen how pixels are read
 */
public record DisplayOptions(
        RefreshPolicy policy,
        ErrorHandler errorHandler,
        Optional<Executor> pollExecutor,
        OptionalInt refreshHertz,
        Duration watchdog,
        Duration primaryStaleness,
        Duration removalGrace,
        boolean takeIrq,
        boolean fetchDmaBufs,
        ScreenOptions screen) {

    private static final Duration SHORTEST = Duration.ofMillis(10);
    /** Whoever removes a device sits in the kernel and cannot be killed, so not long. */
    private static final Duration LONGEST_GRACE = Duration.ofSeconds(30);
    /** Long enough for never, short enough to count in nanoseconds. */
    static final Duration LONGEST = Duration.ofDays(365);

    /**
     * AUTO; errors are logged; queries on the loop; the monitor's rate; watchdog after 1 s; primary at most 100 ms old; nothing delays a removal;
     * what is there once for each device is left to its owner.
     */
    public static final DisplayOptions DEFAULTS = new DisplayOptions(
            RefreshPolicy.AUTO,
            ErrorHandler.logging(),
            Optional.empty(),
            OptionalInt.empty(),
            Duration.ofSeconds(1),
            Duration.ofMillis(100),
            Duration.ZERO,
            false,
            false,
            ScreenOptions.DEFAULTS);

    /**
     * Checks the values.
     *
     * @param policy any
     * @param errorHandler any
     * @param pollExecutor any
     * @param refreshHertz 1 to 1000, or empty
     * @param watchdog 10 ms to 365 days
     * @param primaryStaleness 10 ms to 365 days
     * @param removalGrace 0 to 30 seconds
     * @param takeIrq any
     * @param fetchDmaBufs any
     * @param screen any
     */
    public DisplayOptions {
        refreshHertz.ifPresent(DisplayOptions::requireSensibleRate);
        requireSensible("watchdog", watchdog);
        requireSensible("primary staleness", primaryStaleness);
        if (removalGrace.isNegative() || removalGrace.compareTo(LONGEST_GRACE) > 0) {
            throw new IllegalArgumentException(
                    "removal grace " + removalGrace + " is not within " + Duration.ZERO + " and " + LONGEST_GRACE);
        }
    }

    private static void requireSensibleRate(int hertz) {
        if (hertz < 1 || hertz > 1000) {
            throw new IllegalArgumentException("refresh rate " + hertz + " Hz is not within 1 and 1000");
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
                changed,
                errorHandler,
                pollExecutor,
                refreshHertz,
                watchdog,
                primaryStaleness,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same with another error handler.
     *
     * @param changed the handler
     * @return new options
     */
    public DisplayOptions withErrorHandler(ErrorHandler changed) {
        return new DisplayOptions(
                policy,
                changed,
                pollExecutor,
                refreshHertz,
                watchdog,
                primaryStaleness,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same with queries on an executor.
     *
     * @param changed not shut down by the display
     * @return new options
     */
    public DisplayOptions withPollExecutor(Executor changed) {
        return new DisplayOptions(
                policy,
                errorHandler,
                Optional.of(changed),
                refreshHertz,
                watchdog,
                primaryStaleness,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same with another rate.
     *
     * @param changed in hertz
     * @return new options
     */
    public DisplayOptions withRefreshHertz(int changed) {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                OptionalInt.of(changed),
                watchdog,
                primaryStaleness,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same with another watchdog interval.
     *
     * @param changed 10 ms to 365 days
     * @return new options
     */
    public DisplayOptions withWatchdog(Duration changed) {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                refreshHertz,
                changed,
                primaryStaleness,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same with another bound on the primary plane's age.
     *
     * @param changed 10 ms to 365 days
     * @return new options
     */
    public DisplayOptions withPrimaryStaleness(Duration changed) {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                refreshHertz,
                watchdog,
                changed,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same with another bound on how long listeners may delay the removal of the device.
     *
     * @param changed 0 to 30 seconds
     * @return new options
     */
    public DisplayOptions withRemovalGrace(Duration changed) {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                refreshHertz,
                watchdog,
                primaryStaleness,
                changed,
                takeIrq,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same, but the display irq is used on a shared device, too.
     *
     * <p>A device has one trigger for each irq. Arming takes it from whoever has armed it before, and no call tells whether somebody has:
     * an owner that used the irq gets no more events, then or later, for closing the display disarms it. The drivers of the 2019 series
     * lose the owner's eventfd besides. And a process that is killed while the irq is armed leaves it so, on a device that goes on
     * living: the driver signals an eventfd that nobody reads, until somebody disarms it.
     *
     * <p>So only where the owner is known not to use it. Mainline QEMU does not.
     *
     * @return new options
     */
    public DisplayOptions takingIrq() {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                refreshHertz,
                watchdog,
                primaryStaleness,
                removalGrace,
                true,
                fetchDmaBufs,
                screen);
    }

    /**
     * The same, but dma-bufs are fetched from a shared device, too.
     *
     * <p>The driver counts one reference for each framebuffer that was queried, whoever asked. Fetching the dma-buf consumes it, so that
     * the owner's next fetch of the same framebuffer can fail; and the sample driver mbochs crashes its kernel when a framebuffer is
     * fetched twice and both are closed. Without fetching, the driver keeps an object for every framebuffer that was queried, until the
     * owner fetches it or the device is closed.
     *
     * <p>So only where the owner does not show the display, as a VMM that was started with {@code display=off}.
     *
     * @return new options
     */
    public DisplayOptions fetchingDmaBufs() {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                refreshHertz,
                watchdog,
                primaryStaleness,
                removalGrace,
                takeIrq,
                true,
                screen);
    }

    /**
     * The same with other ways to the pixels.
     *
     * @param changed how they are read
     * @return new options
     */
    public DisplayOptions withScreen(ScreenOptions changed) {
        return new DisplayOptions(
                policy,
                errorHandler,
                pollExecutor,
                refreshHertz,
                watchdog,
                primaryStaleness,
                removalGrace,
                takeIrq,
                fetchDmaBufs,
                changed);
    }
}
