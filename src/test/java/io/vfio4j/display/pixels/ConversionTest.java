package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConversionTest {
    /** What a target holds where nothing may be written. */
    private static final byte UNTOUCHED = 0x5a;

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void everySizeStrideAndKindOfBufferGivesWhatTheReferenceGives(PixelFormat format, TestReporter reporter) {
        long seed = Long.getLong("vfio4j.seed", 4_711L);
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);
        for (int width : new int[] {1, 2, 3, 7, 31, 64, 101, 1023, 1024, 1025, 1026, 2047, 2049, 3001}) {
            for (int height : new int[] {1, 2, 5}) {
                int lineBytes = (int) format.lineBytes(width);
                int sourceStride = lineBytes + random.nextInt(2) * random.nextInt(70);
                int targetStride = width * 4 + random.nextInt(2) * random.nextInt(70);
                int offset = random.nextInt(2) * random.nextInt(50);
                byte[] source = new byte[offset + (height - 1) * sourceStride + lineBytes];
                random.nextBytes(source);
                byte[] expected = new byte[(height - 1) * targetStride + width * 4];
                Arrays.fill(expected, UNTOUCHED);
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++) {
                        int pixel = reference(format, source, offset + y * sourceStride, x);
                        for (int i = 0; i < 4; i++) {
                            expected[y * targetStride + x * 4 + i] = (byte) (pixel >>> 8 * i);
                        }
                    }
                }
                for (ByteBuffer buffer : buffers(source)) {
                    for (ByteBuffer target : buffers(new byte[expected.length])) {
                        if (target.isReadOnly()) {
                            continue;
                        }
                        fill(target);
                        Conversion.of(format)
                                .convert(buffer, offset, sourceStride, width, height, target, 0, targetStride);
                        assertArrayEquals(expected, bytes(target), () -> format + " " + width + ", seed " + seed);
                    }
                }
            }
        }
    }

    /** The definitions of drm/drm_fourcc.h, which gives the bits of a little-endian word from the highest down. */
    private static int reference(PixelFormat format, byte[] memory, int line, int x) {
        return switch (format) {
            case C8 -> argb(255, word(memory, line + x, 1), word(memory, line + x, 1), word(memory, line + x, 1));
            // [15:0] R:G:B 5:6:5
            case RGB565 -> {
                long word = word(memory, line + 2 * x, 2);
                yield argb(255, widen(bits(word, 15, 11), 5), widen(bits(word, 10, 5), 6), widen(bits(word, 4, 0), 5));
            }
            // [31:0] x:R:G:B 8:8:8:8, and A:R:G:B
            case XRGB8888, ARGB8888 -> (int) word(memory, line + 4 * x, 4);
            // [31:0] x:B:G:R 8:8:8:8
            case XBGR8888 -> {
                long word = word(memory, line + 4 * x, 4);
                yield argb(255, bits(word, 7, 0), bits(word, 15, 8), bits(word, 23, 16));
            }
            // [31:0] A:B:G:R 8:8:8:8
            case ABGR8888 -> {
                long word = word(memory, line + 4 * x, 4);
                yield argb(bits(word, 31, 24), bits(word, 7, 0), bits(word, 15, 8), bits(word, 23, 16));
            }
            // [31:0] x:R:G:B 2:10:10:10
            case XRGB2101010 -> {
                long word = word(memory, line + 4 * x, 4);
                yield argb(255, bits(word, 29, 20) / 4, bits(word, 19, 10) / 4, bits(word, 9, 0) / 4);
            }
            // [31:0] x:B:G:R 2:10:10:10
            case XBGR2101010 -> {
                long word = word(memory, line + 4 * x, 4);
                yield argb(255, bits(word, 9, 0) / 4, bits(word, 19, 10) / 4, bits(word, 29, 20) / 4);
            }
            // [31:0] Cr0:Y1:Cb0:Y0
            case YUYV -> {
                long word = word(memory, line + x / 2 * 4, 4);
                yield bt601(x % 2 == 0 ? bits(word, 7, 0) : bits(word, 23, 16), bits(word, 15, 8), bits(word, 31, 24));
            }
            // [31:0] Cb0:Y1:Cr0:Y0
            case YVYU -> {
                long word = word(memory, line + x / 2 * 4, 4);
                yield bt601(x % 2 == 0 ? bits(word, 7, 0) : bits(word, 23, 16), bits(word, 31, 24), bits(word, 15, 8));
            }
            // [31:0] Y1:Cr0:Y0:Cb0
            case UYVY -> {
                long word = word(memory, line + x / 2 * 4, 4);
                yield bt601(x % 2 == 0 ? bits(word, 15, 8) : bits(word, 31, 24), bits(word, 7, 0), bits(word, 23, 16));
            }
            // [31:0] Y1:Cb0:Y0:Cr0
            case VYUY -> {
                long word = word(memory, line + x / 2 * 4, 4);
                yield bt601(x % 2 == 0 ? bits(word, 15, 8) : bits(word, 31, 24), bits(word, 23, 16), bits(word, 7, 0));
            }
        };
    }

    private static long word(byte[] memory, int at, int bytes) {
        long word = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            word = word * 256 + Byte.toUnsignedInt(memory[at + i]);
        }
        return word;
    }

    private static long bits(long word, int high, int low) {
        return (word >>> low) % (1L << (high - low + 1));
    }

    private static long widen(long component, int bits) {
        return component << (8 - bits) | component >> (2 * bits - 8);
    }

    private static int argb(long alpha, long red, long green, long blue) {
        return (int) (alpha << 24 | red << 16 | green << 8 | blue);
    }

    /** Integer arithmetic of ITU-R BT.601, limited range, with 8 bits of fraction, rounded once. */
    private static int bt601(long y, long cb, long cr) {
        double luma = (y - 16) * 298.0;
        return argb(
                255,
                clamp(Math.floor((luma + (cr - 128) * 409.0) / 256 + 0.5)),
                clamp(Math.floor((luma - (cb - 128) * 100.0 - (cr - 128) * 208.0) / 256 + 0.5)),
                clamp(Math.floor((luma + (cb - 128) * 516.0) / 256 + 0.5)));
    }

    private static long clamp(double value) {
        return (long) Math.max(0, Math.min(255, value));
    }

    @Test
    void everyOneOfThe65536ValuesOfRgb565IsRight() {
        byte[] source = new byte[65536 * 2];
        for (int i = 0; i < 65536; i++) {
            source[2 * i] = (byte) i;
            source[2 * i + 1] = (byte) (i >> 8);
        }
        ByteBuffer target = ByteBuffer.allocate(65536 * 4).order(ByteOrder.LITTLE_ENDIAN);
        Conversion.of(PixelFormat.RGB565).convert(ByteBuffer.wrap(source), 0, 512, 256, 256, target, 0, 1024);
        for (int i = 0; i < 65536; i++) {
            assertEquals(reference(PixelFormat.RGB565, source, 0, i), target.getInt(4 * i), Integer.toHexString(i));
        }
        assertEquals(0xff000000, target.getInt(0));
        assertEquals(0xffffffff, target.getInt(4 * 65535));
        assertEquals(0xffff0000, target.getInt(4 * 0xf800));
        assertEquals(0xff00ff00, target.getInt(4 * 0x07e0));
        assertEquals(0xff0000ff, target.getInt(4 * 0x001f));
    }

    @Test
    void theCornersOfYuvAreRightAndNoFurtherThanTwoFromTheRealNumbers() {
        int[] corners = {0, 1, 15, 16, 17, 81, 127, 128, 129, 234, 235, 236, 239, 240, 241, 254, 255};
        Conversion conversion = Conversion.of(PixelFormat.YUYV);
        ByteBuffer target = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        for (int y0 : corners) {
            for (int y1 : corners) {
                for (int cb : corners) {
                    for (int cr : corners) {
                        byte[] pair = {(byte) y0, (byte) cb, (byte) y1, (byte) cr};
                        conversion.convert(ByteBuffer.wrap(pair), 0, 4, 2, 1, target, 0, 8);
                        assertEquals(bt601(y0, cb, cr), target.getInt(0));
                        assertEquals(bt601(y1, cb, cr), target.getInt(4));
                        assertNear(y0, cb, cr, target.getInt(0));
                    }
                }
            }
        }
    }

    /** ITU-R BT.601 with its real coefficients. */
    private static void assertNear(int y, int cb, int cr, int pixel) {
        double luma = (y - 16) * 255.0 / 219;
        double red = luma + 1.402 * (cr - 128) * 255.0 / 224;
        double green = luma - (0.114 * 1.772 * (cb - 128) + 0.299 * 1.402 * (cr - 128)) / 0.587 * 255.0 / 224;
        double blue = luma + 1.772 * (cb - 128) * 255.0 / 224;
        assertEquals(Math.max(0, Math.min(255, red)), pixel >> 16 & 0xff, 2, "red of " + y + " " + cb + " " + cr);
        assertEquals(Math.max(0, Math.min(255, green)), pixel >> 8 & 0xff, 2, "green of " + y + " " + cb + " " + cr);
        assertEquals(Math.max(0, Math.min(255, blue)), pixel & 0xff, 2, "blue of " + y + " " + cb + " " + cr);
    }

    /** The colour bars of ITU-R BT.601 at 100 %: white, yellow, cyan, green, magenta, red, blue, black. */
    @Test
    void theColourBarsHaveTheirColours() {
        int[][] bars = {
            {235, 128, 128, 0xffffff},
            {210, 16, 146, 0xffff00},
            {170, 166, 16, 0x00ffff},
            {145, 54, 34, 0x00ff00},
            {106, 202, 222, 0xff00ff},
            {81, 90, 240, 0xff0000},
            {41, 240, 110, 0x0000ff},
            {16, 128, 128, 0x000000},
        };
        for (int[] bar : bars) {
            ByteBuffer target = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            byte[] pair = {(byte) bar[1], (byte) bar[0], (byte) bar[2], (byte) bar[0]};
            Conversion.of(PixelFormat.UYVY).convert(ByteBuffer.wrap(pair), 0, 4, 2, 1, target, 0, 8);
            for (int shift = 0; shift < 24; shift += 8) {
                assertEquals(bar[3] >> shift & 0xff, target.getInt(4) >> shift & 0xff, 2);
            }
        }
    }

    @Test
    void aPaletteGivesTheColoursOfC8() {
        int[] palette = new int[256];
        for (int i = 0; i < 256; i++) {
            palette[i] = i * 0x010305;
        }
        ByteBuffer target = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        byte[] source = new byte[256];
        for (int i = 0; i < 256; i++) {
            source[i] = (byte) i;
        }
        Conversion.of(palette).convert(ByteBuffer.wrap(source), 0, 256, 256, 1, target, 0, 1024);
        for (int i = 0; i < 256; i++) {
            assertEquals(0xff000000 | palette[i], target.getInt(4 * i));
        }
        assertThrows(IllegalArgumentException.class, () -> Conversion.of(new int[255]));
    }

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void positionsLimitsAndOrdersOfTheCallersBuffersStay(PixelFormat format) {
        ByteBuffer source = ByteBuffer.allocateDirect(64).position(5).limit(48).order(ByteOrder.BIG_ENDIAN);
        ByteBuffer target = ByteBuffer.allocate(64).position(7).limit(60).order(ByteOrder.BIG_ENDIAN);
        Conversion.of(format).convert(source, 1, 16, 3, 2, target, 0, 24);
        assertEquals(5, source.position());
        assertEquals(48, source.limit());
        assertEquals(ByteOrder.BIG_ENDIAN, source.order());
        assertEquals(7, target.position());
        assertEquals(60, target.limit());
        assertEquals(ByteOrder.BIG_ENDIAN, target.order());
    }

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void whatDoesNotFitIsRefusedAndNothingIsWritten(PixelFormat format) {
        ByteBuffer source = ByteBuffer.allocate(1000);
        ByteBuffer target = ByteBuffer.allocate(1000);
        fill(target);
        int line = (int) format.lineBytes(5);
        assertRefused(format, source, -1, line, 5, 3, target, 20, "source");
        assertRefused(format, source, 0, line - 1, 5, 3, target, 20, "source");
        assertRefused(format, source, 1001 - 3 * line, line, 5, 3, target, 20, "source");
        assertRefused(format, source, Integer.MAX_VALUE, line, 5, 3, target, 20, "source");
        assertRefused(format, source.duplicate().limit(3 * line - 1), 0, line, 5, 3, target, 20, "source");
        assertRefused(format, source, 0, -1, 5, 3, target, 20, "4294967295");
        assertRefused(format, source, 0, Integer.MIN_VALUE, 5, 3, target, 20, "2147483648");
        assertRefused(format, source, 0, line, 5, 3, target, 19, "target");
        assertRefused(format, source, 0, line, 5, 3, target, 491, "target");
        assertRefused(format, source, 0, line, 5, 3, target, -4, "4294967292");
        assertRefused(format, source, 0, line, 0, 3, target, 20, "source");
        assertRefused(format, source, 0, line, 5, 0, target, 20, "source");
        assertRefused(format, source, 0, line, 5, -3, target, 20, "source");
        assertRefused(format, source, 0, line, -5, 3, target, 20, "-5");
        assertRefused(format, source, 0, line, Integer.MAX_VALUE, Integer.MAX_VALUE, target, 20, "source");
        byte[] untouched = new byte[1000];
        Arrays.fill(untouched, UNTOUCHED);
        assertArrayEquals(untouched, target.array());
        // The same, fitting to the last byte; the stride of a single line is never gone.
        Conversion.of(format).convert(source, 1000 - 3 * line, line, 5, 3, target, 0, 490);
        Conversion.of(format).convert(source, 1000 - line, -1, 5, 1, target, 0, -1);
    }

    private static void assertRefused(
            PixelFormat format,
            ByteBuffer source,
            int offset,
            int stride,
            int width,
            int height,
            ByteBuffer target,
            int targetStride,
            String named) {
        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class,
                () -> Conversion.of(format).convert(source, offset, stride, width, height, target, 0, targetStride));
        assertTrue(refusal.getMessage().contains(named), refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aConversionAllocatesNothing(boolean direct) {
        ByteBuffer source = direct ? ByteBuffer.allocateDirect(64 * 64 * 4) : ByteBuffer.allocate(64 * 64 * 4);
        ByteBuffer target = ByteBuffer.allocateDirect(64 * 64 * 4);
        for (PixelFormat format : PixelFormat.values()) {
            Conversion conversion = Conversion.of(format);
            Allocation.assertNone(() -> conversion.convert(source, 0, 64 * 4, 64, 64, target, 0, 64 * 4));
        }
    }

    private static ByteBuffer[] buffers(byte[] bytes) {
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(0, bytes);
        ByteBuffer within =
                ByteBuffer.allocate(bytes.length + 11).put(11, bytes).slice(11, bytes.length);
        return new ByteBuffer[] {
            ByteBuffer.wrap(bytes.clone()), within, direct, direct.asReadOnlyBuffer(), within.asReadOnlyBuffer()
        };
    }

    private static void fill(ByteBuffer target) {
        for (int i = 0; i < target.capacity(); i++) {
            target.put(i, UNTOUCHED);
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.get(0, bytes);
        return bytes;
    }
}
