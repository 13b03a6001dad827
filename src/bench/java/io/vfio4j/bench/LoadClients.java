package io.vfio4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process of clients that read and do not decode; all of them have their first picture when this is made. */
final class LoadClients implements AutoCloseable {
    private static final Pattern SECOND = Pattern.compile("updates=(\\d+) bytes=(\\d+) least=(\\d+) most=(\\d+)");

    /** What all got in a second, and the least that one got. */
    record Second(long updates, long bytes, long least, long most) {}

    private static final int LONGEST_START_SECONDS = 20;

    private final Process process;
    private final BufferedReader answers;

    LoadClients(Path directory, int port, int clients, String encoding, int seconds) throws IOException {
        process = new ProcessBuilder(List.of(
                        directory.resolve("vnc_load").toString(),
                        Integer.toString(port),
                        Integer.toString(clients),
                        encoding,
                        Integer.toString(seconds)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        // A server that starves a client is not waited for.
        CompletableFuture.delayedExecutor(seconds + LONGEST_START_SECONDS, TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
        answers = process.inputReader(StandardCharsets.UTF_8);
        if (!"ready".equals(answers.readLine())) {
            process.destroyForcibly();
            throw new IOException("the clients did not get a picture");
        }
    }

    Process process() {
        return process;
    }

    /** Waits until a second is over. */
    Second next() throws IOException {
        String line = answers.readLine();
        Matcher matcher = SECOND.matcher(line == null ? "" : line);
        if (!matcher.matches()) {
            throw new IOException("the clients ended early");
        }
        return new Second(
                Long.parseLong(matcher.group(1)),
                Long.parseLong(matcher.group(2)),
                Long.parseLong(matcher.group(3)),
                Long.parseLong(matcher.group(4)));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
