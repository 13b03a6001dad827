package io.vfio4j.display.pixels;

import java.nio.ByteBuffer;

/**
 * Turns the pixels of a linear buffer into XRGB8888. An instance holds scratch memory that grows to the widest line it has seen, so it
 * serves one thread at a time, and allocates nothing once it is warm.
 */
final class Conversion {
    private final PixelFormat format;

    private Conversion(PixelFormat format) {
        this.format = format;
    }

    /**
     * Prepares for a format.
     *
     * @param format what the source has
     */
    static Conversion of(PixelFormat format) {
        return new Conversion(format);
    }

    /**
     * Converts a picture. Reads {@code lineBytes(width)} bytes of each line of the source, writes {@code 4 * width} bytes of each
     * line of the target. Indices are absolute; the buffers' positions and byte orders do not matter and do not change.
     *
     * @param source the pixels, mapped, direct or on the heap, read-only or not
     * @param sourceOffset where the first line starts, in bytes
     * @param sourceStrideBytes from one line to the next, unsigned
     * @param width in pixels
     * @param height in pixels
     * @param target gets XRGB8888, from index 0
     * @param targetStrideBytes from one line to the next, unsigned
     * @throws IllegalArgumentException if a line does not fit its stride, or the picture a buffer; nothing has been written then
     */
    void convert(
            ByteBuffer source,
            int sourceOffset,
            int sourceStrideBytes,
            int width,
            int height,
            ByteBuffer target,
            int targetStrideBytes) {
        throw new UnsupportedOperationException(format.name());
    }
}
