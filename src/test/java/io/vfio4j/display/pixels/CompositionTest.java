package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompositionTest {
    private static final int WIDTH = 40;
    private static final int HEIGHT = 30;

    /** A cursor of 9x7 at all edges and corners, within, across and just outside. */
    @ParameterizedTest
    @CsvSource({
        "  0,   0", // within: upper left corner
        " 31,   0", // upper right
        "  0,  23", // lower left
        " 31,  23", // lower right
        " 12,   9", // in the middle
        " -4,   9", // across the left edge
        " 35,   9", // across the right edge
        " 12,  -3", // across the upper edge
        " 12,  26", // across the lower edge
        " -4,  -3", // across the corners
        " 35,  -3",
        " -4,  26",
        " 35,  26",
        " -8,  -6", // one pixel left of it
        " 39,  -6",
        " -8,  29",
        " 39,  29",
        " -9,   9", // just outside
        " 40,   9",
        " 12,  -7",
        " 12,  30",
        " -9,  -7",
        " 40,  30",
        "-2147483648, -2147483648", // as far as numbers go
        " 2147483647,  2147483647",
        "-2147483648, 9",
        "12, 2147483647",
    })
    void aCursorIsCutAtTheEdges(int x, int y) {
        for (int padding : new int[] {0, 12}) {
            ByteBuffer image = cursor(9, 7, 9 * 4 + padding);
            ByteBuffer target = background(WIDTH * 4 + padding);
            ByteBuffer expected = background(WIDTH * 4 + padding);
            for (int i = 0; i < 7; i++) {
                for (int j = 0; j < 9; j++) {
                    long left = (long) x + j;
                    long top = (long) y + i;
                    if (left >= 0 && left < WIDTH && top >= 0 && top < HEIGHT) {
                        int at = (int) (top * (WIDTH * 4 + padding) + left * 4);
                        expected.putInt(
                                at, reference(image.getInt(i * (9 * 4 + padding) + j * 4), expected.getInt(at)));
                    }
                }
            }
            Composition.over(image, 9 * 4 + padding, 9, 7, x, y, target, WIDTH * 4 + padding, WIDTH, HEIGHT);
            assertArrayEquals(expected.array(), target.array());
        }
    }

    /** A cursor that is larger than the screen, on all four sides. */
    @Test
    void aCursorMayBeLargerThanTheScreen() {
        ByteBuffer image = cursor(100, 90, 400);
        ByteBuffer target = background(WIDTH * 4);
        ByteBuffer expected = background(WIDTH * 4);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int at = (y * WIDTH + x) * 4;
                expected.putInt(at, reference(image.getInt((y + 20) * 400 + (x + 30) * 4), expected.getInt(at)));
            }
        }
        Composition.over(image, 400, 100, 90, -30, -20, target, WIDTH * 4, WIDTH, HEIGHT);
        assertArrayEquals(expected.array(), target.array());
    }

    /** Every alpha over every destination, with the darkest and the brightest source that a premultiplied picture may have. */
    @Test
    void everyAlphaOverEveryDestinationIsRoundedOnce() {
        ByteBuffer image = ByteBuffer.allocateDirect(4).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer target = ByteBuffer.allocateDirect(4).order(ByteOrder.LITTLE_ENDIAN);
        for (int alpha = 0; alpha < 256; alpha++) {
            for (int destination = 0; destination < 256; destination++) {
                int source = alpha << 24 | alpha << 16 | alpha / 2;
                int below = destination << 16 | destination << 8 | destination;
                image.putInt(0, source);
                target.putInt(0, below);
                Composition.over(image, 4, 1, 1, 0, 0, target, 4, 1, 1);
                int expected = source == 0 ? below : reference(source, below);
                assertEquals(expected, target.getInt(0), "alpha " + alpha + " over " + destination);
            }
        }
    }

    @Test
    void whatIsTransparentStaysAsItIsAndWhatIsOpaqueIsCopied() {
        ByteBuffer image = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer target = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0, 0).putInt(4, 0xff123456);
        target.putInt(0, 0x00abcdef).putInt(4, 0x77abcdef);
        Composition.over(image, 8, 2, 1, 0, 0, target, 8, 2, 1);
        assertEquals(0x00abcdef, target.getInt(0));
        assertEquals(0xff123456, target.getInt(4));
    }

    /** A colour above its alpha adds light, and stops at white. */
    @Test
    void aSourceThatIsNotPremultipliedIsCutAtWhite() {
        ByteBuffer image = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer target = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0, 0x80ffffff).putInt(4, 0x00100000);
        target.putInt(0, 0x00ffff00).putInt(4, 0x00203040);
        Composition.over(image, 8, 2, 1, 0, 0, target, 8, 2, 1);
        assertEquals(0xffffffff, target.getInt(0));
        assertEquals(0xff303040, target.getInt(4));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        ByteBuffer image = ByteBuffer.allocate(9 * 7 * 4);
        ByteBuffer target = ByteBuffer.allocate(WIDTH * HEIGHT * 4);
        assertRefused(image, 9 * 4, 9, 8, target, WIDTH * 4, WIDTH, HEIGHT);
        assertRefused(image, 8 * 4, 9, 7, target, WIDTH * 4, WIDTH, HEIGHT);
        assertRefused(image, -4, 9, 7, target, WIDTH * 4, WIDTH, HEIGHT);
        assertRefused(image, 9 * 4, 0, 7, target, WIDTH * 4, WIDTH, HEIGHT);
        assertRefused(image, 9 * 4, 9, -7, target, WIDTH * 4, WIDTH, HEIGHT);
        assertRefused(image, 9 * 4, 9, 7, target, WIDTH * 4, WIDTH, HEIGHT + 1);
        assertRefused(image, 9 * 4, 9, 7, target, WIDTH * 4, WIDTH + 1, HEIGHT);
    }

    private static void assertRefused(
            ByteBuffer image,
            int imageStride,
            int imageWidth,
            int imageHeight,
            ByteBuffer target,
            int stride,
            int width,
            int height) {
        assertThrows(
                IllegalArgumentException.class,
                () -> Composition.over(
                        image, imageStride, imageWidth, imageHeight, 1, 1, target, stride, width, height));
    }

    @Test
    void compositionAllocatesNothing() {
        ByteBuffer image = cursor(64, 64, 256);
        ByteBuffer target = ByteBuffer.allocateDirect(200 * 200 * 4);
        Allocation.assertNone(() -> Composition.over(image, 256, 64, 64, 10, 10, target, 800, 200, 200));
    }

    /** Alpha as a real number; no two neighbours are equally near, as 255 is odd. */
    private static int reference(int source, int destination) {
        if (source == 0) {
            return destination;
        }
        double alpha = (source >>> 24) / 255.0;
        int result = 0xff;
        for (int shift = 16; shift >= 0; shift -= 8) {
            long below = Math.round((destination >> shift & 0xff) * (1 - alpha));
            result = result << 8 | (int) Math.min(255, (source >> shift & 0xff) + below);
        }
        return result;
    }

    private static ByteBuffer cursor(int width, int height, int stride) {
        Random random = new Random(4_711);
        ByteBuffer image = ByteBuffer.allocate(stride * height).order(ByteOrder.LITTLE_ENDIAN);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int alpha = new int[] {0, 255, random.nextInt(256)}[random.nextInt(3)];
                int pixel = alpha << 24;
                for (int shift = 16; shift >= 0; shift -= 8) {
                    pixel |= random.nextInt(alpha + 1) << shift;
                }
                image.putInt(y * stride + x * 4, pixel);
            }
        }
        return image;
    }

    private static ByteBuffer background(int stride) {
        ByteBuffer target = ByteBuffer.allocate(stride * HEIGHT).order(ByteOrder.LITTLE_ENDIAN);
        new Random(99).nextBytes(target.array());
        return target;
    }
}
