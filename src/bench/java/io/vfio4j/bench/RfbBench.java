package io.vfio4j.bench;

import io.vfio4j.bench.LoadClients.Second;
import io.vfio4j.bench.MeasuredServer.Flip;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The VNC server beside libvncserver: what a moving window of 1920x1080 at 60 Hz costs with many local clients, how long a picture takes
 * from the guest's flip until a client has decoded it, what an idle display costs, and what a client that stands still does to the others.
 * All servers are measured in one run, in turns; each stands still, or is not there, while another is measured.
 *
 * <p>Arguments: a directory with the programs in C, the number of rounds, and parts of it ({@code load}, {@code glass}, {@code idle},
 * {@code stop}), all by default.
 */
public final class RfbBench {
    private static final String OURS = "vfio4j";
    private static final String ONE_THREAD = "libvncserver, 1 thread";
    private static final String MANY_THREADS = "libvncserver, 2 a client";

    private static final int WIDTH = 1920;
    private static final int HEIGHT = 1080;
    private static final int HERTZ = 60;
    private static final int FIRST_PORT = 15_900;
    private static final List<String> LOAD_ENCODINGS = List.of("raw", "zrle", "tight");
    private static final List<String> GLASS_ENCODINGS = List.of("raw", "zlib", "zrle", "tight");
    private static final int[] CLIENTS = {1, 10, 50};
    private static final int LOAD_SECONDS = 4;
    private static final int WARM_UP_SECONDS = 6;
    private static final int GLASS_WARM_UP_SECONDS = 3;
    private static final int GLASS_SECONDS = 5;
    private static final int IDLE_SETTLING_SECONDS = 8;
    private static final int IDLE_SECONDS = 8;
    private static final int LONGEST_START_SECONDS = 20;
    private static final int STOP_AROUND_SECONDS = 6;
    private static final int STOP_SECONDS = 30;

    private final Path directory;
    private final PrintStream out;
    private int port = FIRST_PORT;
    private final Map<String, List<double[]>> loads = new LinkedHashMap<>();
    private final Map<String, List<double[]>> latencies = new LinkedHashMap<>();
    private final Map<String, List<double[]>> idles = new LinkedHashMap<>();
    private final Map<String, List<double[]>> stops = new LinkedHashMap<>();

    private RfbBench(Path directory, PrintStream out) {
        this.directory = directory;
        this.out = out;
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        RfbBench bench = new RfbBench(Path.of(arguments[0]), out);
        int rounds = Integer.parseInt(arguments[1]);
        Set<String> parts = arguments.length > 2
                ? Set.of(Arrays.copyOfRange(arguments, 2, arguments.length))
                : Set.of("load", "glass", "idle", "stop");
        for (int round = 0; round < rounds; round++) {
            for (String part : List.of("load", "glass", "idle", "stop")) {
                if (parts.contains(part)) {
                    bench.measure(part);
                }
            }
        }
        bench.print();
    }

    /** What cannot be measured is left out of the tables, and not waited for. */
    private void measure(String part) throws Exception {
        try {
            switch (part) {
                case "load" -> measureLoads();
                case "glass" -> measureGlass();
                case "idle" -> measureIdle();
                default -> measureStops();
            }
        } catch (IOException | IllegalStateException incomplete) {
            out.println("  " + part + " is not complete: " + incomplete.getMessage());
        }
    }

    // The servers

    private MeasuredServer ours(String dialect, String scenario) throws IOException {
        Path log = Files.createTempFile(directory, "flips", ".txt");
        port++;
        return new MeasuredServer(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        RfbHost.class.getName(),
                        Integer.toString(port),
                        Integer.toString(WIDTH),
                        Integer.toString(HEIGHT),
                        dialect,
                        scenario,
                        log.toString()),
                log);
    }

    private MeasuredServer theirs(String threads, int hertz) throws IOException {
        Path log = Files.createTempFile(directory, "flips", ".txt");
        port++;
        return new MeasuredServer(
                List.of(
                        directory.resolve("vnc_server").toString(),
                        Integer.toString(port),
                        Integer.toString(WIDTH),
                        Integer.toString(HEIGHT),
                        Integer.toString(hertz),
                        threads,
                        log.toString()),
                log);
    }

    // Clients that read

    private void measureLoads() throws Exception {
        MeasuredServer ours = ours("v6", "window");
        int ourPort = port;
        try (ours) {
            for (String encoding : LOAD_ENCODINGS) {
                drain(ours, ourPort, 10, encoding, WARM_UP_SECONDS);
                for (int clients : CLIENTS) {
                    String cell = encoding + ", " + clients;
                    keep(loads, cell + ", " + OURS, drain(ours, ourPort, clients, encoding, LOAD_SECONDS));
                    ours.signal("STOP");
                    try {
                        keep(loads, cell + ", " + ONE_THREAD, drainTheirs("one", clients, encoding));
                        keep(loads, cell + ", " + MANY_THREADS, drainTheirs("many", clients, encoding));
                    } finally {
                        ours.signal("CONT");
                    }
                }
            }
        }
    }

    private double[] drainTheirs(String threads, int clients, String encoding) throws IOException {
        MeasuredServer theirs = theirs(threads, HERTZ);
        try (theirs) {
            long start = System.nanoTime();
            double[] figures = drain(theirs, port, clients, encoding, LOAD_SECONDS);
            double seconds = (System.nanoTime() - start) / 1e9;
            double drawing = theirs.end().stream()
                            .filter(flip -> flip.flipNanos() >= start)
                            .mapToLong(Flip::drawingNanos)
                            .sum()
                    / 1e9
                    / seconds;
            figures[0] -= drawing;
            figures[3] = drawing;
            return figures;
        }
    }

    /** Processor seconds a second without the guest's drawing; updates and bytes a client and second; the guest's share. */
    private double[] drain(MeasuredServer server, int at, int clients, String encoding, int seconds)
            throws IOException {
        // Longer than is measured: threads that end with their client take their processor time with them.
        try (LoadClients load = new LoadClients(directory, at, clients, encoding, seconds + 3)) {
            load.next();
            long start = System.nanoTime();
            Map<String, Long> before = server.processorNanos();
            long updates = 0;
            long bytes = 0;
            for (int i = 0; i < seconds; i++) {
                Second second = load.next();
                updates += second.updates();
                bytes += second.bytes();
            }
            Map<String, Long> spent = difference(before, server.processorNanos());
            double nanos = System.nanoTime() - start;
            long guest = spent.getOrDefault("guest", 0L);
            double all = spent.values().stream().mapToLong(Long::longValue).sum();
            out.printf(
                    Locale.ROOT,
                    "  %s, %d clients: %.3f processors, %.1f updates/s each, %s%n",
                    encoding,
                    clients,
                    all / nanos,
                    updates * 1e9 / nanos / clients,
                    shares(spent, nanos));
            return new double[] {
                (all - guest) / nanos, updates * 1e9 / nanos / clients, bytes * 1e9 / nanos / clients, guest / nanos
            };
        }
    }

    private static Map<String, Long> difference(Map<String, Long> before, Map<String, Long> after) {
        Map<String, Long> difference = new HashMap<>();
        after.forEach((name, nanos) -> difference.put(name, nanos - before.getOrDefault(name, 0L)));
        return difference;
    }

    private static String shares(Map<String, Long> spent, double nanos) {
        return spent.entrySet().stream()
                .filter(thread -> thread.getValue() / nanos > 0.0005)
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(thread ->
                        String.format(Locale.ROOT, "%s %.1f %%", thread.getKey(), 100 * thread.getValue() / nanos))
                .collect(Collectors.joining(", "));
    }

    // From the flip to the decoded picture

    private void measureGlass() throws Exception {
        MeasuredServer ours = ours("v6", "window");
        Map<String, Map<Long, Long>> decoded = new LinkedHashMap<>();
        try (ours) {
            for (String encoding : GLASS_ENCODINGS) {
                decode(port, encoding, GLASS_WARM_UP_SECONDS);
                decoded.put(encoding, decode(port, encoding, GLASS_SECONDS));
            }
            List<Flip> flips = ours.end();
            decoded.forEach((encoding, frames) -> keepLatencies(encoding + ", " + OURS, flips, frames));
        }
        for (String threads : List.of("one", "many")) {
            for (String encoding : GLASS_ENCODINGS) {
                MeasuredServer theirs = theirs(threads, HERTZ);
                try (theirs) {
                    Map<Long, Long> frames = decode(port, encoding, GLASS_SECONDS);
                    String name = threads.equals("one") ? ONE_THREAD : MANY_THREADS;
                    keepLatencies(encoding + ", " + name, theirs.end(), frames);
                }
            }
        }
    }

    /** When each frame was decoded, but for those of the first second. */
    private Map<Long, Long> decode(int at, String encoding, int seconds) throws IOException {
        Process client = new ProcessBuilder(
                        directory.resolve("vnc_glass").toString(),
                        Integer.toString(at),
                        encoding,
                        Integer.toString(seconds + 1))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        CompletableFuture.delayedExecutor(seconds + LONGEST_START_SECONDS, TimeUnit.SECONDS)
                .execute(client::destroyForcibly);
        Map<Long, Long> frames = new LinkedHashMap<>();
        OptionalLong first = OptionalLong.empty();
        try (BufferedReader lines = client.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] numbers = line.split(" ");
                long time = Long.parseLong(numbers[1]);
                first = first.isPresent() ? first : OptionalLong.of(time);
                if (time > first.getAsLong() + 1_000_000_000) {
                    frames.putIfAbsent(Long.parseLong(numbers[0]), time);
                }
            }
        }
        return frames;
    }

    private void keepLatencies(String what, List<Flip> flips, Map<Long, Long> decoded) {
        List<Flip> seen =
                flips.stream().filter(flip -> decoded.containsKey(flip.frame())).toList();
        if (seen.isEmpty()) {
            throw new IllegalStateException(what + ": no frame that was flipped was decoded");
        }
        long[] sorted = seen.stream()
                .mapToLong(flip -> decoded.get(flip.frame()) - flip.flipNanos())
                .sorted()
                .toArray();
        double[] figures = {quantile(sorted, 50), quantile(sorted, 99), seen.size() / (double) GLASS_SECONDS};
        out.printf(
                Locale.ROOT,
                "  glass, %s: p50 %.2f ms, p99 %.2f ms, %.1f frames/s%n",
                what,
                figures[0],
                figures[1],
                figures[2]);
        keep(latencies, what, figures);
    }

    private static double quantile(long[] sorted, int percent) {
        return sorted[sorted.length * percent / 100] / 1e6;
    }

    // Nothing happens

    private void measureIdle() throws Exception {
        for (String dialect : List.of("v6", "v5", "mainline", "mdpy")) {
            MeasuredServer ours = ours(dialect, "idle");
            try (ours) {
                keep(idles, OURS + ", " + dialect, idle(ours));
            }
        }
        MeasuredServer theirs = theirs("one", 0);
        try (theirs) {
            keep(idles, ONE_THREAD, idle(theirs));
        }
    }

    /** Processor seconds a second, and of them the emulator's own. */
    private double[] idle(MeasuredServer server) throws IOException {
        try (LoadClients load = new LoadClients(directory, port, 50, "raw", IDLE_SETTLING_SECONDS + IDLE_SECONDS + 2)) {
            for (int i = 0; i < IDLE_SETTLING_SECONDS; i++) {
                load.next();
            }
            long start = System.nanoTime();
            Map<String, Long> before = server.processorNanos();
            long updates = 0;
            for (int i = 0; i < IDLE_SECONDS; i++) {
                updates += load.next().updates();
            }
            Map<String, Long> spent = difference(before, server.processorNanos());
            double nanos = System.nanoTime() - start;
            double emulator = spent.getOrDefault("vfio4j-emulated", 0L);
            double all = spent.values().stream().mapToLong(Long::longValue).sum();
            out.printf(
                    Locale.ROOT,
                    "  idle: %.2f %% of a processor, %d updates, %s%n",
                    100 * all / nanos,
                    updates,
                    shares(spent, nanos));
            return new double[] {100 * (all - emulator) / nanos, 100 * emulator / nanos, updates};
        }
    }

    // A client stands still

    private void measureStops() throws Exception {
        MeasuredServer ours = ours("v6", "window");
        try (ours) {
            drain(ours, port, 10, "tight", WARM_UP_SECONDS);
            keep(stops, OURS, stop());
        }
        MeasuredServer theirs = theirs("one", HERTZ);
        try (theirs) {
            keep(stops, ONE_THREAD, stop());
        }
    }

    /** Updates a second of each of 49 clients: before, during and after; and the fewest that one of them got in a second meanwhile. */
    private double[] stop() throws Exception {
        int seconds = 2 * STOP_AROUND_SECONDS + STOP_SECONDS;
        try (LoadClients victim = new LoadClients(directory, port, 1, "tight", seconds + 10);
                LoadClients others = new LoadClients(directory, port, 49, "tight", seconds)) {
            double[] before = average(others, STOP_AROUND_SECONDS);
            MeasuredServer.signal(victim.process(), "STOP");
            double[] during = average(others, STOP_SECONDS);
            MeasuredServer.signal(victim.process(), "CONT");
            double[] after = average(others, STOP_AROUND_SECONDS);
            out.printf(
                    Locale.ROOT,
                    "  stop: before %.1f, during %.1f (least %.0f), after %.1f%n",
                    before[0],
                    during[0],
                    during[1],
                    after[0]);
            return new double[] {before[0], during[0], after[0], during[1]};
        }
    }

    /** The mean over all seconds but the first two, and the least of any client in any of them. */
    private static double[] average(LoadClients clients, int seconds) throws IOException {
        double updates = 0;
        double least = Double.MAX_VALUE;
        for (int i = 0; i < seconds; i++) {
            Second second = clients.next();
            if (i >= 2) {
                updates += second.updates();
                least = Math.min(least, second.least());
            }
        }
        return new double[] {updates / 49 / (seconds - 2), least};
    }

    // Tables

    private static void keep(Map<String, List<double[]>> where, String what, double[] figures) {
        where.computeIfAbsent(what, absent -> new ArrayList<>()).add(figures);
    }

    private void print() {
        if (!loads.isEmpty()) {
            out.println("\n| encoding, clients | server | processors | updates/s each | ms a client and second"
                    + " | µs an update | MB/s each | drawing |\n|---|---|---|---|---|---|---|---|");
            for (String encoding : LOAD_ENCODINGS) {
                for (int clients : CLIENTS) {
                    printLoad(encoding + ", " + clients, clients);
                }
            }
        }
        print("encoding, server | p50 ms | p99 ms | frames/s", latencies);
        print("idle | % of a core | the emulator's % | updates", idles);
        print("stopped | before | during | after | least in a second", stops);
    }

    private void printLoad(String cell, int clients) {
        List<double[]> yardstick = loads.get(cell + ", " + ONE_THREAD);
        for (String server : List.of(OURS, ONE_THREAD, MANY_THREADS)) {
            List<double[]> rounds = loads.getOrDefault(cell + ", " + server, List.of());
            if (rounds.isEmpty() || yardstick == null || yardstick.size() < rounds.size()) {
                continue;
            }
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < rounds.size(); i++) {
                ratios.add(perUpdate(rounds.get(i), clients) / perUpdate(yardstick.get(i), clients));
            }
            double[] figures = medians(rounds);
            out.printf(
                    Locale.ROOT,
                    "| %s | %s | %.3f | %.1f | %.2f | %.0f (%.2f) | %.2f | %.3f |%n",
                    cell,
                    server,
                    figures[0],
                    figures[1],
                    1e3 * figures[0] / clients,
                    1e6 * perUpdate(figures, clients),
                    median(ratios.stream()),
                    figures[2] / 1e6,
                    figures[3]);
        }
    }

    /** Seconds of processor time for an update that one client gets. */
    private static double perUpdate(double[] figures, int clients) {
        return figures[0] / (figures[1] * clients);
    }

    private void print(String head, Map<String, List<double[]>> figures) {
        if (figures.isEmpty()) {
            return;
        }
        out.println("\n| " + head + " |\n|" + "---|".repeat(head.split("\\|").length));
        figures.forEach((what, rounds) -> out.println("| " + what + " | "
                + Arrays.stream(medians(rounds))
                        .mapToObj(figure -> String.format(Locale.ROOT, "%.2f", figure))
                        .collect(Collectors.joining(" | "))
                + " |"));
    }

    private static double[] medians(List<double[]> rounds) {
        double[] medians = new double[rounds.get(0).length];
        for (int i = 0; i < medians.length; i++) {
            int column = i;
            medians[i] = median(rounds.stream().map(figures -> figures[column]));
        }
        return medians;
    }

    private static double median(Stream<Double> figures) {
        List<Double> sorted = figures.sorted(Comparator.naturalOrder()).toList();
        return sorted.get(sorted.size() / 2);
    }
}
