package io.vfio4j.display;

import io.vfio4j.loop.ErrorHandler;
import java.util.Optional;

/**
 * Hears of a display's changes. The calls of one subscription never overlap, and each happens-before the next. Without an executor
 * they come on the loop's thread and must be short: every display on the loop waits for them. A listener that throws is reported to
 * the display's {@link ErrorHandler} and goes on being called.
 */
@FunctionalInterface
public interface RefreshListener {

    /**
     * The picture changed, or may have.
     *
     * @param event which planes, and what is known of it
     */
    void onRefresh(RefreshEvent event);

    /**
     * The primary plane has another size or format, or came back from being off. Comes before the refresh that shows it, also for
     * the mode at the time of subscribing. Noticed by queries, so up to a quarter of a second late while events come, and up to the
     * watchdog's interval otherwise.
     *
     * @param mode the new mode
     */
    default void onModeChanged(DisplayMode mode) {}

    /** Nothing is scanned out: the guest has not initialised its display yet, or has switched it off. */
    default void onOff() {}

    /**
     * The device is being removed from the host, or its driver unbound; the display is about to close, which ends in {@link #onClosed}.
     * Once at most, also while the subscription is paused. Who needs a moment takes a {@link Removing#hold} here. The administrator, or
     * whatever removes the device, waits meanwhile, at most {@link DisplayOptions#removalGrace}: by default not at all.
     *
     * @param removing how long there is, and how to hold on
     */
    default void onRemoving(Removing removing) {}

    /**
     * The display is closed. Once, and the last call; not after {@link Subscription#close}. Where the subscription's executor
     * refuses to run it, it comes on the loop's thread.
     *
     * @param cause why, unless it was by {@link Display#close}: {@link DeviceRemovedException}, or what ended the loop
     */
    default void onClosed(Optional<Throwable> cause) {}
}
