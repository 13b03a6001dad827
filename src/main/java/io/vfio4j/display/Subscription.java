package io.vfio4j.display;

import java.time.Duration;

/**
 * A listener's place at a display. Methods may be called by any thread, also from callbacks.
 *
 * <p>The first refresh after subscribing, and after each resume, is a {@link RefreshSource#RESYNC} of all planes.
 */
public interface Subscription extends AutoCloseable {

    /**
     * Stops the events. What happens meanwhile is dropped. When all subscriptions of a display are paused or closed, its irq is
     * masked, its timer stopped. A callback that is running may end after this returns. Pausing twice does nothing more.
     */
    void pause();

    /** Lets the events come again. Does nothing where it is not paused. */
    void resume();

    /**
     * Changes the shortest time from one refresh to the next. Counted from the last refresh; what is waiting for the end of the old
     * interval comes at the end of the new one, at once where that is over. Does nothing after the end.
     *
     * @param interval zero to 365 days; zero for every event
     * @throws IllegalArgumentException when it is not within its bounds
     */
    void setMinInterval(Duration interval);

    /**
     * Ends the subscription. When this returns, no callback runs and none will, unless it was called from a callback or on the
     * loop's thread: those do not wait. It waits for nothing but a callback that is running on another thread. Closing twice does
     * nothing more.
     */
    @Override
    void close();
}
