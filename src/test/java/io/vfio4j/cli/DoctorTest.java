package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DoctorTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);

    @AfterEach
    void close() {
        host.close();
    }

    private CommandRun doctor(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "doctor";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return CommandRun.on(host, all);
    }

    @Test
    void aHostWithoutFaultsIsOneLineForEachCheckAndASum() {
        CommandRun run = doctor();
        assertEquals(0, run.exitCode(), run.out() + run.err());
        List<String> lines = run.outLines();
        assertEquals("host", lines.get(0));
        List<String> checks = lines.subList(1, lines.size() - 2);
        assertTrue(checks.stream().allMatch(line -> line.startsWith("  ok       ")), run.out());
        int column = "  ok       ".length();
        assertTrue(checks.contains("  ok       VFIO                   vfio (a module)."), run.out());
        assertTrue(
                checks.stream().allMatch(line -> line.substring(column).matches("\\S+( \\S+)* {2,}\\S.*")), run.out());
        assertEquals("", lines.get(lines.size() - 2));
        assertEquals(
                "Nothing was found to stand in the way. " + checks.size() + " ok, 0 with advice, 0 could not be seen.",
                lines.get(lines.size() - 1));
        assertEquals("", run.err());
    }

    @Test
    void aProblemHasItsAdviceBelowAndIsNamedInTheSum() {
        host.files().remove("/sys/module/vfio_iommu_type1");
        host.files().own("/dev/vfio/vfio", 0600, 0, 0);
        CommandRun run = doctor();
        assertEquals(1, run.exitCode());
        List<String> lines = run.outLines();
        int problem = lines.indexOf("  problem  IOMMU backend          Neither vfio_iommu_type1 nor iommufd is there,"
                + " and no group or device can be used without.");
        assertTrue(problem > 0, run.out());
        assertTrue(lines.get(problem + 1).startsWith("           -> As root: modprobe vfio_iommu_type1."), run.out());
        assertTrue(lines.get(lines.size() - 1).startsWith("1 problem stands in the way: IOMMU backend. "), run.out());
    }

    @Test
    void severalProblemsAreCounted() {
        host.files().remove("/sys/module/vfio_iommu_type1");
        host.files().remove("/dev/vfio/vfio");
        CommandRun run = doctor();
        assertTrue(
                run.out().contains("2 problems stand in the way: IOMMU backend, Node of the container. "), run.out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"emulated", "emulated:none", "emulated:v2:idle", "emulated:mdpy", "emulated:v6:flip,kvm=yes"})
    void anEmulatedDeviceIsInOrder(String name) {
        CommandRun run = CommandRun.of("doctor", name);
        assertEquals(0, run.exitCode(), run.out() + run.err());
        assertTrue(run.outLines().get(0).startsWith("emulated:"), run.out());
        assertTrue(run.out().contains("Display irq"), run.out());
    }

    @Test
    void aDeviceOfTheHostIsNamedByItsUuidItsPathOrItsAddress() {
        String uuid = host.vgpu().uuid().toString();
        assertEquals(0, doctor(uuid).exitCode());
        assertEquals(uuid, doctor(uuid).outLines().get(0));
        assertEquals(0, doctor(host.vgpu().sysfsPath()).exitCode());
        CommandRun pci = doctor("0000:00:02.0");
        assertEquals(1, pci.exitCode());
        assertTrue(pci.out().contains("the driver i915 is bound"), pci.out());
    }

    @Test
    void aDeviceThatIsNotThereIsAProblem() {
        CommandRun run = doctor("8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11");
        assertEquals(1, run.exitCode());
        assertTrue(run.out().contains("ENODEV"), run.out());
    }

    @Test
    void aBusyDeviceNamesItsOwner() throws IOException {
        host.process("qemu-system-x86_64").systemCalls().open(host.vgpu().groupPath(), Access.READ_WRITE);
        CommandRun run = doctor(host.vgpu().uuid().toString());
        assertEquals(1, run.exitCode());
        assertTrue(run.out().contains("It is open in 1001 (qemu-system-x86)."), run.out());
    }

    @Test
    void jsonHasALineForEachFindingAndASummary() {
        host.files().remove("/sys/module/vfio_iommu_type1");
        CommandRun run = doctor("--json");
        assertEquals(1, run.exitCode());
        List<Map<String, Object>> findings = run.json("finding");
        assertEquals(run.json().size() - 1, findings.size());
        Map<String, Object> kernel = findings.get(0);
        assertEquals(
                List.of("type", "subject", "id", "title", "state", "found", "advice"), List.copyOf(kernel.keySet()));
        assertEquals("host", kernel.get("subject"));
        assertEquals("kernel", kernel.get("id"));
        assertEquals("ok", kernel.get("state"));
        assertNull(kernel.get("advice"));
        Map<String, Object> backend = findings.stream()
                .filter(finding -> "vfio-iommu".equals(finding.get("id")))
                .findFirst()
                .orElseThrow();
        assertEquals("problem", backend.get("state"));
        assertNotNull(backend.get("advice"));
        Map<String, Object> summary = run.summary();
        assertEquals(false, summary.get("clear"));
        assertEquals(1L, Json.number(summary, "problem"));
        assertEquals(findings.size() - 1L, Json.number(summary, "ok"));
        assertEquals(0, Json.number(summary, "advice") + Json.number(summary, "unknown"));
    }

    @Test
    void aKernelThatCannotBeReachedIsTheFirstThingToPutRight() {
        CommandRun run = CommandRun.of("doctor");
        assertEquals(1, run.exitCode());
        assertTrue(
                run.out().contains("Java cannot reach the kernel: This is a test; vGPUs are reached elsewhere."),
                run.out());
        CommandRun device = CommandRun.of("doctor", "0000:00:02.0");
        assertEquals("0000:00:02.0", device.outLines().get(0));
        assertEquals(1, device.exitCode());
    }

    @Test
    void whatFailsElsewhereNamesTheDoctor() throws IOException {
        String uuid = host.vgpu().uuid().toString();
        host.process("qemu-system-x86_64").systemCalls().open(host.vgpu().groupPath(), Access.READ_WRITE);
        for (String command : List.of("info", "watch")) {
            CommandRun run = CommandRun.on(host, command, uuid);
            assertEquals(1, run.exitCode());
            assertTrue(run.err().endsWith(" 'vfio4j doctor " + uuid + "' looks for the cause.\n"), run.err());
        }
        assertFalse(doctor(uuid).err().contains("doctor"), doctor(uuid).err());
        assertFalse(CommandRun.of("list", "--no-such").err().contains("looks for the cause"));
    }

    @Test
    void aDeviceThatAnotherProcessHasOpenIsLookedAtBesideIt() throws IOException {
        EmulatedProcess vmm = host.process("qemu-system-x86_64");
        String uuid = host.vgpu().uuid().toString();
        try (VfioDevice owned = VfioDevice.open(
                vmm.systemCalls(),
                MdevDevice.find(vmm.systemCalls(), host.vgpu().uuid()))) {
            CommandRun run = doctor("pid:" + vmm.pid());
            assertEquals(0, run.exitCode(), run.out() + run.err());
            assertEquals("pid:" + vmm.pid(), run.outLines().get(0));
            assertTrue(run.out().contains("Dialect v5, irq 5"), run.out());
            assertEquals(0, host.openDescriptors());
            assertEquals(uuid, owned.name());
        }
        CommandRun gone = doctor("pid:" + vmm.pid());
        assertEquals(1, gone.exitCode(), gone.out());
        assertTrue(gone.out().contains("1 problem stands in the way: Opening."), gone.out());
        CommandRun nobody = doctor("socket:/run/no-such.sock");
        assertEquals(1, nobody.exitCode(), nobody.out());
        assertTrue(nobody.out().contains("ENOENT"), nobody.out());
    }

    @Test
    void textIsAsciiAndJsonIsNot() throws IOException {
        host.process("q\u00e9mu").systemCalls().open(host.vgpu().groupPath(), Access.READ_WRITE);
        String uuid = host.vgpu().uuid().toString();
        assertTrue(
                doctor(uuid).out().contains("It is open in 1001 (q?mu)."),
                doctor(uuid).out());
        assertTrue(doctor(uuid).out().chars().allMatch(c -> c == '\n' || c >= ' ' && c <= '~'));
        assertTrue(doctor(uuid, "--json").out().contains("1001 (q\u00e9mu)"));
    }

    @Test
    void coloursAreForTerminalsOnly() {
        String before = System.getProperty("picocli.ansi");
        System.setProperty("picocli.ansi", "true");
        try {
            assertFalse(doctor().out().contains("\u001b"), doctor().out());
            CommandRun onTerminal = CommandRun.on(host::systemCalls, true, "doctor");
            assertTrue(onTerminal.out().contains("\u001b[32mok\u001b"), onTerminal.out());
            assertFalse(CommandRun.on(host::systemCalls, true, "doctor", "--json")
                    .out()
                    .contains("\u001b"));
        } finally {
            if (before == null) {
                System.clearProperty("picocli.ansi");
            } else {
                System.setProperty("picocli.ansi", before);
            }
        }
    }

    @Test
    void whatNamesNoDeviceIsAUsageError() {
        CommandRun run = doctor("00:02.0");
        assertEquals(2, run.exitCode());
        assertTrue(run.err().contains("DEVICE: '00:02.0'"), run.err());
        assertTrue(run.err().contains("PCI address"), run.err());
    }

    @Test
    void theHelpTellsTheExitCodes() {
        CommandRun run = CommandRun.of("doctor", "--help");
        assertEquals(0, run.exitCode());
        assertTrue(run.out().contains("1 a problem was found"), run.out());
    }
}
