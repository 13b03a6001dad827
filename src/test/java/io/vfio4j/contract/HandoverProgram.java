package io.vfio4j.contract;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** {@code native/kernel/test/handover}: a small program in C that has a device, and offers it on a socket. */
public final class HandoverProgram implements TestOwner {
    private static final long PATIENCE_SECONDS = 30;

    private final Process process;
    private final BufferedReader output;
    private boolean ended;

    private HandoverProgram(Process process, BufferedReader output) {
        this.process = process;
        this.output = output;
    }

    /** Starts it, and waits until it listens. */
    public static HandoverProgram start(UUID device, String socket) throws IOException {
        String programs = System.getenv("VFIO4J_REAL_PROGRAMS");
        if (programs == null) {
            throw new IOException("VFIO4J_REAL_PROGRAMS does not say where the program `handover` is");
        }
        Process process = new ProcessBuilder(Path.of(programs, "handover").toString(), device.toString(), socket)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        if (!"ready".equals(line)) {
            process.destroyForcibly();
            throw new IOException("handover said " + line + " instead of ready");
        }
        return new HandoverProgram(process, output);
    }

    @Override
    public int pid() {
        return (int) process.pid();
    }

    @Override
    public boolean goesOn() {
        return process.isAlive();
    }

    /** SIGTERM: it asks its device once more before it ends, and says whether that answered. */
    @Override
    public void close() throws IOException {
        if (ended) {
            return;
        }
        ended = true;
        // Not Process.destroy(): it closes the stream that the last line comes through.
        process.toHandle().destroy();
        String line = output.readLine();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("handover does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while handover ends", e);
        }
        if (!"device still answers".equals(line) || process.exitValue() != 0) {
            throw new IOException("handover said " + line + " and ended with " + process.exitValue());
        }
    }
}
