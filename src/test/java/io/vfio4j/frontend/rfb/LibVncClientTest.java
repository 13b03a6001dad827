package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.Move;
import io.vfio4j.frontend.PaintedCursor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that others wrote sees what was encoded. */
@Tag("peers")
class LibVncClientTest {
    private static final int WIDTH = 700;
    private static final int HEIGHT = 450;
    private static final int UPDATES = 12;
    private static final Rectangle EVERYTHING = new Rectangle(0, 0, WIDTH, HEIGHT);

    @TempDir
    Path directory;

    /** Every motif, beside one another and one after the other, and moves between. */
    private static List<PictureServer.Step> script(Random random) {
        List<PictureServer.Step> steps = new ArrayList<>();
        int[] picture = new int[WIDTH * HEIGHT];
        Motif[] motifs = Motif.values();
        for (int i = 0; i < motifs.length; i++) {
            motifs[i].paint(random, picture, WIDTH, i * 100, 0, 100, HEIGHT);
        }
        steps.add(new PictureServer.Step(picture, List.of(), List.of(EVERYTHING), Optional.empty()));
        for (int update = 1; update < UPDATES; update++) {
            int[] next = picture.clone();
            Move move = new Move(new Rectangle(20 + update, 30, 400, 300), 10, 35 - update);
            for (int y = 0; y < 300; y++) {
                System.arraycopy(picture, (move.sourceY() + y) * WIDTH + 10, next, (30 + y) * WIDTH + 20 + update, 400);
            }
            Rectangle one = area(random);
            Rectangle other = area(random);
            Motif.values()[update % motifs.length].paint(
                    random, next, WIDTH, one.x(), one.y(), one.width(), one.height());
            Motif.any(random).paint(random, next, WIDTH, other.x(), other.y(), other.width(), other.height());
            steps.add(new PictureServer.Step(next, List.of(move), List.of(one, other), Optional.empty()));
            picture = next;
        }
        return steps;
    }

    private static Rectangle area(Random random) {
        int x = random.nextInt(WIDTH);
        int y = random.nextInt(HEIGHT);
        return new Rectangle(x, y, 1 + random.nextInt(WIDTH - x), 1 + random.nextInt(HEIGHT - y));
    }

    private LibVncClient.Seen show(List<PictureServer.Step> steps, int bits, List<String> options)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("--updates", Integer.toString(steps.size())));
        all.addAll(options);
        try (PictureServer server = new PictureServer(WIDTH, HEIGHT, steps)) {
            LibVncClient.Seen seen = LibVncClient.run(directory, server.port(), bits, all.toArray(String[]::new));
            assertEquals(WIDTH, seen.number("width"));
            assertEquals(HEIGHT, seen.number("height"));
            assertEquals(steps.size(), seen.number("updates"));
            assertEquals(
                    server.rectangles(), seen.number("rectangles") + seen.number("cursors"), seen.numbers()::toString);
            return seen;
        }
    }

    private static void assertExact(List<PictureServer.Step> steps, LibVncClient.Seen seen, long seed) {
        int[] last = steps.get(steps.size() - 1).picture();
        for (int i = 0; i < last.length; i++) {
            int at = i;
            assertEquals(
                    PictureDecoder.expected(seen.format(), last[i]),
                    seen.picture()[i],
                    () -> "at " + at % WIDTH + "," + at / WIDTH + " with seed " + seed);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "raw, 8",
        "raw, 16",
        "raw, 32",
        "zlib, 8",
        "zlib, 16",
        "zlib, 32",
        "tight, 8",
        "tight, 16",
        "tight, 32",
        "zrle, 8",
        "zrle, 16",
        "zrle, 32"
    })
    void itSeesThePictureExactly(String encoding, int bits) throws IOException, InterruptedException {
        long seed = new Random().nextLong();
        List<PictureServer.Step> steps = script(new Random(seed));
        LibVncClient.Seen seen = show(steps, bits, List.of("--encodings", encoding + " copyrect"));
        assertExact(steps, seen, seed);
        assertEquals(UPDATES - 1, seen.number("copies"));
    }

    @ParameterizedTest
    @CsvSource({"zlib, 0", "zlib, 9", "tight, 0", "tight, 1", "tight, 9", "zrle, 0", "zrle, 9"})
    void itSeesThePictureAtEveryLevel(String encoding, int level) throws IOException, InterruptedException {
        long seed = new Random().nextLong();
        List<PictureServer.Step> steps = script(new Random(seed));
        assertExact(
                steps,
                show(steps, 32, List.of("--encodings", encoding + " copyrect", "--compress", Integer.toString(level))),
                seed);
    }

    @ParameterizedTest
    @CsvSource({"0, 16, 24", "0, 32, 24", "5, 32, 30", "9, 16, 28", "9, 32, 38"})
    void jpegIsNearToThePicture(int quality, int bits, double least) throws IOException, InterruptedException {
        int[] picture = new int[WIDTH * HEIGHT];
        Motif.PHOTO.paint(new Random(1), picture, WIDTH, 0, 0, WIDTH, HEIGHT);
        List<PictureServer.Step> steps =
                List.of(new PictureServer.Step(picture, List.of(), List.of(EVERYTHING), Optional.empty()));
        LibVncClient.Seen lossless = show(steps, bits, List.of("--encodings", "tight"));
        LibVncClient.Seen seen =
                show(steps, bits, List.of("--encodings", "tight", "--quality", Integer.toString(quality)));
        double ratio = psnr(picture, seen);
        assertTrue(ratio > least && ratio < 60, ratio + " dB");
        assertTrue(
                seen.number("received") < lossless.number("received"),
                seen.number("received") + " bytes, and " + lossless.number("received") + " without loss");
    }

    private static double psnr(int[] picture, LibVncClient.Seen seen) {
        double squares = 0;
        for (int i = 0; i < picture.length; i++) {
            int is = PictureDecoder.colour(seen.format(), seen.picture()[i]);
            for (int shift = 0; shift < 24; shift += 8) {
                double difference = (picture[i] >> shift & 0xff) - (is >> shift & 0xff);
                squares += difference * difference;
            }
        }
        return 10 * Math.log10(255.0 * 255.0 * 3 * picture.length / squares);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32})
    void itSeesTheCursor(int bits) throws IOException, InterruptedException {
        int[] shape = new int[13 * 11];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = i % 3 == 0 ? 0 : 0xff000000 | i * 0x010203;
        }
        CursorLook cursor = PaintedCursor.of(3, 4, 13, 11, shape);
        int[] picture = new int[WIDTH * HEIGHT];
        List<PictureServer.Step> steps =
                List.of(new PictureServer.Step(picture, List.of(), List.of(EVERYTHING), Optional.of(cursor)));
        LibVncClient.Seen seen = show(steps, bits, List.of("--encodings", "zrle", "--cursor"));
        assertEquals(1, seen.number("cursors"));
        assertEquals(13, seen.number("cursor_width"));
        assertEquals(11, seen.number("cursor_height"));
        assertEquals(3, seen.number("hot_x"));
        assertEquals(4, seen.number("hot_y"));
        int[] pixels = LibVncClient.numbers(seen.shape(), bits / 8);
        for (int i = 0; i < shape.length; i++) {
            boolean isShown = shape[i] != 0;
            assertEquals(isShown ? 1 : 0, seen.shape()[shape.length * bits / 8 + i], "mask at " + i);
            assertEquals(isShown ? PictureDecoder.expected(seen.format(), shape[i]) : 0, pixels[i], "pixel at " + i);
        }
    }
}
