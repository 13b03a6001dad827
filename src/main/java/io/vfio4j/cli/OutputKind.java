package io.vfio4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Who gets what is written to standard output or standard error. */
enum OutputKind {
    /** A person, in front of a terminal that can redraw a line. */
    TERMINAL,
    /** Another program, which may have enough before the end. */
    PIPE,
    /** A file, or a device. */
    FILE;

    private static final Path STANDARD_OUTPUT = Path.of("/proc/self/fd/1");
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    /** S_IFMT, S_IFIFO and S_IFSOCK of include/uapi/linux/stat.h. */
    private static final int TYPE = 0170000;

    private static final int FIFO = 0010000;
    private static final int SOCKET = 0140000;

    /** Of this process; the JVM's console would be about standard input too. */
    static OutputKind ofProcess() {
        return of(STANDARD_OUTPUT);
    }

    /** Who gets what this process writes to standard error. */
    static OutputKind ofProcessErrors() {
        return of(STANDARD_ERROR);
    }

    private static OutputKind of(Path descriptor) {
        try {
            if (isTerminal(Files.readSymbolicLink(descriptor).toString())) {
                return TERMINAL;
            }
            int type = (int) Files.getAttribute(descriptor, "unix:mode") & TYPE;
            return type == FIFO || type == SOCKET ? PIPE : FILE;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException unknown) {
            return PIPE;
        }
    }

    private static boolean isTerminal(String target) {
        String term = System.getenv("TERM");
        return term != null && !term.equals("dumb") && target.matches("/dev/(pts/\\d+|tty\\w*|console)");
    }
}
