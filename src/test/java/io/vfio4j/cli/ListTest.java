package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ListTest {
    @Test
    void aHostThatCannotBeReachedSaysWhyAndThatIsNoFailure() {
        CommandRun run = CommandRun.of("list");
        assertEquals(0, run.exitCode());
        assertTrue(run.out().contains("This is a test; vGPUs are reached elsewhere."), run.out());
        VgpuProfile.names().forEach(name -> assertTrue(run.out().contains("emulated:" + name), run.out()));
    }

    @Test
    void aHostWithoutMediatedDevicesSaysWhatIsMissing() {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            CommandRun run = CommandRun.on(host, "list");
            assertEquals(0, run.exitCode());
            assertTrue(run.out().contains("no mdev bus") || run.out().contains("no device that could be"), run.out());
        }
    }

    @Test
    void aParentWithoutDevicesIsHintedAt() {
        try (EmulatedHost host = EmulatedHost.builder().parent(VgpuProfile.V5).build()) {
            CommandRun run = CommandRun.on(host, "list");
            assertEquals(0, run.exitCode());
            assertTrue(run.out().contains("No mediated device was created yet"), run.out());
            assertTrue(run.out().contains("vfio4j mdev create 0000:00:02.0 i915-GVTg_V5_1"), run.out());
        }
    }

    @Test
    void devicesAreListedWithWhatSysfsTellsOfThem() {
        try (EmulatedHost host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V5)
                .vgpu(VgpuProfile.MDPY)
                .build()) {
            CommandRun run = CommandRun.on(host, "list", "--json");
            assertEquals(0, run.exitCode());
            List<Map<String, Object>> devices = run.json("device");
            assertEquals(2, devices.size(), run.out());
            Map<String, Object> gvt = devices.get(0);
            assertEquals(host.vgpus().get(0).uuid().toString(), gvt.get("uuid"));
            assertEquals(host.vgpus().get(0).sysfsPath(), gvt.get("path"));
            assertEquals("i915-GVTg_V5_4", gvt.get("mdev_type"));
            assertEquals("0000:00:02.0", gvt.get("parent"));
            assertEquals(host.vgpus().get(0).groupPath(), "/dev/vfio/" + gvt.get("group"));
            assertEquals(List.of(), run.json("no-device"));
            assertEquals(VgpuProfile.names().size(), run.json("emulated").size());

            String text = CommandRun.on(host, "list").out();
            assertTrue(text.contains(gvt.get("uuid") + "  i915-GVTg_V5_4"), text);
        }
    }

    @Test
    void listingOpensNothing() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            CommandRun.on(host, "list");
            assertTrue(
                    host.trace().stream().noneMatch(call -> call.contains("/dev/")),
                    host.trace().toString());
        }
    }

    @Test
    void withoutADeviceTheReasonIsInTheJsonToo() {
        assertEquals(1, CommandRun.of("list", "--json").json("no-device").size());
    }
}
