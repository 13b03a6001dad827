package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.contract.HandoverProgram;
import io.vfio4j.contract.Qemu;
import io.vfio4j.mdev.MdevDevice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command line beside a stock QEMU that has the kernel's sample devices and our own, and beside a program in C. */
@Tag("real-kernel")
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealSharedDeviceTest {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");

    @TempDir
    Path directory;

    private final List<UUID> created = new ArrayList<>();

    private UUID create(String parent, String type) throws IOException {
        if (parent.equals("vgpu_mdev")) {
            Files.writeString(PARAMETERS.resolve("dialect"), "v6");
            Files.writeString(PARAMETERS.resolve("stepped"), "0");
        }
        UUID uuid = UUID.randomUUID();
        Path types = Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types");
        Files.writeString(types.resolve(parent + "-" + type).resolve("create"), uuid.toString());
        created.add(uuid);
        return uuid;
    }

    @AfterEach
    void removeDevices() throws IOException {
        for (UUID uuid : created) {
            Files.writeString(Path.of(MdevDevice.BUS, uuid.toString(), "remove"), "1");
        }
    }

    private static CommandRun run(String... arguments) {
        CommandRun run = CommandRun.onRealKernel(arguments);
        assertEquals(0, run.exitCode(), run.err());
        return run;
    }

    @Test
    void everythingWorksBesideAQemuThatHasThreeDevicesAndDoesNotDisturbIt() throws Exception {
        UUID mdpy = create("mdpy", "vga");
        UUID mbochs = create("mbochs", "small");
        UUID vgpu = create("vgpu_mdev", "xga");
        Files.writeString(Path.of(MdevDevice.BUS, vgpu.toString(), "vgpu/scenario"), "flip");
        try (Qemu qemu = Qemu.start(directory, List.of(mdpy, mbochs, vgpu))) {
            String pid = "pid:" + qemu.pid();

            CommandRun list = run("list", "--json");
            for (UUID uuid : List.of(mdpy, mbochs, vgpu)) {
                Map<String, Object> device = list.json("device").stream()
                        .filter(each -> uuid.toString().equals(each.get("uuid")))
                        .findFirst()
                        .orElseThrow();
                assertEquals(
                        List.of(Map.of("pid", qemu.pid(), "command", "qemu-system-x86", "device", pid + "/" + uuid)),
                        Json.members(device, "users"));
            }

            CommandRun ambiguous = CommandRun.onRealKernel("info", pid);
            assertEquals(1, ambiguous.exitCode());
            for (UUID uuid : List.of(mdpy, mbochs, vgpu)) {
                assertTrue(ambiguous.err().contains(pid + "/" + uuid), ambiguous.err());
            }

            Map<String, String> types = Map.of(
                    pid + "/" + mdpy,
                    "mdpy-vga",
                    pid + "/" + mbochs,
                    "mbochs-small",
                    pid + "/" + vgpu,
                    "vgpu_mdev-xga");
            for (Map.Entry<String, String> each : types.entrySet()) {
                Map<String, Object> info =
                        run("info", each.getKey(), "--json").json().get(0);
                assertEquals(each.getValue(), info.get("mdev_type"));
                assertEquals(true, info.get("shared"));
                assertEquals("process " + qemu.pid() + " (qemu-system-x86)", info.get("owner"));
                assertTrue(qemu.goesOn());

                CommandRun watch = run("watch", each.getKey(), "--for", "1s", "--json");
                assertTrue(watch.err().contains("nothing is armed and no dma-buf is fetched"), watch.err());
                assertTrue(
                        watch.json("refresh").stream().noneMatch(line -> "IRQ".equals(line.get("source"))),
                        watch.out());
                if (!each.getValue().startsWith("mbochs")) {
                    // mbochs has nothing on its screen before a guest sets a mode.
                    assertTrue(
                            watch.json("refresh").stream().anyMatch(line -> "TIMER".equals(line.get("source"))),
                            watch.out());
                }
                assertEquals(0, watch.summary().get("errors"), watch.err());
                assertTrue(qemu.goesOn());
            }

            CommandRun taken = run("watch", pid + "/" + vgpu, "--for", "1s", "--json", "--take-irq");
            assertTrue(taken.json("refresh").stream().anyMatch(line -> "IRQ".equals(line.get("source"))), taken.out());
            assertEquals(
                    "0",
                    Files.readString(Path.of(MdevDevice.BUS, vgpu.toString(), "vgpu/armed"))
                            .strip());
            assertTrue(qemu.goesOn());
        }
    }

    @Test
    void theOnlyDeviceOfAQemuNeedsNoNameAndItsEndEndsTheWatch() throws Exception {
        UUID mdpy = create("mdpy", "xga");
        Process watch;
        BufferedReader output;
        try (Qemu qemu = Qemu.start(directory, List.of(mdpy))) {
            String pid = "pid:" + qemu.pid();
            assertTrue(run("info", pid).out().contains("mdpy-xga"));
            watch = RealWatchTest.vfio4j("watch", pid, "--json")
                    .redirectErrorStream(true)
                    .start();
            output = new BufferedReader(new InputStreamReader(watch.getInputStream(), StandardCharsets.UTF_8));
            String line = "";
            while (!line.contains("\"source\":\"TIMER\"")) {
                line = output.readLine();
            }
            assertTrue(qemu.goesOn());
        }
        StringBuilder rest = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            rest.append(line).append('\n');
        }
        assertEquals(1, watch.waitFor(), rest.toString());
        assertTrue(rest.toString().contains("(qemu-system-x86) has ended, or has given"), rest.toString());
        // The group is free: the device opens again.
        assertTrue(run("info", mdpy.toString()).out().contains("mdpy-xga"));
    }

    @Test
    void withoutTheRightToTraceItSaysWhatIsMissing() throws Exception {
        UUID mdpy = create("mdpy", "xga");
        try (Qemu qemu = Qemu.start(directory, List.of(mdpy))) {
            ProcessBuilder builder = RealWatchTest.vfio4j("info", "pid:" + qemu.pid());
            builder.command()
                    .addAll(0, List.of("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"));
            Process process = builder.redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(1, process.waitFor(), said);
            assertTrue(said.contains("It needs CAP_SYS_PTRACE, which root has"), said);
            assertTrue(said.contains("the process has capabilities that this one lacks"), said);
            assertTrue(qemu.goesOn());
        }
    }

    @Test
    void aDeviceThatAProgramInCOffersIsLookedAtAndWatched() throws Exception {
        UUID vgpu = create("vgpu_mdev", "hd");
        String socket = directory.resolve("vgpu.sock").toString();
        try (HandoverProgram program = HandoverProgram.start(vgpu, socket)) {
            CommandRun info = run("info", "socket:" + socket);
            assertTrue(info.out().contains("vgpu_mdev-hd"), info.out());
            assertTrue(info.out().contains("shared    with the owner of the socket " + socket), info.out());
            CommandRun watch = run("watch", "socket:" + socket, "--for", "1s", "--json");
            assertTrue(
                    watch.json("refresh").stream().anyMatch(line -> "TIMER".equals(line.get("source"))), watch.out());
            // The same process by its number.
            assertTrue(run("info", "pid:" + program.pid()).out().contains("(handover)"));
            assertTrue(program.goesOn());
        }
        assertFalse(Files.exists(Path.of(socket)));
    }
}
