package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The newest picture, lent to one viewer until it is closed. For one thread at a time. What is closed late costs a frame's memory, and
 * after a few of them pictures are left out for everybody; so it is closed as soon as it is painted or encoded.
 */
public interface Look extends AutoCloseable {
    /**
     * The picture, or a placeholder that says why there is none. Must not be filled, drawn on or closed.
     *
     * @return never empty; valid until this is closed
     */
    Frame frame();

    /**
     * Why there is no picture of the guest.
     *
     * @return empty where there is one; else the sentence that the placeholder shows
     */
    Optional<String> absence();

    /**
     * What changed since this viewer looked last, apart from {@link #moves}; at the first look, and after a change of size, everything.
     *
     * @return does not overlap; empty where only the cursor changed
     */
    List<Rectangle> changes();

    /**
     * What can be copied from the viewer's last picture, before {@link #changes} is painted. Where it cannot be known, or the viewer missed
     * pictures, there is none, and all is in the changes.
     *
     * @return mostly empty
     */
    List<Move> moves();

    /**
     * The guest's cursor.
     *
     * @return hidden for viewers that asked for {@link CursorStyle#DRAWN}
     */
    CursorLook cursor();

    /**
     * The number of the picture among those of its screen.
     *
     * @return from 1 on
     */
    long generation();

    /**
     * When the event was noticed that led to this picture.
     *
     * @return by the clock of the display's system calls; empty for a placeholder
     */
    OptionalLong noticedNanos();

    /** Gives the picture back. Further calls do nothing. */
    @Override
    void close();
}
