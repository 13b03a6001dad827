package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code vfio4j mdev}, on an emulated host with a GPU of 256 MiB aperture, whose nodes appear after 300 ms. */
@Timeout(30)
class MdevTest {
    private static final String WANTED = "12345678-90ab-cdef-1234-567890abcdef";

    private final EmulatedHost host = EmulatedHost.builder()
            .parent(VgpuProfile.MAINLINE)
            .parent(VgpuProfile.MDPY)
            .aperture(256)
            .nodesAppearAfter(Duration.ofMillis(300))
            .build();

    @AfterEach
    void closeHost() {
        host.close();
    }

    private CommandRun run(String... arguments) {
        return CommandRun.on(host, arguments);
    }

    private CommandRun create(String... more) {
        String[] arguments = {"mdev", "create", "mdpy", "mdpy-vga"};
        String[] all = new String[arguments.length + more.length];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return run(all);
    }

    private VfioDevice openedBy(EmulatedProcess process) throws Exception {
        return VfioDevice.open(
                process.systemCalls(),
                MdevDevice.find(process.systemCalls(), host.vgpu().uuid()));
    }

    @Test
    void typesAreListedWithWhatIsLeftOfThem() {
        CommandRun run = run("mdev", "types");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("""
                0000:00:02.0  driver i915
                  i915-GVTg_V5_4     1 left  vfio-pci   1920x1200, weight 4 of 16, 128 MiB mappable, 512 MiB other graphics memory, 4 fences
                  i915-GVTg_V5_8     2 left  vfio-pci   1024x768, weight 2 of 16, 64 MiB mappable, 384 MiB other graphics memory, 4 fences
                mdpy
                  mdpy-hd      4 left  vfio-pci   virtual display, 1920x1080 framebuffer
                  mdpy-vga     4 left  vfio-pci   virtual display, 640x480 framebuffer
                  mdpy-xga     4 left  vfio-pci   virtual display, 1024x768 framebuffer
                """, run.out());
    }

    @Test
    void typesAreObjectsInJson() {
        run("mdev", "create", "0000:00:02.0", "i915-GVTg_V5_4");
        List<Map<String, Object>> types = run("mdev", "types", "--json").json("mdev-type");
        assertEquals(5, types.size());
        Map<String, Object> type = types.get(1);
        assertEquals("0000:00:02.0", type.get("parent"));
        assertEquals("i915-GVTg_V5_8", type.get("mdev_type"));
        assertEquals("GVTg_V5_8", type.get("mdev_type_name"));
        assertEquals("vfio-pci", type.get("device_api"));
        assertEquals("0", String.valueOf(type.get("available_instances")));
        assertTrue(type.get("gvt").toString().contains("width=1024"), type.toString());
        assertEquals(null, types.get(2).get("gvt"));
        assertTrue(run("mdev", "types").out().contains("i915-GVTg_V5_8  none left"));
    }

    @Test
    void whatAKernelDoesNotSayIsLeftOut() {
        for (String attribute : List.of("/name", "/description", "/device_api", "/available_instances")) {
            host.faults().failOn("open", "mdpy-hd" + attribute, Errno.ENOENT);
        }
        CommandRun run = run("mdev", "types");
        assertTrue(run.out().contains("\n  mdpy-hd      ? left  -\n"), run.out());
    }

    @Test
    void aHostWithoutParentsSaysWhyAndThatIsNoFailure() {
        try (EmulatedHost none = EmulatedHost.builder().build()) {
            CommandRun text = CommandRun.on(none, "mdev", "types");
            assertEquals(0, text.exitCode());
            assertTrue(text.out().contains("no device that could be a parent"), text.out());
            assertEquals(
                    1,
                    CommandRun.on(none, "mdev", "types", "--json")
                            .json("no-parent")
                            .size());
            assertTrue(CommandRun.on(none, "mdev", "create", "mdpy", "mdpy-vga")
                    .err()
                    .contains("no device that could be a parent"));
        }
    }

    @Test
    void theUuidIsAllThatIsPrinted() {
        CommandRun random = create();
        assertEquals(0, random.exitCode(), random.err());
        assertEquals(1, random.outLines().size());
        assertEquals(host.vgpu().uuid(), UUID.fromString(random.outLines().get(0)));
        assertEquals("", random.err());
        assertEquals(WANTED + "\n", create("--uuid", WANTED).out());
        assertTrue(run("list").out().contains(WANTED));
        assertEquals(0, run("info", WANTED).exitCode(), "its node was waited for");
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void aDeviceIsAnObjectInJson() {
        Map<String, Object> device =
                create("--json", "--uuid", WANTED).json("device").get(0);
        assertEquals(WANTED, device.get("uuid"));
        assertEquals("mdpy", device.get("parent"));
        assertEquals("mdpy-vga", device.get("mdev_type"));
        assertEquals(List.of(host.vgpu().groupPath()), device.get("nodes"));
    }

    @Test
    void aNodeThatDoesNotAppearIsAFailureOfADeviceThatIsThere() {
        CommandRun run = create("--wait", "200ms");
        assertEquals(1, run.exitCode());
        assertEquals(host.vgpu().uuid() + "\n", run.out());
        assertTrue(run.err().contains("but not " + host.vgpu().groupPath()), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        CommandRun json = create("--wait", "200ms", "--json");
        assertEquals(1, json.exitCode());
        assertEquals(List.of(), json.json("device").get(0).get("nodes"));
        assertEquals(0, create("--wait", "0s").exitCode(), "not waited for");
    }

    @Test
    void whatTheKernelRefusesIsOneLineWithAReason() {
        CommandRun unknown = run("mdev", "create", "mdpy", "mdpy-huge");
        assertEquals(1, unknown.exitCode());
        assertEquals("", unknown.out());
        assertTrue(unknown.err().contains("mdpy offers: mdpy-hd, mdpy-vga, mdpy-xga."), unknown.err());
        assertTrue(run("mdev", "create", "mtty", "mtty-1").err().contains("can be created on: 0000:00:02.0, mdpy."));

        create("--uuid", WANTED);
        CommandRun taken = create("--uuid", WANTED);
        assertEquals(1, taken.exitCode());
        assertTrue(taken.err().contains("EEXIST"), taken.err());
        create();
        create();
        create();
        CommandRun full = create();
        assertEquals(1, full.exitCode());
        assertTrue(full.err().contains("EUSERS") && full.err().contains("has no room"), full.err());
        assertEquals(1, full.err().lines().count(), full.err());

        host.faults().failOn("open", "/create", Errno.EACCES);
        assertTrue(create().err().contains("Only root may create"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../x", "..", "a b", "a\nb", "a\u0000b", "\u001b[2J", ""})
    void aNameThatCouldBeAPathIsAWrongCommandLine(String name) {
        for (CommandRun run : List.of(
                run("mdev", "create", name, "mdpy-vga"),
                run("mdev", "create", "mdpy", name),
                create("--uuid", name),
                run("mdev", "remove", name))) {
            assertEquals(2, run.exitCode(), run.err());
            assertEquals("", run.out());
            assertEquals(2, run.err().lines().count(), run.err());
            assertFalse(run.err().contains("\u001b"), run.err());
        }
        assertEquals(List.of(), host.trace());
    }

    @Test
    void aVeryLongNameMakesAShortMessage() {
        CommandRun run = run("mdev", "create", "a".repeat(100_000), "mdpy-vga");
        assertEquals(2, run.exitCode());
        assertTrue(run.err().length() < 500, run.err());
    }

    @Test
    void aDeviceIsRemovedInSilence() {
        create("--uuid", WANTED);
        CommandRun run = run("mdev", "remove", WANTED);
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.out() + run.err());
        assertEquals(List.of(), host.vgpus());
        CommandRun again = run("mdev", "remove", WANTED);
        assertEquals(1, again.exitCode());
        assertTrue(again.err().contains("There is no mediated device of this UUID"), again.err());
    }

    @Test
    void aDeviceInUseStaysAndItsUserIsNamed() throws Exception {
        create("--uuid", WANTED);
        EmulatedProcess vmm = host.process("qemu-system-x86_64");
        openedBy(vmm);
        CommandRun run = run("mdev", "remove", WANTED);
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("process " + vmm.pid() + " (qemu-system-x86) has it open."), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(host.systemCalls().exists("/sys/bus/mdev/devices/" + WANTED + "/driver"));
    }

    @Test
    void aForcedRemovalSaysWhomItWaitsForAndHowLong() throws Exception {
        create("--uuid", WANTED);
        EmulatedProcess vmm = host.process("qemu-system-x86_64");
        openedBy(vmm);
        long before = host.clock().nanoTime();
        CommandRun run = run("mdev", "remove", WANTED, "--force");
        assertEquals(1, run.exitCode());
        List<String> lines = run.err().lines().toList();
        assertEquals("vfio4j: waiting at most 10s for " + vmm.pid() + " (qemu-system-x86) to close it", lines.get(0));
        assertTrue(lines.get(1).contains("after 10 s: process " + vmm.pid()), run.err());
        assertEquals(10_000_000_000L, host.clock().nanoTime() - before);

        vmm.end();
        assertEquals(List.of(), host.vgpus(), "what has begun goes on");
    }

    @Test
    void aForcedRemovalEndsWhenTheUserHasClosed() throws Exception {
        create("--uuid", WANTED);
        EmulatedProcess vmm = host.process("vmm");
        openedBy(vmm);
        long end = host.clock().nanoTime() + 2_000_000_000L;
        host.clock().onInstant(() -> {
            if (host.clock().nanoTime() >= end) {
                vmm.end();
            }
            return false;
        });
        CommandRun run = run("mdev", "remove", WANTED, "--force", "--wait", "1m");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(List.of(), host.vgpus());
    }
}
