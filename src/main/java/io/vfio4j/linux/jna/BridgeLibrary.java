package io.vfio4j.linux.jna;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/** Finds the bridge for this machine and loads it, once. */
final class BridgeLibrary {
    static final String SWITCH = "io.vfio4j.bridge";
    static final String PATH = "io.vfio4j.bridge.path";
    static final String FILE = "libvfio4j-bridge.so";
    static final Optional<Throwable> CAUSE = load();

    private BridgeLibrary() {}

    private static Optional<Throwable> load() {
        if ("off".equals(System.getProperty(SWITCH))) {
            return unavailable("Switched off by -D" + SWITCH + "=off.", null);
        }
        if (JnaLinux.unavailabilityCause().isPresent()) {
            return unavailable("Not looked for, as JNA is not available.", null);
        }
        String explicit = System.getProperty(PATH, "");
        try {
            if (explicit.isEmpty()) {
                loadFromJar(EpollAbi.ofThisMachine().orElseThrow().directory() + "/" + FILE);
            } else {
                Path path = Path.of(explicit).toAbsolutePath();
                System.load((Files.isDirectory(path) ? path.resolve(FILE) : path).toString());
            }
            int version = Bridge.version();
            if (version != Bridge.VERSION) {
                return unavailable(
                        "The bridge that was found is of version " + version + ", this is for " + Bridge.VERSION
                                + ": build it anew.",
                        null);
            }
            return Optional.empty();
        } catch (IOException | LinkageError | RuntimeException failure) {
            // RuntimeException: IllegalCallerException where native access is denied to this module.
            return unavailable("The bridge could not be loaded: " + failure.getMessage(), failure);
        }
    }

    /** The library has to be a file for the time that it takes to map it; nobody else may write it meanwhile. */
    private static void loadFromJar(String resource) throws IOException {
        try (InputStream library = BridgeLibrary.class.getResourceAsStream(resource)) {
            if (library == null) {
                throw new IOException("it was not built for this architecture (no " + resource + " in the jar)");
            }
            Path directory = Files.createTempDirectory(
                    Path.of(System.getProperty("jna.tmpdir", System.getProperty("java.io.tmpdir"))),
                    "vfio4j-",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Path file = directory.resolve(FILE);
            try {
                Files.copy(library, file);
                System.load(file.toString());
            } finally {
                Files.deleteIfExists(file);
                Files.delete(directory);
            }
        }
    }

    private static Optional<Throwable> unavailable(String message, Throwable cause) {
        return Optional.of(new UnsupportedOperationException(message, cause));
    }
}
