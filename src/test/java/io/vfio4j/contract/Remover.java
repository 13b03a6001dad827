package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.TestReporter;

/**
 * A process that writes an attribute of sysfs which takes a device away, and measures how long the kernel keeps it: a process of its own,
 * because such a writer cannot be killed for as long as the device is open.
 */
public final class Remover {
    private static final long PATIENCE_SECONDS = 30;
    private static final Duration LONGEST = Duration.ofSeconds(1);
    private static final int ATTEMPTS = 3;
    private static final String SCRIPT =
            "begin=${EPOCHREALTIME/./}; printf %s \"$1\" >\"$0\" || exit; echo $((${EPOCHREALTIME/./} - begin))";

    private final Process process;
    private Optional<Duration> took = Optional.empty();

    private Remover(Process process) {
        this.process = process;
    }

    /** Begins to write; returns at once. */
    public static Remover write(Path attribute, String text) throws IOException {
        return new Remover(new ProcessBuilder("bash", "-c", SCRIPT, attribute.toString(), text)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Whether the kernel has let go of the writer. */
    public boolean isDone() {
        return !process.isAlive();
    }

    /** Waits until the kernel has let go of the writer; returns how long that took. */
    public Duration await() throws IOException, InterruptedException {
        if (took.isEmpty()) {
            took = Optional.of(awaitFirst());
        }
        return took.get();
    }

    private Duration awaitFirst() throws IOException, InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("after " + PATIENCE_SECONDS + " s the device is still not removed");
        }
        String micros = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (process.exitValue() != 0) {
            throw new IOException("the remover failed with exit code " + process.exitValue());
        }
        return Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(Long.parseLong(micros)));
    }

    /** Takes a device away under its user; returns how long the remover waited. */
    @FunctionalInterface
    public interface Removing {
        Duration takeAway() throws Exception;
    }

    /**
     * The removal finishes within a second. An emulated machine on a busy host may be held up for longer than that by itself, so there are
     * three attempts; each has to end, though.
     */
    public static void assertWithinASecond(String what, TestReporter reporter, Removing removing) throws Exception {
        List<Duration> times = new ArrayList<>();
        while (times.size() < ATTEMPTS) {
            Duration took = removing.takeAway();
            reporter.publishEntry(what, "removed in " + took.toMillis() + " ms");
            if (took.compareTo(LONGEST) < 0) {
                return;
            }
            times.add(took);
        }
        fail("the remover waited for " + times);
    }
}
