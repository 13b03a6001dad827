package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PaintedFrame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.Move;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the picture, the format, and the encodings are: a decoder that shares no code with the encoder sees the picture. */
class PictureRoundTripTest {
    private static final int ROUNDS = Integer.getInteger("io.vfio4j.pictures", 100);
    private static final int UPDATES = 8;
    private static final List<Integer> LOSSLESS = List.of(0, 6, 7, 16);

    private final Random seeds = new Random();

    private static ClientPixelFormat anyFormat(Random random) {
        while (true) {
            int bitsPerPixel = 8 << random.nextInt(3);
            boolean usual = random.nextBoolean();
            int[] bits = usual && bitsPerPixel == 32
                    ? new int[] {8, 8, 8}
                    : new int[] {random.nextInt(12), random.nextInt(12), random.nextInt(12)};
            ClientPixelFormat format = new ClientPixelFormat(
                    bitsPerPixel,
                    usual && bitsPerPixel == 32 ? 24 : 1 + random.nextInt(bitsPerPixel),
                    random.nextBoolean(),
                    random.nextInt(8) > 0,
                    (1 << bits[0]) - 1,
                    (1 << bits[1]) - 1,
                    (1 << bits[2]) - 1,
                    usual ? 8 * random.nextInt(4) : random.nextInt(32),
                    usual ? 8 * random.nextInt(4) : random.nextInt(32),
                    usual ? 8 * random.nextInt(4) : random.nextInt(32));
            if (format.isSupported()) {
                return format;
            }
        }
    }

    private static List<Integer> anyEncodings(Random random) {
        List<Integer> encodings = new ArrayList<>(List.of(1, -239));
        encodings.add(LOSSLESS.get(random.nextInt(LOSSLESS.size())));
        encodings.add(-256 + random.nextInt(10));
        return encodings;
    }

    private static Rectangle anyArea(Random random, int width, int height) {
        int x = random.nextInt(width);
        int y = random.nextInt(height);
        return new Rectangle(x, y, 1 + random.nextInt(width - x), 1 + random.nextInt(height - y));
    }

    @Test
    void whatIsEncodedIsWhatIsDecoded() {
        for (int round = 0; round < ROUNDS; round++) {
            long seed = seeds.nextLong();
            try {
                roundTrip(new Random(seed));
            } catch (RuntimeException | AssertionError wrong) {
                throw new AssertionError("with seed " + seed + ": " + wrong.getMessage(), wrong);
            }
        }
    }

    private static void roundTrip(Random random) {
        int width = 1 + random.nextInt(random.nextBoolean() ? 300 : 20);
        int height = 1 + random.nextInt(random.nextBoolean() ? 200 : 20);
        int[] picture = new int[width * height];
        Motif.any(random).paint(random, picture, width, 0, 0, width, height);
        ByteBuf out = Unpooled.buffer();
        try (PictureEncoder encoder = new PictureEncoder(random.nextBoolean());
                PictureDecoder decoder = new PictureDecoder(width, height);
                Frame frame = new Frame()) {
            encoder.use(anyEncodings(random));
            Rectangle everything = new Rectangle(0, 0, width, height);
            for (int update = 0; update < UPDATES; update++) {
                Rectangle area = everything;
                int count = 0;
                out.clear();
                if (update == 0 || random.nextInt(4) == 0) {
                    ClientPixelFormat format = anyFormat(random);
                    encoder.use(format);
                    decoder.use(format);
                } else {
                    if (random.nextInt(3) == 0) {
                        encoder.use(anyEncodings(random));
                    }
                    if (random.nextBoolean()) {
                        Rectangle target = anyArea(random, width, height);
                        int fromX = random.nextInt(width - target.width() + 1);
                        int fromY = random.nextInt(height - target.height() + 1);
                        encoder.move(new Move(target, fromX, fromY), out);
                        count++;
                        move(picture, width, target, fromX, fromY);
                    }
                    area = anyArea(random, width, height);
                    Motif.any(random).paint(random, picture, width, area.x(), area.y(), area.width(), area.height());
                }
                PaintedFrame.paint(frame, width, height, picture);
                count += encoder.encode(frame, area, out);
                decoder.read(out, count);
                compare(encoder.format(), picture, decoder, width, height);
            }
        } finally {
            out.release();
        }
    }

    private static void move(int[] picture, int width, Rectangle target, int fromX, int fromY) {
        int[] before = picture.clone();
        for (int y = 0; y < target.height(); y++) {
            System.arraycopy(
                    before,
                    (fromY + y) * width + fromX,
                    picture,
                    (target.y() + y) * width + target.x(),
                    target.width());
        }
    }

    private static void compare(
            ClientPixelFormat format, int[] picture, PictureDecoder decoder, int width, int height) {
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int expected = PictureDecoder.expected(format, picture[y * width + x]);
                int number = decoder.number(x, y);
                if (format.isExact()) {
                    number &= format.mask();
                }
                if (expected != number) {
                    throw new AssertionError(String.format(
                            java.util.Locale.ROOT,
                            "%d,%d of %dx%d is %x instead of %x, as %s",
                            x,
                            y,
                            width,
                            height,
                            number,
                            expected,
                            format));
                }
            }
        }
    }

    @Test
    void jpegIsNearToThePictureAndTheNearerTheHigherItsQuality() {
        int width = 300;
        int height = 200;
        int[] picture = new int[width * height];
        Motif.PHOTO.paint(new Random(1), picture, width, 0, 0, width, height);
        double least = 0;
        int smallest = 0;
        for (int level = 0; level < 10; level++) {
            ByteBuf out = Unpooled.buffer();
            try (PictureEncoder encoder = new PictureEncoder(true);
                    PictureDecoder decoder = new PictureDecoder(width, height);
                    Frame frame = PaintedFrame.of(width, height, picture)) {
                encoder.use(List.of(7, -32 + level));
                int count = encoder.encode(frame, new Rectangle(0, 0, width, height), out);
                int size = out.readableBytes();
                decoder.read(out, count);
                assertTrue(decoder.jpegs > 0, "no JPEG");
                double ratio = psnr(picture, decoder, width);
                assertTrue(ratio > 29 && ratio >= least, "level " + level + ": " + ratio + " dB after " + least);
                assertTrue(size >= smallest, "level " + level + ": " + size + " bytes after " + smallest);
                least = ratio;
                smallest = size;
            } finally {
                out.release();
            }
        }
        assertTrue(least > 40, least + " dB at best");
    }

    private static double psnr(int[] picture, PictureDecoder decoder, int width) {
        double squares = 0;
        for (int i = 0; i < picture.length; i++) {
            int is = decoder.number(i % width, i / width);
            for (int shift = 0; shift < 24; shift += 8) {
                double difference = (picture[i] >> shift & 0xff) - (is >> shift & 0xff);
                squares += difference * difference;
            }
        }
        return 10 * Math.log10(255.0 * 255.0 * 3 * picture.length / squares);
    }

    @Test
    void nothingIsLostWithoutLeaveOfBothSides() {
        int width = 300;
        int height = 200;
        int[] picture = new int[width * height];
        Motif.PHOTO.paint(new Random(1), picture, width, 0, 0, width, height);
        record Case(boolean mayLose, ClientPixelFormat format, List<Integer> encodings, int jpegs) {}
        ClientPixelFormat eightBits = new ClientPixelFormat(8, 8, false, true, 7, 7, 3, 5, 2, 0);
        ClientPixelFormat sixteenBits = new ClientPixelFormat(16, 16, false, true, 31, 63, 31, 11, 5, 0);
        for (Case one : List.of(
                new Case(true, ClientPixelFormat.NATIVE, List.of(7, -27), 1),
                new Case(true, sixteenBits, List.of(7, -450), 1),
                new Case(false, ClientPixelFormat.NATIVE, List.of(7, -27), 0),
                new Case(true, ClientPixelFormat.NATIVE, List.of(7), 0),
                new Case(true, ClientPixelFormat.NATIVE, List.of(16, -27), 0),
                new Case(true, eightBits, List.of(7, -27), 0))) {
            ByteBuf out = Unpooled.buffer();
            try (PictureEncoder encoder = new PictureEncoder(one.mayLose);
                    PictureDecoder decoder = new PictureDecoder(width, height);
                    Frame frame = PaintedFrame.of(width, height, picture)) {
                encoder.use(one.format);
                decoder.use(one.format);
                encoder.use(one.encodings);
                decoder.read(out, encoder.encode(frame, new Rectangle(0, 0, width, height), out));
                assertEquals(one.jpegs, decoder.jpegs, one::toString);
                if (one.jpegs == 0) {
                    compare(one.format, picture, decoder, width, height);
                }
            } finally {
                out.release();
            }
        }
    }
}
