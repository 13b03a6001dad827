package io.vfio4j.display.pixels;

import java.nio.ByteBuffer;

/** Reads pixels where they are. */
@FunctionalInterface
public interface PixelBorrower {
    /**
     * Reads. The guest may draw meanwhile.
     *
     * @param pixels little-endian XRGB8888 or ARGB8888, the first line from 0 on; read-only. Must not be kept, and be touched by
     *     its own methods only, not by native code, and not be compared ({@code mismatch}, {@code equals}, {@code compareTo}): the memory
     *     behind it may go away, see {@link io.vfio4j.linux.Mapping#read}
     * @param width in pixels
     * @param height in pixels
     * @param strideBytes from one line to the next
     */
    void borrow(ByteBuffer pixels, int width, int height, int strideBytes);
}
