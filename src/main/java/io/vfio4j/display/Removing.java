package io.vfio4j.display;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A device that is being removed from the host, which waits for it in the kernel. A listener may have the display wait a little before
 * it lets go: to save a last picture, or to tell somebody. Until then the device works, and events go on.
 *
 * <p>Methods may be called by any thread.
 */
public final class Removing {
    private final Duration longest;
    private final Runnable released;
    /** Each listener that is still to be told counts, and each hold; and the display itself while it tells them. */
    private final AtomicInteger reasons = new AtomicInteger(1);

    /** Keeps the display from letting go. */
    public interface Hold extends AutoCloseable {

        /** Ends the hold. Further calls do nothing. */
        @Override
        void close();
    }

    Removing(Duration longest, Runnable released) {
        this.longest = longest;
        this.released = released;
    }

    /**
     * How long the display waits at most, from noticing the removal on.
     *
     * @return {@link DisplayOptions#removalGrace}
     */
    public Duration longest() {
        return longest;
    }

    /**
     * Keeps the display from letting go until the hold is closed, or {@link #longest} has passed. To be called before the callback
     * returns that brought this; afterwards it may be too late, and then has no effect.
     *
     * @return to be closed when all is done
     */
    public Hold hold() {
        int seen;
        do {
            seen = reasons.get();
            if (seen == 0) {
                return () -> {};
            }
        } while (!reasons.compareAndSet(seen, seen + 1));
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                release();
            }
        };
    }

    /** One reason less to wait. */
    void release() {
        if (reasons.decrementAndGet() == 0) {
            released.run();
        }
    }
}
