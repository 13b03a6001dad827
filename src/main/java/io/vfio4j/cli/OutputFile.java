package io.vfio4j.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Where a command writes bytes: a file, or standard output for {@code -}. A file is there in full or as it was: it is written beside its
 * place, and then put there.
 */
final class OutputFile {
    /** The name of standard output. */
    static final String STANDARD_OUTPUT = "-";

    private final String name;

    OutputFile(String name) {
        this.name = name;
    }

    boolean isStandardOutput() {
        return name.equals(STANDARD_OUTPUT);
    }

    String name() {
        return isStandardOutput() ? "standard output" : name;
    }

    /** Writes the content. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes it.
     *
     * @param standardOutput for {@code -}; is flushed, not closed
     */
    void write(OutputStream standardOutput, Content content) throws IOException {
        try {
            if (isStandardOutput()) {
                content.writeTo(standardOutput);
                standardOutput.flush();
            } else {
                writeFile(Path.of(name), content);
            }
        } catch (NoSuchFileException e) {
            throw new IOException("cannot write " + name() + ": there is no such directory", e);
        } catch (AccessDeniedException e) {
            throw new IOException("cannot write " + name() + ": access denied", e);
        } catch (FileSystemException e) {
            throw new IOException("cannot write " + name() + (e.getReason() == null ? "" : ": " + e.getReason()), e);
        } catch (IOException e) {
            throw new IOException("cannot write " + name() + ": " + e.getMessage(), e);
        }
    }

    private static void writeFile(Path file, Content content) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException("it is a directory");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // A pipe or a device: putting a file in its place is not what is meant.
            try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.WRITE)) {
                content.writeTo(out);
            }
            return;
        }
        // Behind a link: the link stays.
        Path place = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        Path beside = place.resolveSibling(
                "." + place.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        boolean done = false;
        try {
            try (OutputStream out = Files.newOutputStream(beside)) {
                content.writeTo(out);
            }
            Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE);
            done = true;
        } finally {
            if (!done) {
                Files.deleteIfExists(beside);
            }
        }
    }
}
