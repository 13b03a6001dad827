package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Where bytes are in tiled memory, worked out by hand from the words of drm_fourcc.h. */
class EmulatedTilingTest {
    @ParameterizedTest
    @CsvSource({
        // 1024 bytes a line: two tiles side by side.
        "X, 4, 1024, 0, 0, 0",
        "X, 4, 1024, 511, 0, 511",
        "X, 4, 1024, 512, 0, 4096",
        "X, 4, 1024, 0, 1, 512",
        "X, 4, 1024, 3, 7, 3587",
        "X, 4, 1024, 0, 8, 8192",
        "X, 4, 1024, 600, 9, 12888",
        // 256 bytes a line: two tiles side by side.
        "Y, 4, 256, 15, 0, 15",
        "Y, 4, 256, 16, 0, 512",
        "Y, 4, 256, 0, 1, 16",
        "Y, 4, 256, 17, 31, 1009",
        "Y, 4, 256, 127, 31, 4095",
        "Y, 4, 256, 128, 0, 4096",
        "Y, 4, 256, 0, 32, 8192",
        "YF, 4, 256, 15, 0, 15",
        "YF, 4, 256, 0, 3, 48",
        "YF, 4, 256, 0, 4, 64",
        "YF, 4, 256, 16, 0, 128",
        "YF, 4, 256, 0, 8, 256",
        "YF, 4, 256, 32, 0, 512",
        "YF, 4, 256, 0, 16, 1024",
        "YF, 4, 256, 64, 0, 2048",
        "YF, 4, 256, 127, 31, 4095",
        "YF, 2, 256, 20, 5, 212",
        "YF, 4, 256, 128, 32, 12288",
        // One byte a pixel: a tile is 64 by 64.
        "YF, 1, 128, 15, 15, 255",
        "YF, 1, 128, 0, 16, 256",
        "YF, 1, 128, 16, 0, 512",
        "YF, 1, 128, 0, 32, 1024",
        "YF, 1, 128, 32, 0, 2048",
        "YF, 1, 128, 64, 0, 4096",
        "YF, 1, 128, 0, 64, 8192",
        "LINEAR, 4, 256, 5, 7, 1797"
    })
    void a_byte_is_where_the_description_has_it(
            EmulatedTiling tiling, int pixelBytes, int stride, int x, int y, int offset) {
        assertEquals(offset, tiling.offset(x, y, stride, pixelBytes));
    }

    @ParameterizedTest
    @EnumSource
    void every_byte_has_a_place_of_its_own_and_lines_come_back(EmulatedTiling tiling) {
        for (int pixelBytes : new int[] {1, 2, 4}) {
            int width = 2 * Math.max(64, tiling.tileWidthBytes(pixelBytes));
            int rows = 2 * Math.max(8, tiling.tileRows(pixelBytes));
            BitSet used = new BitSet();
            for (int y = 0; y < rows; y++) {
                for (int x = 0; x < width; x++) {
                    used.set(tiling.offset(x, y, width, pixelBytes));
                }
            }
            assertEquals(width * rows, used.cardinality());
            assertEquals(width * rows, used.length());
            ByteBuffer buffer = ByteBuffer.allocate(4096 + width * rows);
            byte[][] lines = new byte[rows][width];
            Random random = new Random(7);
            for (int y = 0; y < rows; y++) {
                random.nextBytes(lines[y]);
                int split = random.nextInt(width);
                tiling.put(buffer.slice(4096, width * rows), width, pixelBytes, 0, y, lines[y], split);
                byte[] rest = java.util.Arrays.copyOfRange(lines[y], split, width);
                tiling.put(buffer.slice(4096, width * rows), width, pixelBytes, split, y, rest, rest.length);
            }
            byte[] read = new byte[width];
            for (int y = 0; y < rows; y++) {
                tiling.get(buffer, 4096, width, pixelBytes, y, read, width);
                assertArrayEquals(lines[y], read);
            }
        }
    }

    @Test
    void a_layout_is_found_by_name_and_by_modifier() {
        assertSame(EmulatedTiling.YF, EmulatedTiling.named("yf"));
        assertSame(
                EmulatedTiling.Y, EmulatedTiling.of(EmulatedTiling.Y.modifier()).orElseThrow());
        assertThrows(IllegalArgumentException.class, () -> EmulatedTiling.named("z"));
    }
}
