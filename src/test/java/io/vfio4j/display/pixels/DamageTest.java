package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class DamageTest {
    private static final int CHANGES = 10_000;

    /** A screen that is drawn on, and what should be known of it: written without a look at how damage is found. */
    private static final class Screen {
        private final Random random;
        private int width;
        private int height;
        private ByteBuffer pixels;
        private int[] shown;

        Screen(Random random) {
            this.random = random;
            resize();
        }

        void resize() {
            width = 1 + random.nextInt(400);
            height = 1 + random.nextInt(300);
            pixels = random.nextBoolean()
                    ? ByteBuffer.allocate(width * height * 4)
                    : ByteBuffer.allocateDirect(width * height * 4);
            pixels.order(ByteOrder.LITTLE_ENDIAN);
            shown = new int[0];
        }

        int pixel(int x, int y) {
            return pixels.getInt((y * width + x) * 4);
        }

        void set(int x, int y, int value) {
            pixels.putInt((y * width + x) * 4, value);
        }

        void change() {
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> invert(random.nextInt(width), random.nextInt(height), 1, 1);
                case 3, 4 ->
                    invert(
                            random.nextInt(width),
                            random.nextInt(height),
                            1 + random.nextInt(70),
                            1 + random.nextInt(70));
                case 5 -> {
                    // The byte without meaning.
                    int x = random.nextInt(width);
                    int y = random.nextInt(height);
                    set(x, y, pixel(x, y) ^ 1 << 24 + random.nextInt(8));
                }
                case 6 -> {
                    // The last byte of the picture, and the first.
                    set(width - 1, height - 1, pixel(width - 1, height - 1) ^ 0x800000);
                    set(0, 0, pixel(0, 0) ^ 1);
                }
                default -> {
                    // Nothing.
                }
            }
        }

        private void invert(int x, int y, int wide, int high) {
            int colour = 1 << random.nextInt(24);
            for (int i = y; i < Math.min(height, y + high); i++) {
                for (int j = x; j < Math.min(width, x + wide); j++) {
                    set(j, i, pixel(j, i) ^ colour);
                }
            }
        }

        /** Which tiles differ in a colour from the picture when this was last asked. */
        boolean[][] changedTiles() {
            boolean[][] tiles = new boolean[(height + 31) / 32][(width + 31) / 32];
            int[] now = new int[width * height];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int i = y * width + x;
                    now[i] = pixel(x, y) & 0xffffff;
                    if (shown.length == 0 || now[i] != shown[i]) {
                        tiles[y / 32][x / 32] = true;
                    }
                }
            }
            shown = now;
            return tiles;
        }
    }

    /** One who comes every now and then: what he should be told, and a picture that he keeps up to date by what he is told. */
    private static final class Consumer {
        private final DamageHistory history;
        private final int pace;
        private boolean[][] expected = new boolean[0][0];
        private int[] picture = new int[0];

        Consumer(DamageHistory history, int pace) {
            this.history = history;
            this.pace = pace;
        }

        void expect(boolean[][] tiles, boolean resized, int pixels) {
            if (resized) {
                expected = new boolean[tiles.length][tiles[0].length];
                picture = new int[pixels];
                Arrays.fill(picture, -1);
            }
            for (int row = 0; row < tiles.length; row++) {
                for (int column = 0; column < tiles[0].length; column++) {
                    expected[row][column] |= tiles[row][column];
                }
            }
        }

        void look(Screen screen, String context) {
            int count = history.take();
            assertEquals(count, history.count());
            boolean[][] told = new boolean[expected.length][expected[0].length];
            for (Rectangle rectangle : history.rectangles()) {
                assertEquals(0, rectangle.x() % 32, context);
                assertEquals(0, rectangle.y() % 32, context);
                assertEdge(rectangle.x() + rectangle.width(), screen.width, context);
                assertEdge(rectangle.y() + rectangle.height(), screen.height, context);
                for (int y = rectangle.y(); y < rectangle.y() + rectangle.height(); y++) {
                    for (int x = rectangle.x(); x < rectangle.x() + rectangle.width(); x++) {
                        picture[y * screen.width + x] = screen.pixel(x, y) & 0xffffff;
                        if (x % 32 == 0 && y % 32 == 0) {
                            assertFalse(told[y / 32][x / 32], () -> "twice: " + context);
                            told[y / 32][x / 32] = true;
                        }
                    }
                }
            }
            assertTrue(
                    Arrays.deepEquals(expected, told),
                    () -> context + ": told " + Arrays.deepToString(told) + ", changed "
                            + Arrays.deepToString(expected));
            for (int y = 0; y < screen.height; y++) {
                for (int x = 0; x < screen.width; x++) {
                    int expectedPixel = screen.pixel(x, y) & 0xffffff;
                    if (picture[y * screen.width + x] != expectedPixel) {
                        throw new AssertionError("missed at " + x + "," + y + ": " + context);
                    }
                }
            }
            expected = new boolean[expected.length][expected[0].length];
        }

        private static void assertEdge(int edge, int end, String context) {
            assertTrue(
                    edge == end || edge % 32 == 0 && edge < end,
                    () -> "ends at " + edge + " of " + end + ": " + context);
        }
    }

    @Test
    void everyConsumerIsToldExactlyTheTilesThatChangedSinceHeLooked(TestReporter reporter) {
        long seed = Long.getLong("vfio4j.seed", 4_711L);
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);
        Damage damage = new Damage();
        List<Consumer> consumers = new ArrayList<>();
        for (int pace : new int[] {1, 1, 2, 7, 40, 333}) {
            consumers.add(new Consumer(damage.history(), pace));
        }
        Screen screen = new Screen(random);
        boolean resized = true;
        for (int change = 0; change < CHANGES; change++) {
            for (int i = random.nextInt(3); i >= 0; i--) {
                screen.change();
            }
            boolean[][] tiles = screen.changedTiles();
            boolean any = Arrays.stream(tiles).anyMatch(row -> contains(row));
            String context = "change " + change + " of seed " + seed + ", " + screen.width + "x" + screen.height;
            assertEquals(any, damage.update(screen.pixels, screen.width, screen.height), context);
            for (Consumer consumer : consumers) {
                consumer.expect(tiles, resized, screen.width * screen.height);
                if (random.nextInt(consumer.pace) == 0) {
                    consumer.look(screen, context);
                }
            }
            resized = random.nextInt(300) == 0;
            if (resized) {
                int width = screen.width;
                int height = screen.height;
                screen.resize();
                resized = width != screen.width || height != screen.height;
            } else if (random.nextInt(20) == 0) {
                // The same picture in another buffer.
                ByteBuffer other = ByteBuffer.allocateDirect(screen.pixels.capacity());
                other.order(ByteOrder.LITTLE_ENDIAN).put(0, screen.pixels, 0, screen.pixels.capacity());
                screen.pixels = other;
            }
        }
    }

    private static boolean contains(boolean[] row) {
        for (boolean tile : row) {
            if (tile) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aTileThatChangedAndChangedBackIsToldToWhoDidNotLookInBetween() {
        Damage damage = new Damage();
        ByteBuffer pixels = ByteBuffer.allocate(100 * 50 * 4);
        damage.update(pixels, 100, 50);
        DamageHistory quick = damage.history();
        DamageHistory slow = damage.history();
        quick.take();
        slow.take();
        pixels.put(0, (byte) 1);
        damage.update(pixels, 100, 50);
        assertEquals(1, quick.take());
        pixels.put(0, (byte) 0);
        damage.update(pixels, 100, 50);
        assertEquals(List.of(new Rectangle(0, 0, 32, 32)), taken(quick));
        assertEquals(List.of(new Rectangle(0, 0, 32, 32)), taken(slow));
        assertFalse(damage.update(pixels, 100, 50));
        assertEquals(0, quick.take());
        assertEquals(List.of(), taken(slow));
    }

    @Test
    void whoComesNewOrForgetsOrSeesAnotherSizeIsToldEverythingAtOnce() {
        Damage damage = new Damage();
        DamageHistory first = damage.history();
        assertEquals(0, first.take());
        ByteBuffer pixels = ByteBuffer.allocate(100 * 50 * 4);
        assertTrue(damage.update(pixels, 100, 50));
        List<Rectangle> everything = List.of(new Rectangle(0, 0, 100, 50));
        assertEquals(everything, taken(first));
        assertEquals(List.of(), taken(first));
        first.forget();
        assertEquals(everything, taken(first));
        assertEquals(everything, taken(damage.history()));
        assertTrue(damage.update(pixels, 50, 100));
        assertEquals(List.of(new Rectangle(0, 0, 50, 100)), taken(first));
        assertTrue(damage.update(pixels, 1, 1));
        assertEquals(List.of(new Rectangle(0, 0, 1, 1)), taken(first));
    }

    /** 8 by 4 tiles, drawn; each letter is a rectangle that is expected. */
    @Test
    void neighboursAreMergedIntoFewRectangles() {
        assertMerged(
                "aaaaaaaa", //
                "........",
                "bbb.....",
                "bbb....c");
        assertMerged(
                "a.......", //
                "a.......",
                "a.......",
                "abbb....");
        assertMerged(
                "aaaa....", //
                "..bb....",
                "..bb....",
                "........");
        assertMerged(
                "a.b.c.d.", //
                ".e.f.g.h",
                "i.j.k.l.",
                ".m.n.o.p");
    }

    private static void assertMerged(String... drawing) {
        Damage damage = new Damage();
        ByteBuffer pixels = ByteBuffer.allocate(256 * 128 * 4);
        damage.update(pixels, 256, 128);
        DamageHistory history = damage.history();
        history.take();
        long letters = 0;
        for (int row = 0; row < 4; row++) {
            for (int column = 0; column < 8; column++) {
                char letter = drawing[row].charAt(column);
                if (letter != '.') {
                    letters |= 1L << letter - 'a';
                    pixels.put(((row * 32 + 7) * 256 + column * 32 + 31) * 4 + 2, (byte) 1);
                }
            }
        }
        damage.update(pixels, 256, 128);
        assertEquals(Long.bitCount(letters), history.take());
        for (Rectangle rectangle : history.rectangles()) {
            char letter = drawing[rectangle.y() / 32].charAt(rectangle.x() / 32);
            for (int y = rectangle.y(); y < rectangle.y() + rectangle.height(); y += 32) {
                for (int x = rectangle.x(); x < rectangle.x() + rectangle.width(); x += 32) {
                    assertEquals(letter, drawing[y / 32].charAt(x / 32), () -> rectangle + " of " + letter);
                }
            }
        }
    }

    @Test
    void framesAreComparedAsTheyAreFilledAgain() {
        Damage damage = new Damage();
        DamageHistory history = damage.history();
        try (Frame frame = new Frame()) {
            assertThrows(IllegalArgumentException.class, () -> damage.update(frame));
            frame.resize(100, 50);
            assertTrue(damage.update(frame));
            assertFalse(damage.update(frame));
            assertEquals(List.of(new Rectangle(0, 0, 100, 50)), taken(history));
            frame.resize(100, 50).putInt((49 * 100 + 99) * 4, 0x123456);
            assertTrue(damage.update(frame));
            assertEquals(List.of(new Rectangle(96, 32, 4, 18)), taken(history));
            frame.resize(50, 100);
            assertTrue(damage.update(frame));
            assertEquals(List.of(new Rectangle(0, 0, 50, 100)), taken(history));
        }
    }

    @Test
    void theByteWithoutMeaningIsNotCompared() {
        Damage damage = new Damage();
        ByteBuffer pixels = ByteBuffer.allocate(64 * 64 * 4);
        damage.update(pixels, 64, 64);
        for (int i = 3; i < pixels.capacity(); i += 4) {
            pixels.put(i, (byte) i);
        }
        assertFalse(damage.update(pixels, 64, 64));
        pixels.put(7, (byte) 1).put(8, (byte) 1);
        assertTrue(damage.update(pixels, 64, 64));
    }

    @Test
    void theCallersBufferIsNotTouched() {
        ByteBuffer pixels =
                ByteBuffer.allocateDirect(64 * 64 * 4 + 8).limit(64 * 64 * 4).position(9);
        Damage damage = new Damage();
        damage.update(pixels, 64, 64);
        pixels.put(100, (byte) 1);
        assertTrue(damage.update(pixels, 64, 64));
        assertTrue(damage.update(pixels.duplicate().put(101, (byte) 1), 64, 64));
        assertEquals(9, pixels.position());
        assertEquals(64 * 64 * 4, pixels.limit());
        assertEquals(ByteOrder.BIG_ENDIAN, pixels.order());
    }

    @Test
    void aBufferWhoseLimitWasLoweredMeanwhileIsRefused() {
        ByteBuffer pixels = ByteBuffer.allocate(64 * 64 * 4);
        Damage damage = new Damage();
        damage.update(pixels, 64, 64);
        pixels.limit(64 * 64 * 4 - 1);
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, 64, 64));
        pixels.limit(64 * 64 * 4);
        assertFalse(damage.update(pixels, 64, 64));
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, 0, 64));
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, 64, 0));
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, -64, -64));
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, 64, 65));
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> damage.update(pixels, 1 << 30, 4));
        assertFalse(damage.update(pixels, 64, 64));
    }

    @Test
    void aRectangleThatWasNotFoundCannotBeAskedFor() {
        Damage damage = new Damage();
        DamageHistory history = damage.history();
        assertThrows(IndexOutOfBoundsException.class, () -> history.x(0));
        damage.update(ByteBuffer.allocate(4), 1, 1);
        assertEquals(1, history.take());
        assertEquals(1, history.width(0));
        assertEquals(1, history.height(0));
        assertEquals(0, history.y(0));
        assertThrows(IndexOutOfBoundsException.class, () -> history.x(1));
        assertThrows(IndexOutOfBoundsException.class, () -> history.x(-1));
    }

    @Test
    void updatesAndLooksAllocateNothing() {
        Damage damage = new Damage();
        DamageHistory history = damage.history();
        ByteBuffer pixels = ByteBuffer.allocateDirect(200 * 200 * 4);
        ByteBuffer inTurns = ByteBuffer.allocateDirect(200 * 200 * 4);
        Random random = new Random(1);
        Allocation.assertNone(() -> {
            pixels.putInt(random.nextInt(200 * 200) * 4, 5);
            pixels.putInt(random.nextInt(200 * 200) * 4, 6);
            damage.update(pixels, 200, 200);
            history.take();
            damage.update(inTurns, 200, 200);
            history.take();
        });
    }

    @Test
    void aConsumerOnAnotherThreadMissesNothing() throws InterruptedException {
        Damage damage = new Damage();
        ByteBuffer pixels = ByteBuffer.allocate(300 * 200 * 4);
        damage.update(pixels, 300, 200);
        DamageHistory history = damage.history();
        history.take();
        boolean[] told = new boolean[7 * 10];
        Thread consumer = new Thread(() -> {
            while (!Thread.interrupted()) {
                mark(history, told);
            }
        });
        consumer.start();
        // Each tile once: whoever adds up what he is told has to come to all of them.
        for (int tile = 0; tile < told.length; tile++) {
            pixels.put((tile / 10 * 32 * 300 + tile % 10 * 32) * 4, (byte) 1);
            damage.update(pixels, 300, 200);
        }
        consumer.interrupt();
        consumer.join();
        mark(history, told);
        for (boolean tile : told) {
            assertTrue(tile);
        }
    }

    private static void mark(DamageHistory history, boolean[] told) {
        for (int i = history.take() - 1; i >= 0; i--) {
            for (int y = history.y(i); y < history.y(i) + history.height(i); y += 32) {
                for (int x = history.x(i); x < history.x(i) + history.width(i); x += 32) {
                    told[y / 32 * 10 + x / 32] = true;
                }
            }
        }
    }

    private static List<Rectangle> taken(DamageHistory history) {
        history.take();
        return history.rectangles();
    }
}
