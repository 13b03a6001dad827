package io.vfio4j.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** An example, run as a reader of the README runs it: in a JVM of its own. */
final class ExampleProcess implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 40;
    private static final int SECONDS_FOR_THREADS = 3;
    private static final int MOST_OTHERS = 400;

    private final Process process;
    private final BufferedReader out;

    ExampleProcess(Class<?> example, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.awt.headless=true",
                "-cp",
                System.getProperty("java.class.path"),
                example.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        out = process.inputReader(UTF_8);
        process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).whenComplete((ended, late) -> {
            if (late != null) {
                giveUp();
            }
        });
    }

    /** Reading its output cannot be interrupted, so it has to end; before, it says in its output what its threads do. */
    private void giveUp() {
        try {
            new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid())).start();
        } catch (IOException withoutThreads) {
            process.destroyForcibly();
        }
        process.onExit().orTimeout(SECONDS_FOR_THREADS, TimeUnit.SECONDS).whenComplete((ended, late) -> close());
    }

    /** The first line from here on that fits. */
    String await(Predicate<String> wanted) throws IOException {
        List<String> others = new LinkedList<>();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (wanted.test(line)) {
                return line;
            }
            others.add(line);
            if (others.size() > MOST_OTHERS) {
                others.remove(0);
            }
        }
        throw new AssertionError("it ended without that line: " + others);
    }

    /** Enter is pressed; what is left of its output. */
    List<String> pressEnter() throws IOException {
        try (var in = process.getOutputStream()) {
            in.write('\n');
        }
        return out.lines().toList();
    }

    /** As Ctrl-C and a service's end do. */
    List<String> terminate() {
        process.toHandle().destroy();
        return out.lines().toList();
    }

    int exitCode() throws InterruptedException {
        return process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
