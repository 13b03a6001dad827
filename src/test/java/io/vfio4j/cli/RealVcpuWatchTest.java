package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.contract.Qemu;
import io.vfio4j.mdev.MdevDevice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The vCPUs of a stock QEMU with KVM, watched from outside, on a real kernel. */
@Tag("real-kernel")
@Timeout(value = 240, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealVcpuWatchTest {
    private static final String DEBUGFS = "/sys/kernel/debug";

    @TempDir
    Path directory;

    private static void mountDebugfs() throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("mount", "-t", "debugfs", "debugfs", DEBUGFS)
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    @AfterEach
    void unmountDebugfs() throws Exception {
        if (Files.exists(Path.of(DEBUGFS, "kvm"))) {
            assertEquals(
                    0, new ProcessBuilder("umount", DEBUGFS).inheritIO().start().waitFor());
        }
    }

    private static CommandRun run(String... arguments) {
        CommandRun run = CommandRun.onRealKernel(arguments);
        assertEquals(0, run.exitCode(), run.err());
        return run;
    }

    private static long sum(Map<String, Object> line, String name) {
        return Json.members(line, "vcpus").stream()
                .mapToLong(vcpu -> Json.number(vcpu, name))
                .sum();
    }

    @Test
    void theStatisticsOfAQemuAreReadByNameAndItsThreadsAreFound() throws Exception {
        try (Qemu qemu = Qemu.startWithKvm(directory, List.of(), 2)) {
            String pid = Integer.toString(qemu.pid());
            CommandRun without = run("vcpu", "watch", pid, "--for", "100ms", "--interval", "50ms");
            assertTrue(without.out().contains("2 vCPUs"), without.out());
            assertTrue(without.out().contains("mount -t debugfs debugfs " + DEBUGFS), without.out());
            mountDebugfs();
            CommandRun watch = run("vcpu", "watch", pid, "--for", "6s", "--interval", "2s", "--json");
            Map<String, Object> sources =
                    Json.members(watch.json("begin").get(0), "sources").get(1);
            assertEquals("debugfs", sources.get("kind"));
            assertEquals(true, sources.get("available"), sources.toString());
            Map<String, Object> summary = watch.summary();
            // The firmware runs on one vCPU; the other one halts.
            assertTrue(sum(summary, "run_ns") > 0, watch.out());
            assertTrue(sum(summary, "slices") > 0, watch.out());
            assertEquals(2, Json.members(summary, "vcpus").size());
            assertTrue(Json.number(Json.member(summary, "total"), "exits") > 0, watch.out());
            assertTrue(Json.number(Json.member(summary, "total"), "io_exits") >= 0, watch.out());
            assertFalse(watch.json("interval").isEmpty());
            assertEquals(
                    List.of("halt_wait_hist", "halt_poll_success_hist", "halt_poll_fail_hist"), summary.get("missing"));
            assertTrue(qemu.goesOn());
        }
    }

    @Test
    void theRefreshesOfItsVgpuAreHeldAgainstTheVblanks() throws Exception {
        Files.writeString(Path.of("/sys/module/vgpu_mdev/parameters/dialect"), "v6");
        Files.writeString(Path.of("/sys/module/vgpu_mdev/parameters/stepped"), "0");
        UUID uuid = UUID.randomUUID();
        Path types = Path.of("/sys/class/mdev_bus/vgpu_mdev/mdev_supported_types");
        Files.writeString(types.resolve("vgpu_mdev-xga/create"), uuid.toString());
        Path device = Path.of(MdevDevice.BUS, uuid.toString());
        Files.writeString(device.resolve("vgpu/scenario"), "flip");
        try (Qemu qemu = Qemu.startWithKvm(directory, List.of(uuid), 1)) {
            CommandRun watch = run(
                    "vcpu",
                    "watch",
                    Integer.toString(qemu.pid()),
                    "--vgpu",
                    "pid:" + qemu.pid() + "/" + uuid,
                    "--look",
                    "4ms",
                    "--for",
                    "8s",
                    "--json");
            assertEquals(4_000_000, watch.json("begin").get(0).get("vgpu_resolution_ns"));
            Map<String, Object> refreshes = Json.member(watch.summary(), "refreshes");
            long judged = Json.number(refreshes, "on_time") + Json.number(refreshes, "late");
            assertTrue(judged > 20, watch.out());
            assertEquals(Json.number(refreshes, "late"), watch.json("late").size());
            assertTrue(sum(watch.summary(), "run_ns") > 0, watch.out());
            assertTrue(qemu.goesOn());
        } finally {
            Files.writeString(device.resolve("remove"), "1");
        }
    }

    @Test
    void theEndOfTheQemuEndsTheWatchWithItsSummary() throws Exception {
        Process watch;
        BufferedReader output;
        try (Qemu qemu = Qemu.startWithKvm(directory, List.of(), 1)) {
            watch = RealWatchTest.vfio4j("vcpu", "watch", Integer.toString(qemu.pid()), "--json", "--interval", "200ms")
                    .redirectErrorStream(true)
                    .start();
            output = new BufferedReader(new InputStreamReader(watch.getInputStream(), StandardCharsets.UTF_8));
            awaitInterval(output);
        }
        StringBuilder rest = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            rest.append(line).append('\n');
        }
        assertEquals(1, watch.waitFor(), rest.toString());
        assertTrue(rest.toString().contains("\"type\":\"summary\""), rest.toString());
        assertTrue(rest.toString().contains("The process has ended meanwhile."), rest.toString());
    }

    private static void awaitInterval(BufferedReader output) throws IOException {
        String line = "";
        while (!line.contains("\"type\":\"interval\"")) {
            line = output.readLine();
            if (line == null) {
                throw new IOException("the watch has ended before its first interval");
            }
        }
    }

    @Test
    void aQemuWithoutKvmIsSaidToBeOne() throws Exception {
        try (Qemu qemu = Qemu.start(directory, List.of())) {
            CommandRun watch = CommandRun.onRealKernel("vcpu", "watch", Integer.toString(qemu.pid()));
            assertEquals(1, watch.exitCode());
            assertTrue(watch.err().contains("has no KVM VM: it runs its guest without KVM, as QEMU does"), watch.err());
        }
    }
}
