package io.vfio4j.display.pixels;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Turns the pixels of a linear buffer into XRGB8888, or ARGB8888 where the source has alpha. An instance holds a little scratch memory,
 * allocated once: it serves one thread at a time, and a conversion allocates nothing.
 *
 * <p>What becomes of a pixel:
 *
 * <ul>
 *   <li>XRGB8888 and ARGB8888 are copied as they are, the X byte included. Everywhere else a missing alpha becomes 0xff.
 *   <li>ABGR8888 keeps its alpha.
 *   <li>RGB565: the upper bits are repeated below, {@code r << 3 | r >> 2} and {@code g << 2 | g >> 4}.
 *   <li>10 bits: the lower two are dropped.
 *   <li>C8: looked up in the palette; without one, 0 is black, 255 white, and shades of grey between.
 *   <li>YUV: BT.601, limited range, with {@code y = 298 * (Y - 16) + 128}: {@code R = (y + 409 * (Cr - 128)) >> 8}, {@code G = (y -
 *       100 * (Cb - 128) - 208 * (Cr - 128)) >> 8}, {@code B = (y + 516 * (Cb - 128)) >> 8}, each clamped to 0 to 255. Both pixels of
 *       a pair have the pair's Cb and Cr. Of an odd width the last pair gives its first pixel only.
 * </ul>
 *
 * <p>The source is read in bulk into an array, because it may be mapped memory whose device goes away: HotSpot survives the fault in its
 * copy routine. The loops run over arrays, where C2 finds the vectors.
 */
final class Conversion {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int OPAQUE = 0xff000000;
    /** Pixels at a time, a multiple of four: source and result of that many stay in the first cache. */
    private static final int CHUNK = 1024;

    private final PixelFormat format;
    /** Of C8; without colours for shades of grey. */
    private final int[] palette;

    private final byte[] from;
    private final ByteBuffer fromView;
    /** What is being converted; the other one is null. */
    private @Nullable ByteBuffer own;

    private @Nullable Mapping mapped;
    private final Fetch<RuntimeException> fetchOwn =
            (at, bytes) -> Objects.requireNonNull(own).get(at, array(), 0, bytes);
    private final Fetch<LinuxException> fetchMapped =
            (at, bytes) -> Objects.requireNonNull(mapped).copyTo(at, view(), 0, bytes);
    private final byte[] to = new byte[CHUNK * Integer.BYTES];

    private Conversion(PixelFormat format, int[] palette) {
        this.format = format;
        this.palette = palette;
        this.from = new byte[CHUNK * format.bytesPerPixel()];
        this.fromView = ByteBuffer.wrap(from);
    }

    /** Brings the next bytes of a line into {@link #from}. */
    private interface Fetch<E extends Exception> {
        void bytes(int at, int count) throws E;
    }

    private byte[] array() {
        return from;
    }

    private ByteBuffer view() {
        return fromView;
    }

    /**
     * Prepares for a format.
     *
     * @param format what the source has
     */
    static Conversion of(PixelFormat format) {
        return new Conversion(format, new int[0]);
    }

    /**
     * Prepares for {@link PixelFormat#C8}.
     *
     * @param palette 256 colours, XRGB8888
     */
    static Conversion of(int[] palette) {
        if (palette.length != 256) {
            throw new IllegalArgumentException("a palette of " + palette.length + " colours, where C8 has 256");
        }
        int[] opaque = new int[palette.length];
        for (int i = 0; i < opaque.length; i++) {
            opaque[i] = OPAQUE | palette[i];
        }
        return new Conversion(PixelFormat.C8, opaque);
    }

    /**
     * Converts a picture. Reads {@code lineBytes(width)} bytes of each line of the source, writes {@code 4 * width} bytes of each
     * line of the target. Indices are absolute; the buffers' positions and byte orders do not matter and do not change.
     *
     * @param source the pixels, mapped, direct or on the heap, read-only or not
     * @param sourceOffset where the first line starts, in bytes
     * @param sourceStrideBytes from one line to the next, unsigned
     * @param width in pixels, at least 1
     * @param height in pixels, at least 1
     * @param target gets the result
     * @param targetOffset where its first line starts, in bytes
     * @param targetStrideBytes from one line to the next, unsigned
     * @throws IllegalArgumentException if a line does not fit its stride, or the picture a buffer up to its limit; nothing has been
     *     written then
     */
    void convert(
            ByteBuffer source,
            int sourceOffset,
            int sourceStrideBytes,
            int width,
            int height,
            ByteBuffer target,
            int targetOffset,
            int targetStrideBytes) {
        long sourceLine = format.lineBytes(width);
        Lines.check("source", source, sourceOffset, sourceStrideBytes, sourceLine, height);
        Lines.check("target", target, targetOffset, targetStrideBytes, width * 4L, height);
        if (format == PixelFormat.XRGB8888 || format == PixelFormat.ARGB8888) {
            Lines.copy(
                    source,
                    sourceOffset,
                    sourceStrideBytes,
                    target,
                    targetOffset,
                    targetStrideBytes,
                    (int) sourceLine,
                    height);
            return;
        }
        own = source;
        try {
            convertLines(
                    fetchOwn, sourceOffset, sourceStrideBytes, width, height, target, targetOffset, targetStrideBytes);
        } finally {
            own = null;
        }
    }

    /**
     * Converts a picture out of mapped memory, which may go away meanwhile. Formats that are only copied are none of this.
     *
     * @param source the pixels, from its beginning on, all of them within it
     * @throws LinuxException EFAULT when the memory is gone
     */
    void convert(Mapping source, int sourceStrideBytes, int width, int height, ByteBuffer target, int targetStrideBytes)
            throws LinuxException {
        Lines.check("target", target, 0, targetStrideBytes, width * 4L, height);
        mapped = source;
        try {
            convertLines(fetchMapped, 0, sourceStrideBytes, width, height, target, 0, targetStrideBytes);
        } finally {
            mapped = null;
        }
    }

    private <E extends Exception> void convertLines(
            Fetch<E> source,
            int sourceOffset,
            int sourceStrideBytes,
            int width,
            int height,
            ByteBuffer target,
            int targetOffset,
            int targetStrideBytes)
            throws E {
        for (int y = 0; y < height; y++) {
            int read = sourceOffset + y * sourceStrideBytes;
            int write = targetOffset + y * targetStrideBytes;
            for (int x = 0; x < width; x += CHUNK) {
                int pixels = Math.min(CHUNK, width - x);
                int bytes = (int) format.lineBytes(pixels);
                source.bytes(read, bytes);
                convert(bytes, pixels);
                target.put(write, to, 0, pixels * Integer.BYTES);
                read += bytes;
                write += pixels * Integer.BYTES;
            }
        }
    }

    private void convert(int bytes, int pixels) {
        switch (format) {
            case C8 -> {
                if (palette.length == 0) {
                    fromGreys(from, to, pixels);
                } else {
                    fromC8(from, palette, to, pixels);
                }
            }
            case RGB565 -> fromRgb565(from, to, pixels);
            case XBGR8888 -> fromXbgr8888(from, to, bytes);
            case ABGR8888 -> fromAbgr8888(from, to, bytes);
            case XRGB2101010 -> fromXrgb2101010(from, to, bytes);
            case XBGR2101010 -> fromXbgr2101010(from, to, bytes);
            case YUYV -> fromYuv(from, 0, 1, 2, 3, to, bytes);
            case UYVY -> fromYuv(from, 1, 0, 3, 2, to, bytes);
            case YVYU -> fromYuv(from, 0, 3, 2, 1, to, bytes);
            case VYUY -> fromYuv(from, 1, 2, 3, 0, to, bytes);
            case XRGB8888, ARGB8888 -> throw new AssertionError(format);
        }
    }

    private static void fromC8(byte[] from, int[] palette, byte[] to, int pixels) {
        for (int i = 0; i < pixels; i++) {
            INT.set(to, 4 * i, palette[from[i] & 0xff]);
        }
    }

    /** Where the last four pixels are not all there, what is behind them is scratch memory on both sides. */
    private static void fromGreys(byte[] from, byte[] to, int pixels) {
        for (int i = 0; i < pixels; i += 4) {
            int four = (int) INT.get(from, i);
            LONG.set(to, 4 * i, Greys.FIRST[four & 0xff] | Greys.SECOND[four >>> 8 & 0xff]);
            LONG.set(to, 4 * i + 8, Greys.FIRST[four >>> 16 & 0xff] | Greys.SECOND[four >>> 24]);
        }
    }

    private static void fromRgb565(byte[] from, byte[] to, int pixels) {
        for (int i = 0; i < pixels; i++) {
            INT.set(to, 4 * i, Rgb565.LOW[from[2 * i] & 0xff] | Rgb565.HIGH[from[2 * i + 1] & 0xff]);
        }
    }

    private static void fromXbgr8888(byte[] from, byte[] to, int bytes) {
        for (int i = 0; i < bytes; i += 4) {
            int pixel = (int) INT.get(from, i);
            INT.set(to, i, OPAQUE | (pixel & 0xff) << 16 | pixel & 0xff00 | pixel >>> 16 & 0xff);
        }
    }

    private static void fromAbgr8888(byte[] from, byte[] to, int bytes) {
        for (int i = 0; i < bytes; i += 4) {
            int pixel = (int) INT.get(from, i);
            INT.set(to, i, pixel & 0xff00ff00 | (pixel & 0xff) << 16 | pixel >>> 16 & 0xff);
        }
    }

    private static void fromXrgb2101010(byte[] from, byte[] to, int bytes) {
        for (int i = 0; i < bytes; i += 4) {
            int pixel = (int) INT.get(from, i);
            INT.set(to, i, OPAQUE | pixel >>> 6 & 0xff0000 | pixel >>> 4 & 0xff00 | pixel >>> 2 & 0xff);
        }
    }

    private static void fromXbgr2101010(byte[] from, byte[] to, int bytes) {
        for (int i = 0; i < bytes; i += 4) {
            int pixel = (int) INT.get(from, i);
            INT.set(to, i, OPAQUE | (pixel >>> 2 & 0xff) << 16 | pixel >>> 4 & 0xff00 | pixel >>> 22 & 0xff);
        }
    }

    /** Of an odd width the second pixel of the last pair is written behind the picture, into scratch memory only. */
    private static void fromYuv(byte[] from, int y0, int cb, int y1, int cr, byte[] to, int bytes) {
        for (int i = 0; i < bytes; i += 4) {
            int u = from[i + cb] & 0xff;
            int v = from[i + cr] & 0xff;
            int red = Yuv.CR_TO_RED[v];
            int green = Yuv.CB_TO_GREEN[u] + Yuv.CR_TO_GREEN[v];
            int blue = Yuv.CB_TO_BLUE[u];
            int first = Yuv.LUMA[from[i + y0] & 0xff];
            int second = Yuv.LUMA[from[i + y1] & 0xff];
            INT.set(to, 2 * i, Yuv.pixel(first + red, first + green, first + blue));
            INT.set(to, 2 * i + 4, Yuv.pixel(second + red, second + green, second + blue));
        }
    }

    /** Shades of grey, as the first and the second one of a pair of pixels. In constants, whose length the compiler knows. */
    private static final class Greys {
        static final long[] FIRST = new long[256];
        static final long[] SECOND = new long[256];

        static {
            for (int i = 0; i < 256; i++) {
                FIRST[i] = Integer.toUnsignedLong(OPAQUE | i * 0x010101);
                SECOND[i] = FIRST[i] << 32;
            }
        }
    }

    /** What each byte of a pixel contributes; the six bits of green are split between them. */
    private static final class Rgb565 {
        static final int[] LOW = new int[256];
        static final int[] HIGH = new int[256];

        static {
            for (int i = 0; i < 256; i++) {
                int blue = i & 0x1f;
                int greenLow = i >> 5;
                LOW[i] = greenLow << 10 | blue << 3 | blue >> 2;
                int greenHigh = i & 7;
                int red = i >> 3;
                HIGH[i] = OPAQUE | (red << 3 | red >> 2) << 16 | (greenHigh << 5 | greenHigh >> 1) << 8;
            }
        }
    }

    /** The products of the formula, and its clamp: sums of products, shifted, are between -277 and 534. */
    private static final class Yuv {
        private static final int BIAS = 320;
        static final int[] LUMA = new int[256];
        static final int[] CR_TO_RED = new int[256];
        static final int[] CB_TO_GREEN = new int[256];
        static final int[] CR_TO_GREEN = new int[256];
        static final int[] CB_TO_BLUE = new int[256];
        private static final int[] RED = new int[1024];
        private static final int[] GREEN = new int[1024];
        private static final int[] BLUE = new int[1024];

        static {
            for (int i = 0; i < 256; i++) {
                LUMA[i] = 298 * (i - 16) + 128 + (BIAS << 8);
                CR_TO_RED[i] = 409 * (i - 128);
                CB_TO_GREEN[i] = -100 * (i - 128);
                CR_TO_GREEN[i] = -208 * (i - 128);
                CB_TO_BLUE[i] = 516 * (i - 128);
            }
            for (int i = 0; i < 1024; i++) {
                int clamped = Math.max(0, Math.min(255, i - BIAS));
                RED[i] = OPAQUE | clamped << 16;
                GREEN[i] = clamped << 8;
                BLUE[i] = clamped;
            }
        }

        static int pixel(int red, int green, int blue) {
            return RED[red >> 8] | GREEN[green >> 8] | BLUE[blue >> 8];
        }
    }
}
