package io.vfio4j.display.pixels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Draws a picture with alpha, such as a cursor, over another one. */
final class Composition {
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int OPAQUE = 0xff000000;

    private Composition() {}

    /**
     * Draws ARGB8888 with premultiplied alpha over XRGB8888. Each component becomes {@code min(255, s + round(d * (255 - a) / 255))};
     * the X byte of a pixel that is drawn on becomes 0xff. What is outside of the target is cut off. Indices are absolute; positions and
     * byte orders of the buffers do not matter and do not change. Allocates nothing; safe for any thread.
     *
     * @param image what is drawn, from index 0
     * @param imageStrideBytes from one line to the next, unsigned
     * @param imageWidth in pixels
     * @param imageHeight in pixels
     * @param x where the image's left edge is on the target, which may be outside
     * @param y where its upper edge is
     * @param target is drawn on, from index 0
     * @param targetStrideBytes from one line to the next, unsigned
     * @param targetWidth in pixels
     * @param targetHeight in pixels
     * @throws IllegalArgumentException if one of the pictures does not fit its buffer up to its limit; nothing has been written then
     */
    static void over(
            ByteBuffer image,
            int imageStrideBytes,
            int imageWidth,
            int imageHeight,
            int x,
            int y,
            ByteBuffer target,
            int targetStrideBytes,
            int targetWidth,
            int targetHeight) {
        Lines.check("image", image, 0, imageStrideBytes, imageWidth * 4L, imageHeight);
        Lines.check("target", target, 0, targetStrideBytes, targetWidth * 4L, targetHeight);
        int left = Math.max(0, x);
        int top = Math.max(0, y);
        int right = (int) Math.min(targetWidth, (long) x + imageWidth);
        int bottom = (int) Math.min(targetHeight, (long) y + imageHeight);
        if (right <= left) {
            return;
        }
        for (int line = top; line < bottom; line++) {
            int from = (line - y) * imageStrideBytes + (left - x) * Integer.BYTES;
            int to = line * targetStrideBytes + left * Integer.BYTES;
            over(image, from, target, to, (right - left) * Integer.BYTES);
        }
    }

    private static void over(ByteBuffer image, int from, ByteBuffer target, int to, int bytes) {
        for (int i = 0; i < bytes; i += Integer.BYTES) {
            int source = (int) INT.get(image, from + i);
            if (source >>> 24 == 255) {
                INT.set(target, to + i, source);
            } else if (source != 0) {
                INT.set(target, to + i, over(source, (int) INT.get(target, to + i)));
            }
        }
    }

    private static int over(int source, int destination) {
        int left = 255 - (source >>> 24);
        return OPAQUE
                | component(source >> 16 & 0xff, destination >> 16 & 0xff, left) << 16
                | component(source >> 8 & 0xff, destination >> 8 & 0xff, left) << 8
                | component(source & 0xff, destination & 0xff, left);
    }

    private static int component(int source, int destination, int left) {
        // For what is at most 255 * 255 + 127 this is the division by 255.
        int rest = (destination * left + 127) * 0x8081 >>> 23;
        return Math.min(255, source + rest);
    }
}
