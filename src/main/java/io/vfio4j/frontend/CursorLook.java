package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Cursor;
import java.nio.IntBuffer;

/**
 * The guest's cursor as it was captured; does not change any more, so any thread may keep it.
 *
 * @param visible whether the guest shows it; where not, the rest is what it was last
 * @param x the image's left edge on the screen, which may be negative
 * @param y the image's upper edge
 * @param hotX the column of the image that the pointer is in; 0 where the guest does not tell
 * @param hotY the line of the image that the pointer is in; 0 where the guest does not tell
 * @param image ARGB with premultiplied alpha; the same object as long as the image is the same
 */
public record CursorLook(boolean visible, int x, int y, int hotX, int hotY, Image image) {
    /** No cursor. */
    public static final CursorLook HIDDEN = new CursorLook(false, 0, 0, 0, 0, new Image(0, 0, new int[0]));

    /** A cursor's image. */
    public static final class Image {
        private final int width;
        private final int height;
        private final int[] pixels;

        Image(int width, int height, int[] pixels) {
            this.width = width;
            this.height = height;
            this.pixels = pixels;
        }

        /**
         * How wide it is.
         *
         * @return in pixels; 0 where there is none
         */
        public int width() {
            return width;
        }

        /**
         * How high it is.
         *
         * @return in pixels; 0 where there is none
         */
        public int height() {
            return height;
        }

        /**
         * The pixels, line by line: {@code 0xAARRGGBB}, premultiplied.
         *
         * @return read-only, a new view each time
         */
        public IntBuffer pixels() {
            return IntBuffer.wrap(pixels).asReadOnlyBuffer();
        }
    }

    static CursorLook of(Cursor cursor, CursorLook before) {
        if (!cursor.isVisible()) {
            return new CursorLook(false, before.x, before.y, before.hotX, before.hotY, before.image);
        }
        int width = cursor.image().width();
        int height = cursor.image().height();
        IntBuffer now = cursor.image().pixels();
        Image image = before.image;
        if (image.width != width || image.height != height || !image.pixels().equals(now)) {
            int[] copy = new int[width * height];
            now.get(0, copy);
            image = new Image(width, height, copy);
        }
        return new CursorLook(
                true,
                cursor.x(),
                cursor.y(),
                cursor.hotX().orElse(0),
                cursor.hotY().orElse(0),
                image);
    }
}
