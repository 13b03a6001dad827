package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.mdev.MdevDevice;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The command line beside a vGPU whose guest flips and whose vblanks come by themselves: what it prints adds up to what the driver
 * counted, and it leaves the device disarmed, also when it is terminated.
 */
@Tag("real-kernel")
class RealWatchTest {
    /** A vGPU with a flipping guest, in real time. */
    private static final class Running implements AutoCloseable {
        private final Path device;

        Running(String dialect) throws IOException {
            Files.writeString(Path.of("/sys/module/vgpu_mdev/parameters/dialect"), dialect);
            Files.writeString(Path.of("/sys/module/vgpu_mdev/parameters/stepped"), "0");
            UUID uuid = UUID.randomUUID();
            try (Stream<Path> types = Files.list(Path.of("/sys/class/mdev_bus/vgpu_mdev/mdev_supported_types"))) {
                Files.writeString(types.findFirst().orElseThrow().resolve("create"), uuid.toString());
            }
            device = Path.of(MdevDevice.BUS, uuid.toString());
            Files.writeString(device.resolve("vgpu/scenario"), "flip");
        }

        String uuid() {
            return device.getFileName().toString();
        }

        String read(String attribute) throws IOException {
            return Files.readString(device.resolve("vgpu").resolve(attribute)).trim();
        }

        long signalled() throws IOException {
            boolean tellsPlanes = List.of("v2", "v4", "v5", "v6").contains(read("dialect"));
            return tellsPlanes
                    ? Long.parseUnsignedLong(read("signalled_primary"))
                            + Long.parseUnsignedLong(read("signalled_cursor"))
                    : Long.parseUnsignedLong(read("signalled_raw"));
        }

        @Override
        public void close() throws IOException {
            Files.writeString(device.resolve("remove"), "1");
        }
    }

    static ProcessBuilder vfio4j(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(),
                "io.vfio4j.cli.Main"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    /** What the command line needs of the test's class path: each jar costs time to open here. */
    private static String classPath() {
        List<String> needed = List.of("classes", "jna-jpms", "picocli", "jackson-core", "HdrHistogram");
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> needed.stream()
                        .anyMatch(
                                name -> Path.of(entry).getFileName().toString().startsWith(name)))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static long sum(List<Map<String, Object>> lines, String field) {
        return lines.stream()
                .filter(line -> line.get("type").equals("refresh"))
                .mapToLong(line -> ((Number) line.get(field)).longValue())
                .sum();
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display"})
    void whatIsPrintedAddsUpToTheDevicesOwnCounters(String dialect) throws Exception {
        try (Running vgpu = new Running(dialect)) {
            CommandRun run = CommandRun.onRealKernel("watch", vgpu.uuid(), "--for", "1s", "--json");
            assertEquals(0, run.exitCode(), run.err());
            assertEquals(dialect, run.summary().get("dialect"));
            assertTrue(sum(run.json(), "merged") > 0, run.out());
            assertEquals(vgpu.signalled(), sum(run.json(), "signals"));
            assertFalse(vgpu.read("armed").contains("1"));
            assertEquals("0", vgpu.read("forbidden_calls"));
        }
    }

    @Test
    void aTerminatedWatchDisarmsAndPrintsItsSummary() throws Exception {
        try (Running vgpu = new Running("v6")) {
            Process process = vfio4j("watch", vgpu.uuid(), "--json").start();
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            List<Map<String, Object>> lines = new ArrayList<>();
            while (sum(lines, "merged") < 20) {
                lines.add(Json.object(output.readLine()));
            }
            assertTrue(vgpu.read("armed").contains("1"));
            // Not Process.destroy(): it closes the stream that the summary comes through.
            process.toHandle().destroy();
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(Json.object(line));
            }
            assertEquals(143, process.waitFor());
            assertEquals("summary", lines.get(lines.size() - 1).get("type"));
            assertEquals(vgpu.signalled(), sum(lines, "signals"));
            assertFalse(vgpu.read("armed").contains("1"));
        }
    }
}
