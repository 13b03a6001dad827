package io.vfio4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A VNC server in a process of its own, and what the kernel says that it costs. */
final class MeasuredServer implements AutoCloseable {
    private static final long LONGEST_END_SECONDS = 10;

    /** When a frame was flipped, by the number in its bar code, and what it cost to draw. */
    record Flip(long frame, long flipNanos, long drawingNanos) {}

    private final Process process;
    private final Path log;

    MeasuredServer(List<String> command, Path log) throws IOException {
        this.log = log;
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        // Also where it stands still: its input would never tell it.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
        String first = answers.readLine();
        if (first == null || !first.startsWith("listening")) {
            process.destroyForcibly();
            throw new IOException(command.get(0) + " does not listen");
        }
    }

    long pid() {
        return process.pid();
    }

    /** Processor time so far, of the threads there are, by their names without numbers: sched_info of each task. */
    Map<String, Long> processorNanos() throws IOException {
        Map<String, Long> nanos = new TreeMap<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid() + "/task"))) {
            for (Path task : tasks.toList()) {
                try {
                    String name = Files.readString(task.resolve("comm")).trim().replaceAll("[#-]?\\d+$", "");
                    long spent = Long.parseLong(
                            Files.readString(task.resolve("schedstat")).split(" ")[0]);
                    nanos.merge(name, spent, Long::sum);
                } catch (IOException gone) {
                    // A thread that ended in between.
                }
            }
        }
        return nanos;
    }

    /** Has it stand still, or go on. */
    void signal(String name) throws IOException, InterruptedException {
        signal(process, name);
    }

    static void signal(Process process, String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    /** Ends it, and reads its log. */
    List<Flip> end() throws IOException {
        stop();
        List<Flip> flips = new ArrayList<>();
        if (Files.exists(log)) {
            for (String line : Files.readAllLines(log)) {
                String[] numbers = line.split(" ");
                flips.add(new Flip(Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), Long.parseLong(numbers[2])));
            }
        }
        return flips;
    }

    @Override
    public void close() throws IOException {
        stop();
        Files.deleteIfExists(log);
    }

    private void stop() throws IOException {
        process.outputWriter().close();
        try {
            if (!process.waitFor(LONGEST_END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException interrupt) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
