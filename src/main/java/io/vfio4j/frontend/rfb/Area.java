package io.vfio4j.frontend.rfb;

import io.vfio4j.display.pixels.Rectangle;
import java.util.Optional;

/** A part of the picture as a client names it: four unsigned 16-bit numbers, which may be empty or outside. */
record Area(int x, int y, int width, int height) {
    /** What of it is within a picture. */
    Optional<Rectangle> within(int pictureWidth, int pictureHeight) {
        int right = Math.min(x + width, pictureWidth);
        int bottom = Math.min(y + height, pictureHeight);
        return right <= x || bottom <= y ? Optional.empty() : Optional.of(new Rectangle(x, y, right - x, bottom - y));
    }

    /** The smallest area that holds both. */
    Area and(Area other) {
        int left = Math.min(x, other.x);
        int top = Math.min(y, other.y);
        return new Area(
                left,
                top,
                Math.max(x + width, other.x + other.width) - left,
                Math.max(y + height, other.y + other.height) - top);
    }
}
