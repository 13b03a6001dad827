package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.vfio4j.mdev.MdevDevice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
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
    private record Result(int exit, List<Map<String, String>> lines) {
        List<Map<String, String>> refreshes() {
            return lines.stream()
                    .filter(line -> line.get("type").equals("refresh"))
                    .toList();
        }

        long sum(String field) {
            return refreshes().stream()
                    .mapToLong(line -> Long.parseUnsignedLong(line.get(field)))
                    .sum();
        }

        Map<String, String> summary() {
            return lines.get(lines.size() - 1);
        }
    }

    /** A vGPU with a flipping guest, in real time. */
    private static final class Running implements AutoCloseable {
        private final Path device;

        Running(String dialect) throws IOException {
            RealHost.write(Path.of("/sys/module/vgpu_mdev/parameters/dialect"), dialect);
            RealHost.write(Path.of("/sys/module/vgpu_mdev/parameters/stepped"), "0");
            UUID uuid = UUID.randomUUID();
            try (Stream<Path> types = Files.list(Path.of("/sys/class/mdev_bus/vgpu_mdev/mdev_supported_types"))) {
                RealHost.write(types.findFirst().orElseThrow().resolve("create"), uuid.toString());
            }
            device = Path.of(MdevDevice.BUS, uuid.toString());
            RealHost.write(device.resolve("vgpu/scenario"), "flip");
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
            RealHost.write(device.resolve("remove"), "1");
        }
    }

    private static ProcessBuilder vfio4j(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "io.vfio4j.cli.Main"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    private static Result finish(Process process, List<Map<String, String>> soFar, BufferedReader output)
            throws Exception {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            soFar.add(parse(line));
        }
        return new Result(process.waitFor(), soFar);
    }

    private static BufferedReader outputOf(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** The plain fields of one JSON object. */
    private static Map<String, String> parse(String line) throws IOException {
        Map<String, String> fields = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(line)) {
            assertEquals(JsonToken.START_OBJECT, parser.nextToken(), line);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (parser.nextToken().isScalarValue()) {
                    fields.put(name, parser.getText());
                } else {
                    parser.skipChildren();
                }
            }
        }
        return fields;
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display"})
    void whatIsPrintedAddsUpToTheDevicesOwnCounters(String dialect) throws Exception {
        try (Running vgpu = new Running(dialect)) {
            Process process =
                    vfio4j("watch", vgpu.uuid(), "--for", "1s", "--json").start();
            Result result = finish(process, new ArrayList<>(), outputOf(process));
            assertEquals(0, result.exit());
            assertEquals(dialect, result.summary().get("dialect"));
            assertTrue(result.sum("merged") > 0, result::toString);
            assertEquals(vgpu.signalled(), result.sum("signals"));
            assertFalse(vgpu.read("armed").contains("1"));
            assertEquals("0", vgpu.read("forbidden_calls"));
        }
    }

    @Test
    void aTerminatedWatchDisarmsAndPrintsItsSummary() throws Exception {
        try (Running vgpu = new Running("v6")) {
            Process process = vfio4j("watch", vgpu.uuid(), "--json").start();
            BufferedReader output = outputOf(process);
            List<Map<String, String>> lines = new ArrayList<>();
            while (lines.stream()
                            .filter(line -> line.get("type").equals("refresh"))
                            .count()
                    < 20) {
                lines.add(parse(output.readLine()));
            }
            assertTrue(vgpu.read("armed").contains("1"));
            // Not Process.destroy(): it closes the stream that the summary comes through.
            process.toHandle().destroy();
            Result result = finish(process, lines, output);
            assertEquals(143, result.exit());
            assertEquals("summary", result.summary().get("type"));
            assertEquals(vgpu.signalled(), result.sum("signals"));
            assertFalse(vgpu.read("armed").contains("1"));
        }
    }
}
