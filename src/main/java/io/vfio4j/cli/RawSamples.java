package io.vfio4j.cli;

import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Every sample of a probe, as CSV. Opened before anything is measured, and complete after each row. */
final class RawSamples implements Closeable {
    private static final String HEADING = "guest,hogs,signal,written_ns,latency_ns\n";

    private final Optional<BufferedWriter> file;

    private RawSamples(Optional<BufferedWriter> file) {
        this.file = file;
    }

    /** Without a name nothing is written. */
    static RawSamples open(Optional<String> name) throws IOException {
        if (name.isEmpty()) {
            return new RawSamples(Optional.empty());
        }
        try {
            BufferedWriter file = Files.newBufferedWriter(Path.of(name.get()));
            file.write(HEADING);
            file.flush();
            return new RawSamples(Optional.of(file));
        } catch (InvalidPathException e) {
            throw new IOException("cannot write " + Words.quoted(name.get()) + ": " + e.getReason(), e);
        } catch (NoSuchFileException e) {
            throw new IOException("cannot write " + name.get() + ": there is no such directory", e);
        } catch (FileSystemException e) {
            String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
            throw new IOException("cannot write " + name.get() + ": " + reason, e);
        }
    }

    /** A latency that is empty is that of a signal that was not answered. */
    void add(LatencyResult result) throws IOException {
        if (file.isEmpty()) {
            return;
        }
        LatencySetup setup = result.setup();
        String row = setup.work().name().toLowerCase(Locale.ROOT) + "," + setup.hogs() + ",";
        for (int i = 0; i < result.signals(); i++) {
            OptionalLong latency = result.latencyNanos(i);
            file.get()
                    .write(row + i + "," + result.writtenNanos(i) + ","
                            + (latency.isPresent() ? latency.getAsLong() : "") + "\n");
        }
        file.get().flush();
    }

    @Override
    public void close() throws IOException {
        if (file.isPresent()) {
            file.get().close();
        }
    }
}
