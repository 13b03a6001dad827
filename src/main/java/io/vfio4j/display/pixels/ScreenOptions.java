package io.vfio4j.display.pixels;

import java.util.Optional;

/**
 * How pixels are read. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param maxWidth the widest plane that is believed, in pixels: 1 to 32768
 * @param maxHeight the highest plane that is believed, in pixels: 1 to 32768
 * @param path the only way to try; where empty, the first that works: a region mapped, then read, a dma-buf mapped, then imported by
 *     a GPU
 */
public record ScreenOptions(int maxWidth, int maxHeight, Optional<CapturePath> path) {
    /** More than what GVT-g, the sample devices and their guests can show, and far less than what memory could not hold. */
    private static final int SANE = 16384;

    private static final int MOST = 32768;

    /** Planes of up to 16384x16384 pixels; by the first way that works. */
    public static final ScreenOptions DEFAULTS = new ScreenOptions(SANE, SANE, Optional.empty());

    /**
     * Checks the values.
     *
     * @param maxWidth 1 to 32768
     * @param maxHeight 1 to 32768
     * @param path any
     */
    public ScreenOptions {
        if (maxWidth < 1 || maxWidth > MOST || maxHeight < 1 || maxHeight > MOST) {
            throw new IllegalArgumentException(
                    "at most " + maxWidth + "x" + maxHeight + " pixels, which is not within 1 and " + MOST);
        }
    }

    /**
     * The same with other bounds.
     *
     * @param width in pixels: 1 to 32768
     * @param height in pixels: 1 to 32768
     * @return new options
     */
    public ScreenOptions withLargest(int width, int height) {
        return new ScreenOptions(width, height, path);
    }

    /**
     * The same with one way only.
     *
     * @param only the way
     * @return new options
     */
    public ScreenOptions withPath(CapturePath only) {
        return new ScreenOptions(maxWidth, maxHeight, Optional.of(only));
    }
}
