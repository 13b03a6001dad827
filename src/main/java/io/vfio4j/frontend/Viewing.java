package io.vfio4j.frontend;

import java.util.Optional;

/**
 * A viewer's place at a screen. Methods may be called by any thread, {@link #look} by one at a time.
 */
public interface Viewing extends AutoCloseable {
    /**
     * The newest picture, if there is one that this viewer has not seen, or its cursor changed.
     *
     * @return to be closed soon; empty where there is nothing new
     */
    Optional<Look> look();

    /** Forgets what was seen: the next look is at everything. */
    void forget();

    /** While all viewers of a screen are paused, it is not read. What is new meanwhile is told after {@link #resume}. */
    void pause();

    /** Goes on after a pause. */
    void resume();

    /** Ends it: no news come afterwards, but for one that is being told on another thread. Looks that are open stay valid. */
    @Override
    void close();
}
