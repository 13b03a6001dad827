package io.vfio4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/** A password in the first and only line of a file: not on a command line, where everybody could read it. */
final class PasswordFile {
    private static final int MOST_BYTES = 1024;
    private static final Set<PosixFilePermission> FOR_OTHERS = PosixFilePermissions.fromString("---rw-rw-");

    private final Path file;

    PasswordFile(Path file) {
        this.file = file;
    }

    /**
     * Reads it.
     *
     * @param err is told where others can read the file too
     * @return not empty
     * @throws IOException when there is none, with a sentence that says why, and never what is in the file
     */
    char[] read(PrintWriter err) throws IOException {
        char[] password = firstLine(decoded(content()));
        warnOfOthers(err);
        return password;
    }

    private byte[] content() throws IOException {
        if (Files.isDirectory(file)) {
            throw refused("it is a directory");
        }
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(MOST_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw refused("there is no such file");
        } catch (AccessDeniedException e) {
            throw refused("access denied");
        }
        if (content.length > MOST_BYTES) {
            throw refused("it has more than " + MOST_BYTES + " bytes, as no password has");
        }
        return content;
    }

    private char[] decoded(byte[] content) throws IOException {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content));
            return Arrays.copyOfRange(text.array(), text.position(), text.limit());
        } catch (CharacterCodingException e) {
            throw refused("it is no UTF-8 text");
        }
    }

    private char[] firstLine(char[] text) throws IOException {
        int end = 0;
        while (end < text.length && text[end] != '\n' && text[end] != '\r') {
            end++;
        }
        for (int i = end; i < text.length; i++) {
            if (text[i] != '\n' && text[i] != '\r') {
                throw refused("it has more than one line");
            }
        }
        if (end == 0) {
            throw refused("it is empty; its line is the password");
        }
        return Arrays.copyOf(text, end);
    }

    private void warnOfOthers(PrintWriter err) throws IOException {
        if (!Files.isRegularFile(file)
                || !file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        if (Files.getPosixFilePermissions(file).stream().anyMatch(FOR_OTHERS::contains)) {
            err.println("vfio4j: warning: others have access to the password in " + file + "; 'chmod 600 " + file
                    + "' takes it from them");
            err.flush();
        }
    }

    IOException refused(String why) {
        return new IOException("no password can be read from " + file + ": " + why);
    }
}
