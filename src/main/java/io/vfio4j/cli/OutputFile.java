package io.vfio4j.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Where a command writes bytes: a file, or standard output for {@code -}. A file is there in full or as it was: it is written beside its
 * place, and then put there.
 */
final class OutputFile {
    /** The name of standard output. */
    static final String STANDARD_OUTPUT = "-";

    /** As many as the kernel follows: MAXSYMLINKS of include/linux/namei.h. */
    private static final int MOST_LINKS = 40;

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
        } catch (IOException e) {
            throw new IOException("cannot write " + name() + reason(innermost(e)), e);
        }
    }

    /** ImageIO says that there was an error; what error it was is within. */
    private static IOException innermost(IOException failure) {
        IOException innermost = failure;
        while (innermost.getCause() instanceof IOException cause) {
            innermost = cause;
        }
        return innermost;
    }

    private static String reason(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return ": there is no such directory";
        }
        if (failure instanceof AccessDeniedException) {
            return ": access denied";
        }
        String reason = failure instanceof FileSystemException e ? e.getReason() : failure.getMessage();
        return reason == null ? "" : ": " + reason;
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
        Path place = behindLinks(file);
        // Nobody can know the name before, and lay a link there.
        Path beside =
                place.resolveSibling(".vfio4j-" + UUID.randomUUID().toString().replace("-", "") + ".part");
        deleteAtTheLatestOnExit(beside);
        boolean done = false;
        try {
            try (OutputStream out = create(beside, place)) {
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

    /** The links stay, and so do those that lead to nothing yet. */
    private static Path behindLinks(Path file) throws IOException {
        Path place = file.toAbsolutePath();
        for (int links = 0; Files.isSymbolicLink(place); links++) {
            if (links == MOST_LINKS) {
                throw new IOException("too many links, one to the next");
            }
            place = place.resolveSibling(Files.readSymbolicLink(place));
        }
        return place;
    }

    /** A signal ends the JVM in the midst of writing. */
    private static void deleteAtTheLatestOnExit(Path beside) throws IOException {
        try {
            beside.toFile().deleteOnExit();
        } catch (IllegalStateException alreadyEnding) {
            throw new IOException("the command has been ended", alreadyEnding);
        }
    }

    /** From its first byte on it is as open to others as the file that it replaces, and no more. */
    private static OutputStream create(Path beside, Path place) throws IOException {
        Set<OpenOption> anew = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        if (!Files.exists(place)) {
            return Channels.newOutputStream(Files.newByteChannel(beside, anew));
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(place);
        OutputStream out = Channels.newOutputStream(
                Files.newByteChannel(beside, anew, PosixFilePermissions.asFileAttribute(permissions)));
        boolean success = false;
        try {
            keepOwner(beside, place);
            // The first time the umask has taken some away.
            Files.setPosixFilePermissions(beside, permissions);
            success = true;
        } finally {
            if (!success) {
                out.close();
            }
        }
        return out;
    }

    private static void keepOwner(Path beside, Path place) throws IOException {
        for (String owner : List.of("unix:gid", "unix:uid")) {
            Object wanted = Files.getAttribute(place, owner);
            if (!wanted.equals(Files.getAttribute(beside, owner))) {
                try {
                    Files.setAttribute(beside, owner, wanted);
                } catch (FileSystemException notOurs) {
                    // Only root gives files away; the content is what was asked for.
                }
            }
        }
    }
}
