package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.handover.DeviceSocket;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command line beside a VMM that has the device, on an emulated host whose time passes by itself. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedDeviceTest {
    private static final String SOCKET = "/run/vgpu.sock";

    @TempDir
    private Path directory;

    /** A host with a VMM that has every vGPU. */
    private static final class Beside implements AutoCloseable {
        private final EmulatedHost host;
        private final EmulatedProcess vmm;

        Beside(VgpuProfile... profiles) throws IOException {
            EmulatedHost.Builder builder = EmulatedHost.builder().realTime();
            List.of(profiles).forEach(builder::vgpu);
            host = builder.build();
            vmm = host.process("qemu-system-x86_64");
            SystemCalls its = vmm.systemCalls();
            for (var vgpu : host.vgpus()) {
                VfioDevice.open(its, MdevDevice.find(its, vgpu.uuid()));
                vgpu.guest().run(Scenario.FLIP);
            }
        }

        CommandRun run(String... arguments) {
            CommandRun run = CommandRun.on(host, arguments);
            assertEquals(List.of(), host.openFiles());
            return run;
        }

        String uuid(int index) {
            return host.vgpus().get(index).uuid().toString();
        }

        @Override
        public void close() {
            host.close();
        }
    }

    @Test
    void listShowsWhoHasADeviceAndHowToLookAtItBesideThat() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6, VgpuProfile.MDPY)) {
            String free = beside.host.create(VgpuProfile.V5).uuid().toString();
            String text = beside.run("list").out();
            for (int i = 0; i < 2; i++) {
                assertTrue(
                        text.contains("    in use by " + beside.vmm.pid()
                                + " (qemu-system-x86); to look at it beside that: pid:" + beside.vmm.pid() + "/"
                                + beside.uuid(i) + "\n"),
                        text);
            }
            for (Map<String, Object> device : beside.run("list", "--json").json("device")) {
                List<Map<String, Object>> users = Json.members(device, "users");
                if (device.get("uuid").equals(free)) {
                    assertEquals(List.of(), users);
                } else {
                    assertEquals(
                            List.of(Map.of(
                                    "pid",
                                    beside.vmm.pid(),
                                    "command",
                                    "qemu-system-x86",
                                    "device",
                                    "pid:" + beside.vmm.pid() + "/" + device.get("uuid"))),
                            users);
                }
                assertEquals(true, device.get("all_processes_seen"));
            }
        }
    }

    @Test
    void whoMayNotLookIntoEveryProcessIsToldSo() throws Exception {
        try (EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V6).user(1000).build()) {
            CommandRun run = CommandRun.on(host, "list");
            assertTrue(run.out().contains("could not be looked into; root can."), run.out());
            Map<String, Object> device =
                    CommandRun.on(host, "list", "--json").json("device").get(0);
            assertEquals(false, device.get("all_processes_seen"));
        }
    }

    @Test
    void screenshotsOfADeviceOfAProcess() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6.withSize(320, 200), VgpuProfile.MDPY)) {
            String name = "pid:" + beside.vmm.pid() + "/" + beside.uuid(0);
            String file = directory.resolve("picture.png").toString();
            for (String command : List.of("screenshot", "frame")) {
                CommandRun refused = beside.run(command, name, "-o", file);
                assertEquals(1, refused.exitCode(), refused.out());
                assertTrue(refused.err().contains("shared"), refused.err());
                assertFalse(Files.exists(Path.of(file)));
            }
            CommandRun fetched = beside.run("screenshot", name, "-o", file, "--fetch-dmabuf");
            assertEquals(0, fetched.exitCode(), fetched.err());
            assertEquals(320, ImageIO.read(Path.of(file).toFile()).getWidth());
            // A region is nobody's reference.
            String mdpy = "pid:" + beside.vmm.pid() + "/" + beside.uuid(1);
            CommandRun region = beside.run("screenshot", mdpy, "-o", file);
            assertEquals(0, region.exitCode(), region.err());
            assertEquals(1024, ImageIO.read(Path.of(file).toFile()).getWidth());
        }
    }

    @Test
    void theModeOfAGuestIsSetBesideItsVmm() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            CommandRun run = beside.run("mode", "pid:" + beside.vmm.pid(), "1024x768", "--wait", "20s");
            assertEquals(0, run.exitCode(), run.err());
            assertEquals("", run.err());
            assertTrue(run.out().contains("  guest    1024x768 XR24\n"), run.out());
            assertEquals(1024, beside.host.vgpus().get(0).guest().width());
            CommandRun edid = beside.run("edid", "pid:" + beside.vmm.pid());
            assertEquals(0, edid.exitCode(), edid.err());
            assertTrue(edid.out().contains("1024x768@"), edid.out());
        }
    }

    @Test
    void infoLooksAtTheDeviceOfAProcess() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            String name = "pid:" + beside.vmm.pid();
            CommandRun run = beside.run("info", name);
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().startsWith("Device " + name + "\n"), run.out());
            assertTrue(run.out().contains("  sysfs     /sys/bus/mdev/devices/" + beside.uuid(0)), run.out());
            assertTrue(
                    run.out()
                            .contains("  shared    with process " + beside.vmm.pid()
                                    + " (qemu-system-x86), which goes on"),
                    run.out());
            assertTrue(run.out().contains("v6: irq 5"), run.out());
            Map<String, Object> info = beside.run("info", name + "/" + beside.uuid(0), "--json")
                    .json()
                    .get(0);
            assertEquals(name + "/" + beside.uuid(0), info.get("device"));
            assertEquals(true, info.get("shared"));
            assertEquals("process " + beside.vmm.pid() + " (qemu-system-x86)", info.get("owner"));
            assertTrue(beside.host.trace().stream().noneMatch(call -> call.contains("SET_IRQS")));
        }
    }

    @Test
    void aDeviceOfOursIsNotShared() {
        Map<String, Object> info =
                CommandRun.of("info", "emulated:v6", "--json").json().get(0);
        assertEquals(false, info.get("shared"));
        assertTrue(info.containsKey("owner") && info.get("owner") == null, info.toString());
    }

    @Test
    void ofSeveralOneHasToBeChosen() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6, VgpuProfile.MDPY)) {
            String name = "pid:" + beside.vmm.pid();
            CommandRun run = beside.run("info", name);
            assertEquals(1, run.exitCode());
            assertTrue(
                    run.err()
                            .startsWith("vfio4j: process " + beside.vmm.pid()
                                    + " (qemu-system-x86) has several VFIO devices open; choose " + name + "/"),
                    run.err());
            assertEquals(1, run.err().lines().count());
            CommandRun mdpy = beside.run("info", name + "/" + beside.uuid(1));
            assertTrue(mdpy.out().contains("type      mdpy-"), mdpy.out());
        }
    }

    @Test
    void watchLooksByTimerAndSaysThatItLeavesTheRestAlone() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            String name = "pid:" + beside.vmm.pid();
            CommandRun run = beside.run("watch", name, "--for", "300ms", "--json");
            assertEquals(0, run.exitCode(), run.err());
            assertEquals(
                    "vfio4j: " + beside.uuid(0) + " is shared with process " + beside.vmm.pid()
                            + " (qemu-system-x86): nothing is armed and no dma-buf is fetched; events come from a timer\n",
                    run.err());
            assertTrue(run.json("refresh").stream().anyMatch(line -> "TIMER".equals(line.get("source"))), run.out());
            assertTrue(run.json("refresh").stream().noneMatch(line -> "IRQ".equals(line.get("source"))), run.out());
            assertEquals("v6", run.summary().get("dialect"));
            assertFalse(beside.host.vgpu().armed());
            assertTrue(beside.host.vgpu().isOpen());
        }
    }

    @Test
    void watchTakesTheIrqAndFetchesDmaBufsWhenToldToAndWarns() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            CommandRun run = beside.run(
                    "watch", "pid:" + beside.vmm.pid(), "--for", "300ms", "--json", "--take-irq", "--fetch-dmabuf");
            assertEquals(0, run.exitCode(), run.err());
            List<String> lines = run.err().lines().toList();
            assertEquals(2, lines.size(), run.err());
            assertTrue(
                    lines.get(0).startsWith("vfio4j: warning: --take-irq: the display irq has one trigger."),
                    run.err());
            assertTrue(lines.get(0).contains("which cannot be seen"), run.err());
            assertTrue(lines.get(0).contains("(SIGKILL), the irq stays armed"), run.err());
            assertTrue(lines.get(1).startsWith("vfio4j: warning: --fetch-dmabuf: if process"), run.err());
            assertTrue(run.json("refresh").stream().anyMatch(line -> "IRQ".equals(line.get("source"))), run.out());
            assertTrue(beside.host.trace().stream().anyMatch(call -> call.startsWith("VFIO_DEVICE_GET_GFX_DMABUF ")));
            assertFalse(beside.host.vgpu().armed());
        }
    }

    @Test
    void whoInsistsOnTheIrqWithoutTakingItIsRefused() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            CommandRun run = beside.run("watch", "pid:" + beside.vmm.pid(), "--policy", "irq", "--for", "1s");
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("is shared with its owner"), run.err());
            CommandRun taken =
                    beside.run("watch", "pid:" + beside.vmm.pid(), "--policy", "irq", "--take-irq", "--for", "100ms");
            assertEquals(0, taken.exitCode(), taken.err());
        }
    }

    @Test
    void watchEndsWithTheOwner() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            Thread end = new Thread(() -> {
                // As soon as the watch has the device.
                while (beside.host.openDescriptors() == 0) {
                    Thread.onSpinWait();
                }
                beside.vmm.end();
            });
            end.start();
            CommandRun run = beside.run("watch", "pid:" + beside.vmm.pid(), "--for", "60s", "--json");
            end.join();
            assertEquals(1, run.exitCode(), run.err());
            assertTrue(run.err().contains("has ended"), run.err());
            assertFalse(beside.host.vgpu().isOpen());
        }
    }

    @Test
    void aDeviceOnASocketIsWatchedAndLookedAt() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            SystemCalls its = beside.vmm.systemCalls();
            VfioDevice second = VfioDevice.share(
                    its, its.copyDescriptor(its.openProcess(beside.vmm.pid()), 5, "a copy"), beside.uuid(0));
            EventLoop loop = EventLoop.start(its, "vmm");
            DeviceSocket offer = DeviceSocket.listen(loop, second, SOCKET);
            CommandRun info = beside.run("info", "socket:" + SOCKET);
            assertEquals(0, info.exitCode(), info.err());
            assertTrue(info.out().startsWith("Device socket:" + SOCKET + "\n"), info.out());
            assertTrue(info.out().contains("shared    with the owner of the socket " + SOCKET), info.out());
            assertTrue(info.out().contains(beside.uuid(0)), info.out());
            CommandRun watch = beside.run("watch", "socket:" + SOCKET, "--for", "200ms", "--json");
            assertEquals(0, watch.exitCode(), watch.err());
            assertEquals("socket:" + SOCKET, watch.summary().get("device"));
            offer.close();
            loop.close();
            CommandRun none = beside.run("info", "socket:" + SOCKET);
            assertEquals(1, none.exitCode());
            assertTrue(none.err().contains("There is no such socket"), none.err());
        }
    }

    @Test
    void aProcessThatDoesNotExistIsToldInOneSentence() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            CommandRun run = beside.run("watch", "pid:4194303");
            assertEquals(1, run.exitCode());
            assertEquals(
                    "vfio4j: pidfd_open process 4194303: ESRCH (no such process)."
                            + " There is no such process; it may have ended.\n",
                    run.err());
        }
    }
}
