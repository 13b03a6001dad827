package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.IIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs({OS.LINUX, OS.MAC})
class OutputFileTest {
    private static final byte[] CONTENT = {1, 2, 3};

    @TempDir
    private Path directory;

    private static void write(Path file) throws IOException {
        write(file, out -> out.write(CONTENT));
    }

    private static void write(Path file, OutputFile.Content content) throws IOException {
        new OutputFile(file.toString()).write(OutputStream.nullOutputStream(), content);
    }

    private List<Path> files() throws IOException {
        return files(directory);
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void aNewFileHasThePermissionsOfEveryNewFile() throws IOException {
        Path usual = Files.write(directory.resolve("usual"), CONTENT);
        Path file = directory.resolve("file");
        write(file);
        assertEquals(permissions(usual), permissions(file));
        assertArrayEquals(CONTENT, Files.readAllBytes(file));
        assertEquals(List.of(file, usual), files(), "and nothing beside it");
    }

    @Test
    void aFileThatIsReplacedKeepsItsPermissions() throws IOException {
        for (String permissions : List.of("rw-------", "rw-rw-rw-", "rwxr-x--x", "r--------")) {
            Path file = Files.write(directory.resolve(permissions), new byte[10]);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
            write(file, out -> {
                Path beside = files().stream()
                        .filter(path -> path.toString().endsWith(".part"))
                        .findFirst()
                        .orElseThrow();
                assertEquals(permissions, permissions(beside), "before the first byte is written");
                out.write(CONTENT);
            });
            assertEquals(permissions, permissions(file));
            assertArrayEquals(CONTENT, Files.readAllBytes(file));
        }
    }

    @Test
    void aFileThatIsReplacedKeepsItsOwnerWhereThatIsAllowed() throws IOException {
        Path file = Files.write(directory.resolve("file"), CONTENT);
        assumeTrue(Files.getAttribute(file, "unix:uid").equals(0), "only root gives files away");
        Files.setAttribute(file, "unix:uid", 4711);
        Files.setAttribute(file, "unix:gid", 4712);
        write(file);
        assertEquals(4711, Files.getAttribute(file, "unix:uid"));
        assertEquals(4712, Files.getAttribute(file, "unix:gid"));
    }

    @Test
    void nobodyCanGuessTheNameBesideIt() throws IOException {
        Path file = directory.resolve("file");
        Path[] beside = new Path[2];
        for (int i = 0; i < beside.length; i++) {
            int attempt = i;
            write(file, out -> beside[attempt] = files().get(0));
        }
        for (Path path : beside) {
            assertTrue(path.getFileName().toString().matches("\\.vfio4j-[0-9a-f]{32}\\.part"), path.toString());
        }
        assertEquals(2, Stream.of(beside).distinct().count());
    }

    @Test
    void aLinkToNothingIsFollowed() throws IOException {
        Path place = Files.createDirectory(directory.resolve("elsewhere")).resolve("place");
        Path second = Files.createSymbolicLink(directory.resolve("second"), Path.of("elsewhere/place"));
        Path first = Files.createSymbolicLink(directory.resolve("first"), second);
        write(first);
        assertArrayEquals(CONTENT, Files.readAllBytes(place));
        assertTrue(Files.isSymbolicLink(first) && Files.isSymbolicLink(second));
        assertEquals(List.of(place), files(place.getParent()));
        Path circle = Files.createSymbolicLink(directory.resolve("circle"), Path.of("circle"));
        IOException failure = assertThrows(IOException.class, () -> write(circle));
        assertEquals("cannot write " + circle + ": too many links, one to the next", failure.getMessage());
    }

    @Test
    void theCauseOfAFailureIsToldNotItsWrapping() throws IOException {
        Path file = Files.write(directory.resolve("file"), new byte[10]);
        IOException failure = assertThrows(
                IOException.class,
                () -> write(file, out -> {
                    throw new IIOException("I/O error writing PNG file!", new IOException("No space left on device"));
                }));
        assertEquals("cannot write " + file + ": No space left on device", failure.getMessage());
        assertEquals(List.of(file), files());
        assertEquals(10, Files.size(file));
    }

    @Test
    @Timeout(60)
    void aSignalLeavesNothingBehind() throws Exception {
        Path file = directory.resolve("file");
        Process process = OwnJvm.builder(Writing.class, file.toString()).start();
        assertEquals('w', process.getInputStream().read(), () -> errors(process));
        assertEquals(1, files().size(), "it is being written");
        process.toHandle().destroy();
        assertEquals(128 + 15, process.waitFor());
        assertEquals(List.of(), files());
    }

    private static String errors(Process process) {
        try {
            return new String(process.getErrorStream().readAllBytes(), UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Writes a file, says so, and goes on for ever. */
    static final class Writing {
        private Writing() {}

        public static void main(String[] arguments) throws IOException {
            write(Path.of(arguments[0]), out -> {
                out.write(CONTENT);
                out.flush();
                new FileOutputStream(FileDescriptor.out).write('w');
                while (System.in.read() >= 0) {
                    out.write(CONTENT);
                }
            });
        }
    }

    @Test
    void namesThatAreNoneAreRefusedAtOnce() {
        for (String[] line : List.of(
                new String[] {"edid", "emulated", "-o", ""},
                new String[] {"edid", "emulated", "-o", "a\0b"},
                new String[] {"edid", "emulated", "--set", ""},
                new String[] {"edid", "emulated", "--set", "a\0b"},
                new String[] {"screenshot", "emulated", "-o", ""},
                new String[] {"frame", "emulated:v5:mappable", "-o", "a\0b"})) {
            CommandRun run = CommandRun.of(line);
            assertEquals(2, run.exitCode(), run.err());
            assertEquals(2, run.err().lines().count(), run.err());
            assertTrue(
                    run.err().contains(line[3].isEmpty() ? "a file's name is empty" : "'a?b' has a NUL character"),
                    run.err());
        }
    }

    /** A locale without umlauts, in which Java cannot hand them to the kernel either. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aNameThatTheLocaleCannotEncodeIsExplained() throws Exception {
        ProcessBuilder builder = OwnJvm.builder(
                Main.class,
                "edid",
                "emulated",
                "-o",
                directory.resolve("b\u00fcro").toString());
        Map<String, String> environment = builder.environment();
        environment.put("LC_ALL", "POSIX");
        Process process = builder.start();
        String err = errors(process);
        // A test that itself runs in such a locale hands over a '?', which every locale has.
        assumeTrue(System.getProperty("sun.jnu.encoding").startsWith("UTF"), "this test's own locale has no umlauts");
        assertEquals(2, process.waitFor(), err);
        assertTrue(err.contains("has characters that the locale's encoding ANSI_X3.4-1968 lacks"), err);
        assertTrue(err.contains("LC_ALL=C.UTF-8"), err);
    }
}
