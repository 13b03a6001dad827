package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModeTest {
    @Test
    void theModeIsShown() {
        CommandRun run = CommandRun.of("mode", "emulated");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        assertEquals(
                List.of(
                        "Device emulated:v5:flip",
                        "  guest    1920x1200 XR24",
                        "  monitor  1920x1200@60.00, 154.75 MHz, plugged in",
                        "  limits   1920x1200"),
                run.outLines());
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v5", "pageflip", "port", "none"})
    void theModeIsSetAndTheGuestTakesIt(String dialect) {
        CommandRun run = CommandRun.of("mode", "emulated:" + dialect, "1280x720@50");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        assertTrue(run.out().contains("  guest    1280x720 XR24\n"), run.out());
        assertTrue(run.out().contains("  monitor  1280x720@49.9"), run.out());
    }

    @Test
    void theModeIsOneJsonObject() {
        Map<String, Object> json = Json.object(
                CommandRun.of("mode", "emulated:v5", "800x600", "--json").out());
        assertEquals("mode", json.get("type"));
        assertEquals("emulated:v5:flip", json.get("device"));
        String guest = json.get("guest").toString();
        assertTrue(guest.contains("width=800") && guest.contains("height=600"), guest);
        assertTrue(guest.contains("format=XR24"), guest);
        assertEquals(true, json.get("link_up"));
        assertEquals("1920", json.get("max_width").toString());
        assertEquals("1200", json.get("max_height").toString());
        Object monitor = json.get("monitor");
        assertTrue(
                monitor.toString().contains("width=800") && monitor.toString().contains("height=600"),
                monitor::toString);
    }

    @Test
    void anEmulatedGuestIsSetOnItsHost() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            CommandRun run = CommandRun.on(host, "mode", host.vgpu().uuid().toString(), "1024x768");
            assertEquals(0, run.exitCode(), run.err());
            assertEquals(1024, host.vgpu().guest().width());
            assertEquals(768, host.vgpu().guest().height());
            assertEquals(List.of(), host.openFiles());
            assertTrue(
                    host.trace().stream().noneMatch(call -> call.startsWith("VFIO_DEVICE_SET_IRQS arm index 5")),
                    "nothing is armed");
        }
    }

    @Test
    void aModeThatIsTooLargeNamesTheLimit() {
        CommandRun run = CommandRun.of("mode", "emulated", "2560x1600");
        assertEquals(1, run.exitCode());
        assertEquals(
                "vfio4j: cannot set 2560x1600@60: 2560x1600 is more than the device can show, which is 1920x1200\n",
                run.err());
        assertTrue(CommandRun.of("mode", "emulated", "5000x100").err().contains("width 5000 is not within"));
        assertTrue(CommandRun.of("mode", "emulated", "640x480@5").err().contains("refresh rate in Hz 5"));
    }

    @Test
    void aDeviceWithoutAMonitorSaysSo() {
        CommandRun shown = CommandRun.of("mode", "emulated:mdpy");
        assertEquals(0, shown.exitCode(), shown.err());
        assertTrue(shown.out().contains("the device has no EDID region"), shown.out());
        Map<String, Object> json =
                Json.object(CommandRun.of("mode", "emulated:mdpy", "--json").out());
        assertNull(json.get("monitor"));
        assertNull(json.get("link_up"));
        CommandRun set = CommandRun.of("mode", "emulated:mdpy", "640x480");
        assertEquals(1, set.exitCode());
        assertTrue(set.err().contains("only its guest can set the mode"), set.err());
    }

    @Test
    void aRefusalOfTheDriverIsExplained() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            host.faults().fail("pwrite", 1, Errno.EFAULT);
            CommandRun run = CommandRun.on(host, "mode", host.vgpu().uuid().toString(), "1024x768");
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("EFAULT (bad address). The monitor was to be unplugged"), run.err());
        }
    }

    @Test
    void aGuestThatShowsNothingIsSaidToBeSo() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            host.vgpu().guest().pipe(Pipe.A, false);
            CommandRun run = CommandRun.on(host, "mode", host.vgpu().uuid().toString());
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().contains("  guest    nothing is scanned out\n"), run.out());
            CommandRun set = CommandRun.on(host, "mode", host.vgpu().uuid().toString(), "640x480", "--wait", "1s");
            assertEquals(0, set.exitCode(), set.err());
        }
    }
}
