package io.vfio4j.frontend.rfb;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.vfio4j.display.pixels.BenchFrame;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a 1080p picture costs in each encoding, in processor time of the thread that encodes it: a desktop with text, a photo, and noise.
 *
 * <p>Arguments: the number of rounds, then, if wanted, those of the cases' names that are measured.
 */
public final class EncodeBench {
    private static final int WIDTH = 1920;
    private static final int HEIGHT = 1080;
    private static final Rectangle EVERYTHING = new Rectangle(0, 0, WIDTH, HEIGHT);
    private static final double MILLI = 1e6;
    private static final int MOST_BYTES = 16 << 20;

    private static final ClientPixelFormat LITTLE_565 =
            new ClientPixelFormat(16, 16, false, true, 31, 63, 31, 11, 5, 0);
    private static final ClientPixelFormat RED_LOWEST =
            new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 0, 8, 16);

    private record Wish(ClientPixelFormat format, List<Integer> encodings) {}

    private EncodeBench() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        int rounds = Integer.parseInt(arguments[0]);
        List<String> wanted = Arrays.asList(arguments).subList(1, arguments.length);
        Map<String, int[]> pictures = new LinkedHashMap<>();
        pictures.put("desktop", desktop());
        pictures.put("photo", photo());
        pictures.put("noise", noise());
        Map<String, Wish> wishes = new LinkedHashMap<>();
        ClientPixelFormat usual = ClientPixelFormat.NATIVE;
        wishes.put("raw", new Wish(usual, List.of(0)));
        wishes.put("raw-rgb", new Wish(RED_LOWEST, List.of(0)));
        wishes.put("raw-565", new Wish(LITTLE_565, List.of(0)));
        wishes.put("zlib-1", new Wish(usual, List.of(6, -255)));
        wishes.put("zrle-1", new Wish(usual, List.of(16, -255)));
        wishes.put("zrle-2", new Wish(usual, List.of(16, -254)));
        wishes.put("zrle-6", new Wish(usual, List.of(16, -250)));
        wishes.put("tight-1", new Wish(usual, List.of(7, -255)));
        wishes.put("tight-2", new Wish(usual, List.of(7, -254)));
        wishes.put("tight-6", new Wish(usual, List.of(7, -250)));
        wishes.put("tight-jpeg-6", new Wish(usual, List.of(7, -255, -26)));
        wishes.put("tight-565", new Wish(LITTLE_565, List.of(7, -255)));
        for (Map.Entry<String, int[]> picture : pictures.entrySet()) {
            try (Frame frame = BenchFrame.of(WIDTH, HEIGHT, picture.getValue())) {
                wishes.forEach((name, wish) -> {
                    if (wanted.isEmpty() || wanted.contains(name)) {
                        measure(picture.getKey() + " " + name, frame, wish, rounds, out);
                    }
                });
            }
        }
    }

    private static void measure(String name, Frame frame, Wish wish, int rounds, PrintStream out) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.directBuffer(MOST_BYTES);
        try (PictureEncoder encoder = new PictureEncoder(true)) {
            encoder.use(wish.format());
            encoder.use(wish.encodings());
            long[] nanos = new long[rounds];
            long allocated = 0;
            for (int round = -rounds; round < rounds; round++) {
                bytes.clear();
                if (round == 0) {
                    allocated = -threads.getCurrentThreadAllocatedBytes();
                }
                long start = threads.getCurrentThreadCpuTime();
                encoder.encode(frame, EVERYTHING, bytes);
                if (round >= 0) {
                    nanos[round] = threads.getCurrentThreadCpuTime() - start;
                }
            }
            allocated += threads.getCurrentThreadAllocatedBytes();
            Arrays.sort(nanos);
            out.printf(
                    "%-22s %8.2f ms (least %.2f), %9d bytes, %d allocated%n",
                    name, nanos[rounds / 2] / MILLI, nanos[0] / MILLI, bytes.readableBytes(), allocated / rounds);
        } finally {
            bytes.release();
        }
    }

    private static int next(int state) {
        int next = state ^ state << 13;
        next ^= next >>> 17;
        return next ^ next << 5;
    }

    /** A ground of slowly changing blue, windows of one colour with lines of text, and a photo. */
    private static int[] desktop() {
        int[] pixels = new int[WIDTH * HEIGHT];
        int state = 1;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int colour = 0x203040 + (y >> 3);
                boolean inText = x >= 100 && x < 1100 && y >= 80 && y < 980;
                boolean inPhoto = x >= 1200 && x < 1712 && y >= 200 && y < 584;
                if (inText) {
                    state = next(state);
                    boolean ink = y % 18 < 11 && x % 9 < 7 && (state & 0x300) == 0;
                    colour = ink ? 0x202020 : 0xf8f8f8;
                } else if (inPhoto) {
                    state = next(state);
                    colour = photoPixel(x, y, state);
                }
                pixels[y * WIDTH + x] = colour;
            }
        }
        return pixels;
    }

    private static int photoPixel(int x, int y, int state) {
        int red = (x * 3 + y >> 3 & 0xff) ^ state & 3;
        int green = (y * 3 - x >> 3 & 0xff) ^ state >> 2 & 3;
        int blue = (x + y >> 2 & 0xff) ^ state >> 4 & 3;
        return red << 16 | green << 8 | blue;
    }

    private static int[] photo() {
        int[] pixels = new int[WIDTH * HEIGHT];
        int state = 1;
        for (int i = 0; i < pixels.length; i++) {
            state = next(state);
            pixels[i] = photoPixel(i % WIDTH, i / WIDTH, state);
        }
        return pixels;
    }

    private static int[] noise() {
        int[] pixels = new int[WIDTH * HEIGHT];
        int state = 1;
        for (int i = 0; i < pixels.length; i++) {
            state = next(state);
            pixels[i] = state & 0xffffff;
        }
        return pixels;
    }
}
