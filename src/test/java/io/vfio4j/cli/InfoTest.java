package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InfoTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v2 | v2: irq 5 and 6, an irq for each plane, not maskable | 5  display-primary | cap_offset before count | TYPE (capability 3, version 1): type 1, subtype 1: graphics, display refresh",
                "v3 | v3: irq 5, does not tell planes, maskable | 5  display | cap_offset before count | TYPE (capability 3,",
                "v4 | v4: irq 5, tells planes, maskable | 5  display | cap_offset after count | TYPE (capability 3,",
                "v5 | v5: irq 5, tells planes, maskable | 5  display | cap_offset after count | DISPLAY (capability 4, version 1): a primary event adds 0x0100000000000000, a cursor event 0x0001000000000000",
                "v6 | v6: irq 5, tells planes, maskable | 5  display | cap_offset after count | DISPLAY (capability 2, version 1): a primary event adds 0x0100000000000000, a cursor event 0x0001000000000000",
                "pageflip | pageflip: irq 5, does not tell planes, maskable | 5  display | cap_offset after count | TYPE (capability 1,",
                "port | port: irq 5, does not tell planes, maskable | 5  display | cap_offset after count | TYPE (capability 1,",
                "port-display | port-display: irq 5, tells planes only if | 5  display | cap_offset after count | DISPLAY (capability 2,",
                "none | none: mainline; timer mode | 0  INTX | EVENTFD MASKABLE AUTOMASKED | OpRegion",
                "mdpy | none: mainline; timer mode | 16  screen | in a region | 1024x768 XR24",
            })
    void everyDialectIsExplained(String dialect, String line, String second, String third, String fourth) {
        CommandRun run = CommandRun.of("info", "emulated:" + dialect);
        assertEquals(0, run.exitCode(), run.err());
        for (String part : List.of(line, second, third, fourth)) {
            assertTrue(run.out().contains(part.strip()), part + "\nis not in\n" + run.out());
        }
        assertFalse(run.out().contains("raw"), run.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "emulated:port | '' | through its group, /dev/vfio/1 | group",
                "emulated:port:nodes=cdev | '' | by its own node, /dev/vfio/devices/vfio0 | cdev",
                "emulated:port:nodes=both | '' | by its own node, /dev/vfio/devices/vfio0 | cdev",
                "emulated:port:nodes=both | --path=cdev | by its own node, /dev/vfio/devices/vfio0 | cdev",
                "emulated:port:nodes=both,kvm=yes | --path=group | through its group, /dev/vfio/1 | group",
                "emulated:port:nodes=both,kvm=yes | --path=cdev | by its own node, /dev/vfio/devices/vfio0 | cdev",
            })
    void theWayInIsSaid(String device, String option, String words, String path) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("info", device));
        if (!option.isEmpty()) {
            arguments.add(option);
        }
        CommandRun run = CommandRun.of(arguments.toArray(String[]::new));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("  opened    " + words), run.out());
        arguments.add("--json");
        Map<String, Object> json =
                Json.object(CommandRun.of(arguments.toArray(String[]::new)).out());
        assertEquals(path, json.get("opened_by"));
    }

    @Test
    void aWayThatIsNotThereIsRefusedWithTheOther() {
        CommandRun run = CommandRun.of("info", "emulated:port:nodes=cdev", "--path=group");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("the device's own node is /dev/vfio/devices/vfio0"), run.err());
        CommandRun other = CommandRun.of("watch", "emulated:port", "--path=cdev", "--virtual");
        assertEquals(1, other.exitCode());
        assertTrue(other.err().contains("older than Linux 6.6"), other.err());
        for (String command : List.of("info", "watch")) {
            CommandRun elsewhere = CommandRun.of(command, "pid:1", "--path=group");
            assertEquals(2, elsewhere.exitCode());
            assertTrue(elsewhere.err().contains("pid:1 is open already"), elsewhere.err());
        }
        CommandRun unknown = CommandRun.of("info", "emulated:port", "--path=container");
        assertEquals(2, unknown.exitCode());
        assertTrue(unknown.err().contains("there are group and cdev"), unknown.err());
    }

    @Test
    void aGvtgDeviceIsDescribedInFull() {
        CommandRun run = CommandRun.of("info", "emulated:v5:cursor,size=1280x720");
        for (String part : List.of(
                "Device emulated:v5:cursor,size=1280x720",
                "flags     0x3 RESET PCI",
                "counts    11 regions, 6 irqs",
                "pixels    as dma-bufs",
                "primary   1280x720 XR24 at 0,0, stride 5120 bytes",
                "cursor    64x64 AR24",
                "0  BAR0             16 MiB at 0x0, 0x3 READ WRITE",
                "SPARSE_MMAP (capability 1, version 1): 1 area can be mapped: 64 MiB at 0x4000000",
                "9  OpRegion",
                "TYPE (capability 2, version 1): type 0x80008086, subtype 1: OpRegion",
                "10  EDID",
                "TYPE (capability 2, version 1): type 1, subtype 1: EDID",
                "0  INTX             count 1, 0x7 EVENTFD MASKABLE AUTOMASKED",
                "1  MSI ",
                "4  REQ              the driver refuses it (EINVAL)",
                "5  display          count 1, 0x13 EVENTFD MASKABLE CAPS, cap_offset after count")) {
            assertTrue(run.out().contains(part), part + "\nis not in\n" + run.out());
        }
    }

    @Test
    void rawAddsTheBytesOfTheDriversAnswers() {
        CommandRun run = CommandRun.of("info", "emulated:v6", "--raw");
        assertTrue(
                run.out()
                        .contains("raw 40000000 13000000 05000000 01000000 14000000 01000100 24000000 01000000 01000000"
                                + " 02000100 00000000 00000000 00000100 00000000 00000001"),
                run.out());
    }

    @Test
    void aVgpuThatNeedsAVmIsOpenedWithABareOneAndThatIsSaidClearly() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withKvmRequired(true))) {
            CommandRun run = CommandRun.on(host, "info", host.vgpu().sysfsPath());
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().contains("A bare VM has no guest, and so the screen is empty."), run.out());
            assertEquals(
                    true,
                    CommandRun.on(host, "info", host.vgpu().sysfsPath(), "--json")
                            .json()
                            .get(0)
                            .get("bare_vm"));
            assertEquals(0, host.openDescriptors(), host.openFiles().toString());
        }
    }

    @Test
    void lookingAtADeviceArmsNothingAndLeavesNothingOpen() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            CommandRun.on(host, "info", host.vgpu().uuid().toString());
            assertTrue(
                    host.trace().stream().noneMatch(call -> call.contains("SET_IRQS")),
                    host.trace().toString());
            assertEquals(0, host.openDescriptors(), host.openFiles().toString());
        }
    }

    @Test
    void theJsonIsOneObjectWithEverythingInIt() {
        CommandRun run = CommandRun.of("info", "emulated:v5:cursor", "--json", "--raw");
        assertEquals(1, run.json().size());
        Map<String, Object> info = run.json().get(0);
        assertEquals("info", info.get("type"));
        assertEquals("emulated:v5:cursor", info.get("device"));
        assertEquals(List.of("RESET", "PCI"), info.get("flag_names"));
        assertEquals(List.of(2, 3, 4), info.get("refused_irqs"));

        Map<String, Object> display = Json.member(info, "display");
        assertEquals("v5", display.get("dialect"));
        assertEquals(List.of(5), display.get("irqs"));
        assertEquals(true, display.get("maskable"));
        assertEquals(1L << 56, display.get("primary_value"));
        assertEquals(List.of("dmabuf"), display.get("access"));
        assertEquals(1920, Json.member(display, "primary").get("width"));
        assertEquals("AR24", Json.member(display, "cursor").get("format"));

        Map<String, Object> irq = Json.members(info, "irqs").get(2);
        assertEquals("display", irq.get("name"));
        assertEquals("offset_after_count", irq.get("layout"));
        List<Map<String, Object>> capabilities = Json.members(irq, "capabilities");
        assertEquals("TYPE", capabilities.get(0).get("name"));
        assertEquals("DISPLAY", capabilities.get(1).get("name"));
        assertEquals(1L << 48, capabilities.get(1).get("cursor_value"));
        assertTrue(irq.get("raw").toString().startsWith("4000000013000000"), irq.toString());
        assertNotNull(Json.members(info, "regions").get(0).get("raw"));
    }

    @Test
    void valuesBeyondTheLargestLongArePrintedUnsigned() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6.withEventValues(-2L, 3))) {
            CommandRun run = CommandRun.on(host, "info", host.vgpu().uuid().toString(), "--json");
            Map<String, Object> display = Json.member(run.json().get(0), "display");
            assertEquals(new BigInteger("18446744073709551614"), display.get("primary_value"));
        }
    }

    @Test
    void aDisplayThatIsOffHasNoPlane() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            host.vgpu().guest().pipe(io.vfio4j.emulator.Pipe.A, false);
            CommandRun run = CommandRun.on(host, "info", host.vgpu().uuid().toString());
            assertTrue(run.out().contains("primary   nothing is scanned out"), run.out());
            CommandRun json = CommandRun.on(host, "info", host.vgpu().uuid().toString(), "--json");
            assertNull(Json.member(json.json().get(0), "display").get("primary"));
        }
    }
}
