package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** {@code vfio4j serve ... --json} in this JVM, on free ports, until it is closed: then nobody reads its output any more. */
public final class ServeRun implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;

    private final Output output = new Output();
    private final StringWriter errors = new StringWriter();
    private final CompletableFuture<Integer> exitCode;

    private ServeRun(LocalHost host, String... arguments) {
        String[] all = Stream.concat(Stream.of("serve", "--json", "--listen", "127.0.0.1:0"), Stream.of(arguments))
                .toArray(String[]::new);
        exitCode = CompletableFuture.supplyAsync(
                () -> new Vfio4j(host, false).execute(new PrintWriter(output), new PrintWriter(errors, true), all),
                task -> new Thread(task, "serve").start());
        exitCode.thenRun(output::wake);
    }

    /** With a kernel in the place of the machine's own. */
    public static ServeRun on(SystemCalls calls, String... arguments) {
        return new ServeRun(() -> calls, arguments);
    }

    static ServeRun anywhere(String... arguments) {
        return new ServeRun(CommandRun.NOWHERE, arguments);
    }

    /** The port of a device; waits until it is served. */
    public int port(String device) throws InterruptedException {
        return ((Number) await("serving", line -> device.equals(line.get("device")))
                        .get("port"))
                .intValue();
    }

    /** The first line of a type that fits, also of those printed already; waits for it. */
    public Map<String, Object> await(String type, Predicate<Map<String, Object>> wanted) throws InterruptedException {
        return output.await(line -> type.equals(line.get("type")) && wanted.test(line), exitCode, errors);
    }

    /** What it wrote to standard error so far. */
    public String errors() {
        return errors.toString();
    }

    /** Waits for its end. */
    public int exitCode() {
        return exitCode.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        output.leave();
        exitCode();
    }

    /** Lines, until their reader leaves. */
    private static final class Output extends Writer {
        private final StringBuilder text = new StringBuilder();
        private final List<Map<String, Object>> lines = new ArrayList<>();
        private boolean left;

        @Override
        public synchronized void write(char[] buffer, int offset, int length) throws IOException {
            requireReader();
            text.append(buffer, offset, length);
            for (int end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
                lines.add(Json.object(text.substring(0, end)));
                text.delete(0, end + 1);
            }
            notifyAll();
        }

        @Override
        public synchronized void flush() throws IOException {
            requireReader();
        }

        private void requireReader() throws IOException {
            if (left) {
                throw new IOException("nobody reads");
            }
        }

        @Override
        public void close() {}

        synchronized void leave() {
            left = true;
        }

        synchronized void wake() {
            notifyAll();
        }

        synchronized Map<String, Object> await(
                Predicate<Map<String, Object>> wanted, CompletableFuture<Integer> exitCode, StringWriter errors)
                throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            int looked = 0;
            while (true) {
                for (; looked < lines.size(); looked++) {
                    if (wanted.test(lines.get(looked))) {
                        return lines.get(looked);
                    }
                }
                long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (exitCode.isDone() || leftMillis <= 0) {
                    throw new AssertionError("no such line in " + lines + "; standard error: " + errors);
                }
                wait(leftMillis);
            }
        }
    }
}
