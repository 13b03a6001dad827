package io.vfio4j.frontend.swing;

import io.vfio4j.frontend.CursorLook;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;

/** A cursor's image in the size in which it is shown, and how it is drawn over a picture. */
final class Sprite {
    private static final int OPAQUE = 0xff000000;

    private final CursorLook.Image source;
    private final Picture image;
    /** What is under the cursor, with it. */
    private final Picture patch;

    Sprite(CursorLook.Image source, int width, int height) {
        this.source = source;
        image = new Picture(width, height, BufferedImage.TYPE_INT_ARGB_PRE);
        patch = Picture.opaque(width, height);
        Picture original = new Picture(source.width(), source.height(), BufferedImage.TYPE_INT_ARGB_PRE);
        source.pixels().get(original.pixels());
        boolean whole = width % source.width() == 0 && height % source.height() == 0;
        if (width == source.width() && height == source.height()) {
            source.pixels().get(image.pixels());
        } else {
            image.draw(original, !whole, new Rectangle(width, height));
        }
    }

    boolean shows(CursorLook.Image wanted, int width, int height) {
        return source == wanted && image.width() == width && image.height() == height;
    }

    /**
     * Draws a part of itself over what is shown.
     *
     * @param shown the picture, as it is shown
     * @param x where the cursor's left edge is on it
     * @param y where its upper edge is
     * @param part of what is shown; within both
     * @return the part, at the same place within the cursor; valid until the next call
     */
    BufferedImage over(Picture shown, int x, int y, Rectangle part) {
        for (int line = part.y; line < part.y + part.height; line++) {
            int from = shown.index(part.x, line);
            int to = patch.index(part.x - x, line - y);
            for (int i = 0; i < part.width; i++) {
                patch.pixels()[to + i] = over(image.pixels()[to + i], shown.pixels()[from + i]);
            }
        }
        return patch.image();
    }

    /** As {@link io.vfio4j.display.pixels.Frame#drawCursor} does it. */
    private static int over(int source, int destination) {
        int left = 255 - (source >>> 24);
        return OPAQUE
                | component(source >> 16 & 0xff, destination >> 16 & 0xff, left) << 16
                | component(source >> 8 & 0xff, destination >> 8 & 0xff, left) << 8
                | component(source & 0xff, destination & 0xff, left);
    }

    private static int component(int source, int destination, int left) {
        return Math.min(255, source + (destination * left + 127) / 255);
    }
}
