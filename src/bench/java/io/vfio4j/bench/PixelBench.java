package io.vfio4j.bench;

import com.sun.management.ThreadMXBean;
import io.vfio4j.display.pixels.Damage;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.display.pixels.PixelWork;
import io.vfio4j.display.pixels.Tiling;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a 4K picture costs: copied or converted out of mapped memory, compared with the last one, drawn on, beside the same work in C
 * (native/bench/pixels.c). The rounds alternate, so that whatever else the machine does hits both alike; the ratios are taken round by
 * round, and their median is what counts.
 *
 * <p>Arguments: the directory with {@code pixels}, the number of rounds.
 */
public final class PixelBench {
    private static final int WIDTH = 3840;
    private static final int HEIGHT = 2160;
    private static final int BYTES = WIDTH * HEIGHT * Integer.BYTES;
    private static final int CURSOR = 64;
    private static final int WARM_UP_ROUNDS = 8;
    private static final int TIMES = 5;
    private static final int CURSOR_TIMES = 2000;

    /** One picture's worth of work. */
    private interface Work {
        void run() throws IOException;
    }

    /** By what each is called; the same in C, unless {@link #question} knows another name. */
    private final Map<String, Work> works = new LinkedHashMap<>();

    private final PrintStream out;
    private final Yardstick c;

    private PixelBench(PrintStream out, Yardstick c, Mapping source) throws IOException {
        this.out = out;
        this.c = c;
        source.lend(PixelBench::fill);
        ByteBuffer target = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        works.put("copy", () -> source.copyTo(0, target, 0, BYTES));
        ByteBuffer frame = ByteBuffer.allocateDirect(BYTES);
        source.copyTo(0, frame, 0, BYTES);
        Damage still = new Damage();
        still.update(frame, WIDTH, HEIGHT);
        works.put("compare", () -> demand(!still.update(frame, WIDTH, HEIGHT)));
        ByteBuffer inverted = ByteBuffer.allocateDirect(BYTES);
        for (int i = 0; i < BYTES; i++) {
            inverted.put(i, (byte) ~frame.get(i));
        }
        Damage film = new Damage();
        film.update(inverted, WIDTH, HEIGHT);
        ByteBuffer[] pictures = {frame, inverted};
        int[] shown = {0};
        works.put("compare, all changed", () -> demand(film.update(pictures[shown[0]++ % 2], WIDTH, HEIGHT)));
        for (PixelFormat format : PixelFormat.values()) {
            PixelWork.Reading reading = PixelWork.reading(format, Tiling.LINEAR, WIDTH, HEIGHT);
            works.put(format.name(), () -> reading.read(source));
        }
        for (Tiling tiling : new Tiling[] {Tiling.X, Tiling.Y, Tiling.YF}) {
            PixelWork.Reading reading = PixelWork.reading(PixelFormat.XRGB8888, tiling, WIDTH, HEIGHT);
            works.put(tiling.name(), () -> reading.read(source));
        }
        Runnable cursor = PixelWork.cursor(CURSOR, WIDTH, HEIGHT, target);
        works.put("cursor", cursor::run);
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        SystemCalls linux = JnaLinux.open();
        Path file = Files.createTempFile(Path.of("/dev/shm"), "vfio4j-bench", null);
        try (Yardstick c = new Yardstick(arguments[0] + "/pixels");
                Descriptor memory = linux.open(file.toString(), Access.READ_WRITE)) {
            Files.write(file, new byte[BYTES]);
            try (Mapping source = linux.map(memory, 0, BYTES, Access.READ_WRITE)) {
                new PixelBench(out, c, source).measure(Integer.parseInt(arguments[1]));
            }
        } finally {
            Files.delete(file);
        }
    }

    /** The same bytes as in C. */
    private static void fill(ByteBuffer bytes) {
        int state = 1;
        for (int i = 0; i < BYTES; i++) {
            state ^= state << 13;
            state ^= state >>> 17;
            state ^= state << 5;
            bytes.put(i, (byte) state);
        }
    }

    private static void demand(boolean expected) {
        if (!expected) {
            throw new IllegalStateException("compared wrongly");
        }
    }

    private static String question(String work) {
        return work.equals("compare, all changed") ? "copy" : work;
    }

    private void measure(int rounds) throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (Map.Entry<String, Work> work : works.entrySet()) {
            String name = work.getKey();
            int times = name.equals("cursor") ? CURSOR_TIMES : TIMES;
            Figures figures = new Figures();
            long allocated = 0;
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                if (round == 0) {
                    figures.clear();
                    allocated = 0;
                }
                double inC = c.figures(question(name) + " " + times).get("us");
                long before = threads.getCurrentThreadAllocatedBytes();
                long start = System.nanoTime();
                for (int i = 0; i < times; i++) {
                    work.getValue().run();
                }
                long spent = System.nanoTime() - start;
                allocated += threads.getCurrentThreadAllocatedBytes() - before;
                figures.add(Figures.YARDSTICK, inC);
                figures.add("vfio4j", spent / 1e3 / times);
            }
            figures.print(out, name + ", us");
            out.printf("%s: %.1f bytes allocated%n", name, (double) allocated / rounds / times);
        }
    }
}
