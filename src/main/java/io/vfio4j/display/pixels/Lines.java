package io.vfio4j.display.pixels;

import java.nio.ByteBuffer;

/** Pictures in buffers, line by line: whether they fit, and copies of them. */
final class Lines {
    private Lines() {}

    /**
     * Checks that a picture is within a buffer, up to its limit. Afterwards every offset of it fits an int.
     *
     * @param what names the buffer in the error
     * @param strideBytes from one line to the next, unsigned
     * @param lineBytes what is used of a line
     * @param rows how many lines
     * @throws IllegalArgumentException if it is empty, a line is longer than the stride, or the last one ends behind the limit
     */
    static void check(String what, ByteBuffer buffer, int offset, int strideBytes, long lineBytes, int rows) {
        long stride = Integer.toUnsignedLong(strideBytes);
        if (lineBytes < 1 || rows < 1) {
            throw new IllegalArgumentException(what + ": " + rows + " lines of " + lineBytes + " bytes");
        }
        if (stride < lineBytes) {
            throw new IllegalArgumentException(
                    what + ": a line has " + lineBytes + " bytes, which is more than the stride of " + stride);
        }
        // Below 2^31 * 2^32 + 2^33: no overflow.
        long end = offset + (rows - 1) * stride + lineBytes;
        if (offset < 0 || end > buffer.limit()) {
            throw new IllegalArgumentException(
                    what + ": " + rows + " lines of " + lineBytes + " bytes with a stride of " + stride + " at "
                            + offset + " do not fit " + buffer.limit() + " bytes");
        }
    }

    /** Copies lines of a source to those of a target, both of them checked. */
    static void copy(
            ByteBuffer source,
            int sourceOffset,
            int sourceStrideBytes,
            ByteBuffer target,
            int targetOffset,
            int targetStrideBytes,
            int lineBytes,
            int rows) {
        if (sourceStrideBytes == lineBytes && targetStrideBytes == lineBytes) {
            target.put(targetOffset, source, sourceOffset, lineBytes * rows);
            return;
        }
        for (int y = 0; y < rows; y++) {
            target.put(targetOffset + y * targetStrideBytes, source, sourceOffset + y * sourceStrideBytes, lineBytes);
        }
    }
}
