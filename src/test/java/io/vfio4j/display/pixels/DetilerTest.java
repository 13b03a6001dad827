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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DetilerTest {
    private static final byte UNTOUCHED = 0x5a;

    /**
     * X: PRM Haswell and Broadwell, volume 5, "Tiling Algorithm". A tile is 8 lines of 512 bytes, one behind the other; tiles follow from left
     * to right, then from top to bottom. By hand: tile row * 8 * stride + tile column * 4096 + line in the tile * 512 + byte in the line.
     */
    @ParameterizedTest
    @CsvSource({
        "   0,  0, 1024,     0", // the first byte
        " 511,  0, 1024,   511", // the end of the tile's first line
        " 512,  0, 1024,  4096", // the tile to the right: 1 * 4096
        "   0,  1, 1024,   512", // the next line of the same tile: 1 * 512
        " 100,  7, 1024,  3684", // 7 * 512 + 100 = 3584 + 100
        "   0,  8, 1024,  8192", // the tile below: 8 * 1024, past the 2 tiles of the first row
        " 700, 13, 1024, 15036", // tile 1,1: 8192 + 4096; line 13 - 8 = 5: 2560; byte 700 - 512 = 188
        "1023, 15, 1024, 16383", // the last byte of the fourth tile
        "2100, 21, 2560, 59956", // tile 4,2 of 5 in a row: 2 * 8 * 2560 = 40960, 4 * 4096 = 16384; 5 * 512 = 2560; 2100
        // - 2048 = 52
    })
    void aByteOfXIsWhereTheManualPutsIt(int x, int y, int stride, long offset) {
        for (PixelFormat format : PixelFormat.values()) {
            assertEquals(offset, Detiler.of(Tiling.X, Swizzle.NONE, format).offset(x, y, stride));
        }
    }

    /**
     * Y: PRM Haswell and Broadwell, volume 5, "Tiling Algorithm". A tile is 8 columns of 16 bytes by 32 lines; a column is 512 bytes. By hand:
     * tile row * 32 * stride + tile column * 4096 + column in the tile * 512 + line in the tile * 16 + byte in the column.
     */
    @ParameterizedTest
    @CsvSource({
        "  0,  0, 256,     0", // the first byte
        " 15,  0, 256,    15", // the end of the first column's first line
        " 16,  0, 256,   512", // the second column: 1 * 512
        "  0,  1, 256,    16", // the second line of the first column: 1 * 16
        " 17,  3, 256,   561", // column 1: 512; line 3: 48; byte 1
        "127, 31, 256,  4095", // column 7: 3584; line 31: 496; byte 15
        "128,  0, 256,  4096", // the tile to the right
        "  0, 32, 256,  8192", // the tile below: 32 * 256
        "200, 45, 256, 14552", // tile 1,1: 8192 + 4096; byte 72 of the tile: column 4: 2048, byte 8; line 13: 208
        "255, 63, 256, 16383", // the last byte of the fourth tile
    })
    void aByteOfYIsWhereTheManualPutsIt(int x, int y, int stride, long offset) {
        for (PixelFormat format : PixelFormat.values()) {
            assertEquals(offset, Detiler.of(Tiling.Y, Swizzle.NONE, format).offset(x, y, stride));
        }
    }

    /**
     * Yf with 16 and 32 bits per pixel: PRM Skylake, volume 5, "2D/CUBE Alignment Requirements" (64x32 pixels of 16 bits, 32x32 of 32: both
     * 128 bytes by 32 lines), and drm_fourcc.h, I915_FORMAT_MOD_Yf_TILED: blocks of 4 lines of 16 bytes; 2x2 of them, column-major,
     * are a unit of 256 bytes, 32 bytes by 8 lines; 2x2 units, column-major, a group; 2x2 groups, column-major, the tile. So the bits
     * of the address are, from bit 4: y0 y1 (line of the block) y2 x4 (block of the unit) y3 x5 (unit) y4 x6 (group).
     */
    @ParameterizedTest
    @CsvSource({
        "  0,  0, 256,     0", // the first byte
        "  0,  3, 256,    48", // the last line of the first block: 3 * 16
        "  0,  4, 256,    64", // y2: the block below
        " 16,  0, 256,   128", // x4: the block to the right comes after the two on the left
        "  0,  8, 256,   256", // y3: the unit below
        " 32,  0, 256,   512", // x5: the unit to the right
        "  0, 16, 256,  1024", // y4: the group below
        " 64,  0, 256,  2048", // x6: the group to the right
        "127, 31, 256,  4095", // all ones
        "128,  0, 256,  4096", // the tile to the right
        "  0, 32, 256,  8192", // the tile below: 32 * 256
        " 52, 13, 256,   980", // x 0110100: x5 512, x4 128, byte 4; y 01101: y3 256, y2 64, line 1: 16
        "201, 54, 256, 15465", // tile 1,1: 12288; x 1001001: x6 2048, byte 9; y 10110: y4 1024, y2 64, line 2: 32
    })
    void aByteOfYfWith16Or32BitsPerPixelIsWhereTheManualPutsIt(int x, int y, int stride, long offset) {
        for (PixelFormat format : PixelFormat.values()) {
            if (format != PixelFormat.C8) {
                assertEquals(offset, Detiler.of(Tiling.YF, Swizzle.NONE, format).offset(x, y, stride));
            }
        }
    }

    /**
     * Yf with 8 bits per pixel: PRM Skylake, volume 5, "2D/CUBE Alignment Requirements" (64x64 pixels: 64 bytes by 64 lines), and
     * drm_fourcc.h. A unit of 256 bytes is a square of 16x16 pixels: 4 blocks of 16 bytes by 4 lines, one below the other. So the bits
     * of the address are, from bit 4: y0 y1 (line of the block) y2 y3 (block of the unit) y4 x4 (unit) y5 x5 (group).
     */
    @ParameterizedTest
    @CsvSource({
        "  0,  0, 128,     0", // the first byte
        "  0,  4, 128,    64", // y2: the block below
        "  0,  8, 128,   128", // y3: and the one below that, where 16 and 32 bits have the block to the right
        " 15, 15, 128,   255", // the end of the unit: 15 * 16 + 15
        "  0, 16, 128,   256", // y4: the unit below
        " 16,  0, 128,   512", // x4: the unit to the right
        "  0, 32, 128,  1024", // y5: the group below
        " 32,  0, 128,  2048", // x5: the group to the right
        " 63, 63, 128,  4095", // all ones
        " 64,  0, 128,  4096", // the tile to the right
        "  0, 64, 128,  8192", // the tile below: 64 * 128
        "100, 77, 128, 14548", // tile 1,1: 12288; x 100100: x5 2048, byte 4; y 001101: line 13 of the unit: 208
    })
    void aByteOfYfWith8BitsPerPixelIsWhereTheManualPutsIt(int x, int y, int stride, long offset) {
        assertEquals(offset, Detiler.of(Tiling.YF, Swizzle.NONE, PixelFormat.C8).offset(x, y, stride));
    }

    /**
     * PRM Haswell, volume 5, "Address Swizzling for Tiled-Y Surfaces" and the one for X: bit 6 is inverted by each of the named bits that is set. By
     * hand, from the offset without a swizzle.
     */
    @ParameterizedTest
    @CsvSource({
        "X, BIT9,        0, 1,  576", //  512 = bit 9: + 64
        "X, BIT9,       64, 1,  512", //  576 = bit 9, bit 6: - 64
        "X, BIT9,        0, 2, 1024", // 1024 = bit 10: as it is
        "X, BIT9_10,     0, 1,  576", //  512 = bit 9: + 64
        "X, BIT9_10,     0, 2, 1088", // 1024 = bit 10: + 64
        "X, BIT9_10,     0, 3, 1536", // 1536 = bits 9, 10: inverted twice
        "X, BIT9_10,   100, 4, 2148", // 2048 + 100, bit 11: as it is
        "X, BIT9_11,     0, 4, 2112", // 2048 = bit 11: + 64
        "X, BIT9_11,     0, 5, 2560", // 2560 = bits 9, 11: inverted twice
        "X, BIT9_11,     0, 2, 1024", // 1024 = bit 10: as it is
        "X, BIT9_10_11,  0, 7, 3648", // 3584 = bits 9, 10, 11: inverted three times: + 64
        "X, BIT9_10_11,  0, 6, 3072", // 3072 = bits 10, 11: inverted twice
        "Y, BIT9,       16, 0,  576", //  512 = bit 9: + 64
        "Y, BIT9,       16, 4,  512", //  512 + 4 * 16 = bits 9, 6: - 64
        "Y, BIT9,       32, 0, 1024", // 1024 = bit 10: as it is
        "Y, BIT9_11,    64, 0, 2112", // 2048 = bit 11: + 64
        "Y, BIT9_11,    80, 0, 2560", // 2560 = bits 9, 11: inverted twice
    })
    void aSwizzleInvertsBit6ByTheBitsInItsName(Tiling tiling, Swizzle swizzle, int x, int y, long offset) {
        assertEquals(offset, Detiler.of(tiling, swizzle, PixelFormat.XRGB8888).offset(x, y, 4096));
    }

    @Test
    void aLinearBufferHasLineAfterLine() {
        assertEquals(
                3 * 1001 + 7,
                Detiler.of(Tiling.LINEAR, Swizzle.BIT9, PixelFormat.C8).offset(7, 3, 1001));
    }

    @Test
    void offsetsBeyond4GigabytesAreRight() {
        // 2^31 - 1 lines of 2^31 bytes: tile row 268435455, line 7 of its tile
        Detiler detiler = Detiler.of(Tiling.X, Swizzle.NONE, PixelFormat.C8);
        assertEquals(
                268_435_455L * 8 * (1L << 31) + 7 * 512 + 1, detiler.offset(1, Integer.MAX_VALUE, Integer.MIN_VALUE));
    }

    @ParameterizedTest
    @EnumSource(Tiling.class)
    void whatAnIndependentTilerMadeComesBackAtOddSizes(Tiling tiling, TestReporter reporter) {
        long seed = Long.getLong("vfio4j.seed", 4_711L);
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);
        for (PixelFormat format :
                new PixelFormat[] {PixelFormat.C8, PixelFormat.RGB565, PixelFormat.YUYV, PixelFormat.XRGB8888}) {
            for (Swizzle swizzle : tiling == Tiling.LINEAR ? new Swizzle[] {Swizzle.NONE} : Swizzle.values()) {
                for (int round = 0; round < 12; round++) {
                    int width = 1 + random.nextInt(300);
                    int height = 1 + random.nextInt(100);
                    int tileWidth = tiling.tileWidthBytes(format.bytesPerPixel());
                    int tileRows = tiling.tileRows(format.bytesPerPixel());
                    int lineBytes = (int) format.lineBytes(width);
                    int stride = ((lineBytes + tileWidth - 1) / tileWidth + random.nextInt(2)) * tileWidth;
                    int paddedRows = (height + tileRows - 1) / tileRows * tileRows;
                    int linearStride = lineBytes + random.nextInt(40);
                    int offset = random.nextInt(2) * random.nextInt(100);
                    byte[] picture = new byte[stride * paddedRows];
                    random.nextBytes(picture);
                    byte[] tiled = new byte[offset + picture.length];
                    tile(tiling, swizzle, format.bytesPerPixel(), picture, stride, paddedRows, tiled, offset);
                    byte[] expected = new byte[linearStride * (height - 1) + lineBytes];
                    Arrays.fill(expected, UNTOUCHED);
                    for (int y = 0; y < height; y++) {
                        System.arraycopy(picture, y * stride, expected, y * linearStride, lineBytes);
                    }
                    Detiler detiler = Detiler.of(tiling, swizzle, format);
                    for (ByteBuffer source : sources(tiled)) {
                        ByteBuffer linear = round % 2 == 0
                                ? ByteBuffer.allocate(expected.length)
                                : ByteBuffer.allocateDirect(expected.length);
                        for (int i = 0; i < expected.length; i++) {
                            linear.put(i, UNTOUCHED);
                        }
                        source.position(3).order(ByteOrder.BIG_ENDIAN);
                        detiler.detile(source, offset, stride, width, height, linear, 0, linearStride);
                        byte[] got = new byte[expected.length];
                        linear.get(0, got);
                        assertArrayEquals(
                                expected,
                                got,
                                detiler + " " + width + "x" + height + " stride " + stride + " seed " + seed);
                        assertEquals(3, source.position());
                        assertEquals(0, linear.position());
                    }
                }
            }
        }
    }

    private static ByteBuffer[] sources(byte[] bytes) {
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(0, bytes);
        return new ByteBuffer[] {ByteBuffer.wrap(bytes.clone()), direct, direct.asReadOnlyBuffer()};
    }

    /**
     * Writes the tiled bytes in their own order, part by part as the descriptions nest them, and fetches each from the picture: nothing
     * here computes an address from a position.
     */
    private static void tile(
            Tiling tiling,
            Swizzle swizzle,
            int bytesPerPixel,
            byte[] picture,
            int stride,
            int rows,
            byte[] tiled,
            int offset) {
        if (tiling == Tiling.LINEAR) {
            System.arraycopy(picture, 0, tiled, offset, picture.length);
            return;
        }
        byte[] plain = new byte[picture.length];
        Writer writer = new Writer(picture, stride, plain);
        int tileWidth = tiling.tileWidthBytes(bytesPerPixel);
        int tileRows = tiling.tileRows(bytesPerPixel);
        for (int top = 0; top < rows; top += tileRows) {
            for (int left = 0; left < stride; left += tileWidth) {
                switch (tiling) {
                    case X -> writer.lines(left, top, 512, 8);
                    case Y -> {
                        for (int column = 0; column < 8; column++) {
                            writer.lines(left + column * 16, top, 16, 32);
                        }
                    }
                    case YF -> {
                        int unitWidth = bytesPerPixel == 1 ? 16 : 32;
                        int unitRows = bytesPerPixel == 1 ? 16 : 8;
                        for (int groupX = 0; groupX < 2; groupX++) {
                            for (int groupY = 0; groupY < 2; groupY++) {
                                for (int unitX = 0; unitX < 2; unitX++) {
                                    for (int unitY = 0; unitY < 2; unitY++) {
                                        int x = left + (groupX * 2 + unitX) * unitWidth;
                                        int y = top + (groupY * 2 + unitY) * unitRows;
                                        for (int column = 0; column < unitWidth; column += 16) {
                                            writer.lines(x + column, y, 16, unitRows);
                                        }
                                    }
                                }
                            }
                        }
                    }
                    case LINEAR -> throw new AssertionError();
                }
            }
        }
        for (int i = 0; i < plain.length; i++) {
            boolean invert = switch (swizzle) {
                case NONE -> false;
                case BIT9 -> i / 512 % 2 == 1;
                case BIT9_10 -> i / 512 % 2 + i / 1024 % 2 == 1;
                case BIT9_11 -> i / 512 % 2 + i / 2048 % 2 == 1;
                case BIT9_10_11 -> (i / 512 % 2 + i / 1024 % 2 + i / 2048 % 2) % 2 == 1;
            };
            int at = !invert ? i : i / 64 % 2 == 0 ? i + 64 : i - 64;
            tiled[offset + at] = plain[i];
        }
    }

    private static final class Writer {
        private final byte[] picture;
        private final int stride;
        private final byte[] to;
        private int written;

        Writer(byte[] picture, int stride, byte[] to) {
            this.picture = picture;
            this.stride = stride;
            this.to = to;
        }

        void lines(int x, int y, int bytes, int rows) {
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < bytes; i++) {
                    to[written++] = picture[(y + row) * stride + x + i];
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedAndNothingIsWritten() {
        Detiler x = Detiler.of(Tiling.X, Swizzle.NONE, PixelFormat.XRGB8888);
        // 130 pixels are 520 bytes, two tiles; 9 lines are two rows of tiles.
        ByteBuffer tiled = ByteBuffer.allocate(4 * 4096);
        ByteBuffer linear = ByteBuffer.allocate(9 * 520);
        for (int i = 0; i < linear.capacity(); i++) {
            linear.put(i, UNTOUCHED);
        }
        assertRefused("no multiple of 512", () -> x.detile(tiled, 0, 1000, 130, 9, linear, 0, 520));
        assertRefused("more than the stride of 512", () -> x.detile(tiled, 0, 512, 130, 9, linear, 0, 520));
        assertRefused("more than the stride of 0", () -> x.detile(tiled, 0, 0, 130, 9, linear, 0, 520));
        assertRefused("do not fit", () -> x.detile(tiled, 1, 1024, 130, 9, linear, 0, 520));
        assertRefused("do not fit", () -> x.detile(tiled, -1, 1024, 130, 9, linear, 0, 520));
        assertRefused("do not fit", () -> x.detile(tiled, Integer.MAX_VALUE, 1024, 130, 9, linear, 0, 520));
        assertRefused("do not fit", () -> x.detile(tiled, 0, 1024, 130, 17, ByteBuffer.allocate(17 * 520), 0, 520));
        assertRefused("do not fit", () -> x.detile(tiled.duplicate().limit(16383), 0, 1024, 130, 9, linear, 0, 520));
        assertRefused("4294966784", () -> x.detile(tiled, 0, -512, 130, 9, linear, 0, 520));
        assertRefused("linear", () -> x.detile(tiled, 0, 1024, 130, 9, linear, 0, 519));
        assertRefused("linear", () -> x.detile(tiled, 0, 1024, 130, 9, linear, 0, 521));
        assertRefused("linear", () -> x.detile(tiled, 0, 1024, 130, 9, linear, 0, -8));
        assertRefused("linear", () -> x.detile(tiled, 0, 1024, 0, 9, linear, 0, 520));
        assertRefused("linear", () -> x.detile(tiled, 0, 1024, 130, 0, linear, 0, 520));
        assertRefused("-3", () -> x.detile(tiled, 0, 1024, -3, 9, linear, 0, 520));
        assertRefused("linear", () -> x.detile(tiled, 0, 1024, Integer.MAX_VALUE, Integer.MAX_VALUE, linear, 0, 520));
        for (int i = 0; i < linear.capacity(); i++) {
            assertEquals(UNTOUCHED, linear.get(i));
        }
        x.detile(tiled, 0, 1024, 130, 9, linear, 0, 520);
        // The last row of tiles needs only those that the picture touches.
        x.detile(tiled.duplicate().limit(3 * 4096), 0, 1024, 128, 9, linear, 0, 512);
        assertRefused("byte -1", () -> x.offset(-1, 0, 512));
        assertRefused("byte 512", () -> x.offset(512, 0, 512));
        assertRefused("line -1", () -> x.offset(0, -1, 512));
        assertRefused("no multiple", () -> x.offset(0, 0, 100));
    }

    private static void assertRefused(String named, Runnable call) {
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(refusal.getMessage().contains(named), refusal.getMessage());
    }

    @Test
    void detilingAllocatesNothing() {
        ByteBuffer tiled = ByteBuffer.allocateDirect(4 * 4096);
        ByteBuffer linear = ByteBuffer.allocateDirect(60 * 50 * 4);
        Detiler detiler = Detiler.of(Tiling.Y, Swizzle.NONE, PixelFormat.XRGB8888);
        Allocation.assertNone(() -> detiler.detile(tiled, 0, 256, 60, 50, linear, 0, 240));
    }
}
