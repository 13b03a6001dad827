package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.vfio.VfioGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** PCI devices behind an IOMMU: one in a group of its own, and one whose group the host uses. */
@Tag("real-kernel-iommu")
@Tag("real-kernel-cdev-iommu")
class RealDoctorIommuTest {
    private static final Path BUS = Path.of("/sys/bus/pci/devices");

    private static String address(String vendor, String device) throws IOException {
        try (Stream<Path> devices = Files.list(BUS)) {
            for (Path path : devices.toList()) {
                if (Files.readString(path.resolve("vendor")).strip().equals("0x" + vendor)
                        && Files.readString(path.resolve("device")).strip().equals("0x" + device)) {
                    return path.getFileName().toString();
                }
            }
        }
        throw new AssertionError("no " + vendor + ":" + device);
    }

    private static void unbind(String address) throws IOException {
        Path device = BUS.resolve(address);
        if (Files.exists(device.resolve("driver"))) {
            Files.writeString(device.resolve("driver/unbind"), address);
        }
        Files.writeString(device.resolve("driver_override"), "\n");
    }

    @Test
    void theAdviceHandsADeviceToVfio() throws Exception {
        String edu = address("1234", "11e8");
        unbind(edu);
        CommandRun run = CommandRun.onRealKernel("doctor", edu, "--json");
        assertEquals(1, run.exitCode(), run.out());
        assertEquals("ok", DoctorProcess.finding(run, "iommu").get("state"), run.out());
        Map<String, Object> device = DoctorProcess.finding(run, "device");
        assertEquals("problem", device.get("state"));
        DoctorProcess.follow(device);
        CommandRun again = CommandRun.onRealKernel("doctor", edu, "--json");
        assertEquals(0, again.exitCode(), again.out());
        assertEquals(
                "A PCI device, driver vfio-pci.",
                DoctorProcess.finding(again, "device").get("found"));
        assertEquals("ok", DoctorProcess.finding(again, "group").get("state"));
        assertEquals("unknown", DoctorProcess.finding(again, "opening").get("state"));
        unbind(edu);
    }

    @Test
    void whatBreaksAGroupIsNamedAndTheAdviceMakesItViable() throws Exception {
        String nic = address("8086", "100e");
        String other = address("1af4", "1005");
        CommandRun run = CommandRun.onRealKernel("doctor", nic, "--json");
        assertEquals(1, run.exitCode(), run.out());
        Map<String, Object> group = DoctorProcess.finding(run, "group");
        assertEquals("problem", group.get("state"), run.out());
        assertTrue(
                String.valueOf(group.get("found")).contains("the host uses " + other + " (driver virtio-pci)."),
                run.out());
        Map<String, Object> device = DoctorProcess.finding(run, "device");
        if (device.get("state").equals("problem")) {
            DoctorProcess.follow(device);
        }
        // sysfs tells which device it is; that there is one, the kernel says as well.
        int number = Integer.parseInt(BUS.resolve(nic)
                .resolve("iommu_group")
                .toRealPath()
                .getFileName()
                .toString());
        try (VfioGroup opened = VfioGroup.open(JnaLinux.open(), number)) {
            assertFalse(opened.viable());
        }
        List<String> done = DoctorProcess.follow(group);
        assertTrue(done.stream().anyMatch(command -> command.contains(other + "/driver_override")), done.toString());
        try (VfioGroup opened = VfioGroup.open(JnaLinux.open(), number)) {
            assertTrue(opened.viable());
        }
        CommandRun again = CommandRun.onRealKernel("doctor", nic, "--json");
        assertEquals(0, again.exitCode(), again.out());
        assertEquals("ok", DoctorProcess.finding(again, "group").get("state"));
        assertEquals("ok", DoctorProcess.finding(again, "free").get("state"));
        unbind(nic);
        unbind(other);
        DoctorProcess.root("echo " + other + " > /sys/bus/pci/drivers_probe");
    }
}
