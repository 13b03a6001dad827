package io.vfio4j.display.pixels;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A picture for when there is none: a sentence on a dark ground, for frontends whose guest shows nothing.
 *
 * <p>Stateless; any thread.
 */
public final class Placeholder {
    /** What is true when nothing is scanned out, as far as can be known. */
    public static final String NOTHING_YET = "guest has not initialized the display";

    private static final int MOST_PIXELS = 16384;
    private static final int GROUND = 0xff101418;
    private static final int LETTERS = 0xffc8d0d8;

    private Placeholder() {}

    /**
     * Draws a sentence in the middle of a picture, in letters of a size that suits it, broken into lines where it is too long.
     *
     * @param into gets the picture, which comes from no device
     * @param width its width in pixels, 1 to 16384
     * @param height its height in pixels, 1 to 16384
     * @param text printable ASCII; whatever else is in it looks like a question mark. A line feed begins a new line. What does not fit is
     *     left out.
     * @throws IllegalArgumentException when width or height is not within its bounds
     * @throws io.vfio4j.linux.ClosedException when the frame is closed
     */
    public static void draw(Frame into, int width, int height, String text) {
        if (width < 1 || width > MOST_PIXELS || height < 1 || height > MOST_PIXELS) {
            throw new IllegalArgumentException(
                    "a placeholder of " + width + "x" + height + " pixels, which is not within 1 and " + MOST_PIXELS);
        }
        Caption caption = new Caption(width, height, text);
        ByteBuffer pixels = into.resize(width, height);
        int line = width * Integer.BYTES;
        for (int x = 0; x < width; x++) {
            pixels.putInt(x * Integer.BYTES, GROUND);
        }
        for (int y = 1; y < height; y++) {
            pixels.put(y * line, pixels, 0, line);
        }
        for (int y = caption.top(); y < caption.bottom(); y++) {
            for (int x = caption.left(); x < caption.right(); x++) {
                if (caption.isSet(x, y)) {
                    pixels.putInt(y * line + x * Integer.BYTES, LETTERS);
                }
            }
        }
        into.captured(Optional.empty(), Optional.empty(), Evidence.NOT_CAPTURED, 0, 0);
    }
}
