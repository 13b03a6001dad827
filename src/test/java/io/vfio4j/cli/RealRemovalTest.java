package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.vfio4j.contract.Remover;
import io.vfio4j.mdev.MdevDevice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code echo 1 > remove} under a running watch: the writer comes back within a second, and the watch ends in order. */
@Tag("real-kernel")
class RealRemovalTest {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");

    @AfterEach
    void withoutRequestIrqAgain() throws IOException {
        Files.writeString(PARAMETERS.resolve("req_irq"), "N");
    }

    private static Path create(String parent, String type) throws IOException {
        UUID uuid = UUID.randomUUID();
        Path types = Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types");
        Files.writeString(types.resolve(parent + "-" + type).resolve("create"), uuid.toString());
        return Path.of(MdevDevice.BUS, uuid.toString());
    }

    @ParameterizedTest
    @CsvSource({"vgpu_mdev,v6,Y", "vgpu_mdev,v6,N", "vgpu_mdev,none,Y", "mdpy,none,N"})
    void theRemoverComesBackWithinASecondAndTheWatchEndsInOrder(
            String parent, String dialect, String requestIrq, TestReporter reporter) throws Exception {
        Files.writeString(PARAMETERS.resolve("dialect"), dialect);
        Files.writeString(PARAMETERS.resolve("req_irq"), requestIrq);
        Files.writeString(PARAMETERS.resolve("stepped"), "0");
        String what = parent + " " + dialect + (requestIrq.equals("Y") ? " with REQ" : " without REQ");
        Remover.assertWithinASecond(what, reporter, () -> removeUnderWatch(parent));
    }

    private static Duration removeUnderWatch(String parent) throws Exception {
        Path device = create(parent, "vga");
        if (parent.equals("vgpu_mdev")) {
            Files.writeString(device.resolve("vgpu/scenario"), "flip");
        }
        String uuid = device.getFileName().toString();

        Process watch = RealWatchTest.vfio4j("watch", uuid, "--json")
                .redirectError(ProcessBuilder.Redirect.PIPE)
                .start();
        try {
            return removeUnder(watch, device);
        } finally {
            watch.destroyForcibly();
        }
    }

    private static Duration removeUnder(Process watch, Path device) throws Exception {
        String uuid = device.getFileName().toString();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(watch.getInputStream(), StandardCharsets.UTF_8));
        List<Map<String, Object>> lines = new ArrayList<>();
        while (lines.size() < 5) {
            lines.add(Json.object(output.readLine()));
        }
        Remover remover = Remover.write(device.resolve("remove"), "1");
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            lines.add(Json.object(line));
        }
        Duration took = remover.await();
        assertEquals(1, watch.waitFor());
        assertEquals(
                "vfio4j: " + uuid + " is being removed from the host\n",
                new String(watch.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
        Map<String, Object> closed = lines.get(lines.size() - 2);
        assertEquals("closed", closed.get("type"));
        assertEquals(uuid + " is being removed from the host", closed.get("cause"));
        Map<String, Object> summary = lines.get(lines.size() - 1);
        assertEquals("summary", summary.get("type"));
        assertEquals(0, ((Number) summary.get("errors")).intValue());
        assertFalse(Files.exists(device));
        return took;
    }
}
