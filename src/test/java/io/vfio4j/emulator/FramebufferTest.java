package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The bytes of framebuffers: made when they are wanted, kept up to date, the same either way. */
class FramebufferTest {
    private static Framebuffer allocate(int width, int height, EmulatedFormat format, EmulatedTiling tiling) {
        return GraphicsMemory.ofGpu().allocate(width, height, format, tiling, Picture.SCREEN);
    }

    @ParameterizedTest
    @EnumSource
    void a_line_is_as_its_pixels(Picture picture) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int[] colours = new int[640];
        for (int i = 0; i < 3000; i++) {
            int width = 100 + random.nextInt(540);
            int height = 64 + random.nextInt(200);
            long frame = random.nextInt(4) == 0 ? 0 : random.nextInt(100_000);
            long draws = random.nextInt(3) == 0 ? 0 : random.nextInt(5000);
            int y = random.nextInt(height);
            int left = random.nextInt(width);
            int count = 1 + random.nextInt(width - left);
            picture.row(width, height, frame, draws, left, y, count, colours);
            for (int x = 0; x < count; x++) {
                assertEquals(
                        picture.pixel(width, height, frame, draws, left + x, y), colours[x], "seed " + seed + ", " + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCREEN", "DESKTOP"})
    void changes_are_never_less_than_what_differs(Picture picture) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            int width = 270 + random.nextInt(100);
            int height = 64 + random.nextInt(100);
            Framebuffer followed = GraphicsMemory.ofGpu()
                    .allocate(width, height, EmulatedFormat.XRGB8888, EmulatedTiling.LINEAR, picture);
            long frame = random.nextInt(1000);
            followed.show(frame);
            followed.bytes();
            followed.show(frame + 1 + random.nextInt(random.nextBoolean() ? 3 : 500));
            ByteBuffer bytes = followed.bytes();
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    assertEquals(
                            followed.pixel(x, y) & 0xff_ffff,
                            bytes.getInt(y * followed.strideBytes() + 4 * x) & 0xff_ffff,
                            "seed " + seed + ", " + i + ": " + x + "," + y);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytes_that_followed_the_guest_are_those_that_are_drawn_anew(EmulatedFormat format) {
        for (EmulatedTiling tiling : EmulatedTiling.values()) {
            long seed = System.nanoTime();
            Random random = new Random(seed);
            int width = 201 + random.nextInt(100);
            int height = 90 + random.nextInt(50);
            Framebuffer followed = allocate(width, height, format, tiling);
            followed.map();
            long frame = 0;
            for (int i = 0; i < 20; i++) {
                for (int draws = random.nextInt(40); draws > 0; draws--) {
                    followed.draw();
                }
                Framebuffer anew = allocate(width, height, format, tiling);
                anew.show(followed.frame());
                for (long draws = followed.draws(); draws > 0; draws--) {
                    anew.draw();
                }
                assertEquals(-1, anew.bytes().mismatch(followed.bytes()), "seed " + seed + ", " + tiling);
                frame += 1 + random.nextInt(40);
                followed.show(frame);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytes_are_the_picture_in_its_format_and_layout(EmulatedFormat format) {
        for (EmulatedTiling tiling : EmulatedTiling.values()) {
            Framebuffer framebuffer = allocate(211, 77, format, tiling);
            framebuffer.show(9);
            framebuffer.draw();
            ByteBuffer bytes = framebuffer.bytes();
            byte[] line = new byte[format.lineBytes(211)];
            int[] colours = new int[211];
            for (int y = 0; y < 77; y++) {
                for (int x = 0; x < line.length; x++) {
                    line[x] = bytes.get(tiling.offset(x, y, framebuffer.strideBytes(), format.pixelBytes()));
                }
                format.decode(line, 211, colours);
                for (int x = 0; x < 211; x++) {
                    assertEquals(framebuffer.shownPixel(x, y), colours[x], format + " " + tiling + " " + x + "," + y);
                }
            }
        }
    }

    @Test
    void sizes_are_those_of_whole_tiles_as_the_driver_counts_them() {
        Framebuffer linear = allocate(1000, 601, EmulatedFormat.XRGB8888, EmulatedTiling.LINEAR);
        assertArrayEquals(new int[] {4032, 4032 * 601}, new int[] {linear.strideBytes(), linear.sizeBytes()});
        Framebuffer x = allocate(1000, 601, EmulatedFormat.XRGB8888, EmulatedTiling.X);
        assertArrayEquals(new int[] {4096, 4096 * 608}, new int[] {x.strideBytes(), x.sizeBytes()});
        Framebuffer y = allocate(1000, 601, EmulatedFormat.RGB565, EmulatedTiling.Y);
        assertArrayEquals(new int[] {2048, 2048 * 608}, new int[] {y.strideBytes(), y.sizeBytes()});
        Framebuffer yf = allocate(1000, 601, EmulatedFormat.C8, EmulatedTiling.YF);
        assertArrayEquals(new int[] {1024, 1024 * 608}, new int[] {yf.strideBytes(), yf.sizeBytes()});
        assertEquals(1024 * 640, yf.bytes().capacity(), "the tiles are 64 lines high, whatever the driver says");
    }

    @Test
    void alpha_of_a_screen_is_opaque() {
        for (EmulatedFormat format : new EmulatedFormat[] {EmulatedFormat.ARGB8888, EmulatedFormat.ABGR8888}) {
            ByteBuffer bytes =
                    allocate(64, 64, format, EmulatedTiling.LINEAR).bytes().order(ByteOrder.LITTLE_ENDIAN);
            assertEquals(0xff, bytes.getInt(64 * 256 / 2) >>> 24);
        }
    }

    @Test
    void a_picture_of_4K_is_drawn_in_no_time() {
        for (EmulatedTiling tiling : EmulatedTiling.values()) {
            assertTimeout(
                    Duration.ofSeconds(5),
                    () -> allocate(3840, 2160, EmulatedFormat.XRGB8888, tiling).bytes());
        }
    }
}
