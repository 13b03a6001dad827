package io.vfio4j.frontend;

import io.vfio4j.display.pixels.DamageHistory;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.util.Optional;

/** A frame that goes from the reader to the viewers and back. */
final class Slot {
    final Frame frame = new Frame();

    // With the lane's lock.

    int holders;
    /** Nobody wants it any more; whoever gives it back last closes the frame. */
    boolean retired;

    // The reader alone.

    /** What changed in the plain picture since this one was made of it; empty where it never was. */
    Optional<DamageHistory> behind = Optional.empty();
    /** Where the cursor is drawn in it. */
    Optional<Rectangle> cursorAt = Optional.empty();
}
