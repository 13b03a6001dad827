package io.vfio4j.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.doctor.Finding.State;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiagnosisTest {
    private EmulatedHost host = EmulatedHost.of(VgpuProfile.V6.withKvmRequired(true));

    @AfterEach
    void close() {
        host.close();
    }

    private Diagnosis ofDevice() {
        return Diagnosis.of(host.systemCalls(), host.vgpu().uuid().toString());
    }

    private static List<String> ids(Diagnosis diagnosis) {
        return diagnosis.findings().stream().map(Finding::id).toList();
    }

    @Test
    void aHostWithoutFaultsIsClear() {
        Diagnosis diagnosis = Diagnosis.of(host.systemCalls());
        assertEquals("host", diagnosis.subject());
        assertTrue(diagnosis.isClear());
        assertEquals(diagnosis.findings(), diagnosis.in(State.OK), diagnosis.toString());
        assertEquals(ids(diagnosis).stream().distinct().toList(), ids(diagnosis));
    }

    @Test
    void aDeviceIsLookedAtByItsNameOrWhatItWasLookedUpAs() throws IOException {
        MdevDevice mdev = MdevDevice.find(host.systemCalls(), host.vgpu().uuid());
        Diagnosis byName = ofDevice();
        assertEquals(host.vgpu().uuid().toString(), byName.subject());
        assertTrue(byName.isClear(), byName.toString());
        assertEquals(byName, Diagnosis.of(host.systemCalls(), host.vgpu().sysfsPath()));
        assertEquals(byName, Diagnosis.of(host.systemCalls(), mdev));
        assertEquals(byName, Diagnosis.of(host.systemCalls(), HostDevice.of(host.systemCalls(), mdev)));
        assertEquals(
                "0000:00:02.0", Diagnosis.of(host.systemCalls(), "0000:00:02.0").subject());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                "../../etc/passwd",
                "/sys/bus/mdev/devices/",
                "00:02.0",
                "pid:1",
                "/sys/bus/mdev/devices/../x"
            })
    void anythingElseIsNoName(String name) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Diagnosis.of(host.systemCalls(), name));
        assertTrue(e.getMessage().contains("'" + name + "'"), e.getMessage());
    }

    @Test
    void aLookAtTheHostOpensNoDevice() {
        host.clearTrace();
        Diagnosis.of(host.systemCalls());
        List<String> opened = host.trace().stream()
                .filter(call -> call.startsWith("open /dev/") || call.startsWith("write "))
                .toList();
        assertEquals(List.of(), opened);
    }

    @Test
    void aLookAtADeviceChangesNothing() {
        host.clearTrace();
        ofDevice();
        assertEquals(0, host.openDescriptors());
        assertFalse(host.vgpu().armed());
        assertEquals(0, host.vgpu().forbiddenCalls());
        for (String change : List.of("write ", "pwrite", "SET_IRQS", "GET_GFX_DMABUF", "RESET", "MAP", "mmap")) {
            assertTrue(host.trace().stream().noneMatch(call -> call.contains(change)), change + " in " + host.trace());
        }
    }

    @Test
    void aDeviceOfSomebodyElseIsLeftAlone() throws IOException {
        EmulatedProcess vmm = host.process("qemu-system-x86_64");
        vmm.systemCalls().open(host.vgpu().groupPath(), Access.READ_WRITE);
        host.clearTrace();
        Diagnosis diagnosis = ofDevice();
        assertFalse(diagnosis.isClear());
        assertEquals(
                List.of("Owner"),
                diagnosis.in(State.PROBLEM).stream().map(Finding::title).toList());
        assertTrue(
                host.trace().stream().noneMatch(call -> call.startsWith("VFIO_")),
                host.trace().toString());
        assertEquals(1, vmm.openDescriptors());
    }

    @Test
    void aPciDeviceIsNotOpened() {
        host.clearTrace();
        Diagnosis.of(host.systemCalls(), "0000:00:02.0");
        assertTrue(
                host.trace().stream().noneMatch(call -> call.contains("GET_DEVICE_FD")),
                host.trace().toString());
    }

    @Test
    void anOpenDeviceTellsOfItself() throws IOException {
        host.close();
        host = EmulatedHost.of(VgpuProfile.V3);
        try (VfioDevice device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()))) {
            Diagnosis diagnosis = Diagnosis.of(device);
            assertEquals(device.name(), diagnosis.subject());
            assertEquals(List.of("display", "display-irq"), ids(diagnosis));
            assertTrue(diagnosis.isClear());
            assertEquals(
                    "Its pixels come as dma-bufs.",
                    diagnosis.finding("display").orElseThrow().found());
            assertEquals(Optional.empty(), diagnosis.finding("vfio"));
        }
    }

    /** Each call fails in turn, with three errors that mean different things. */
    @ParameterizedTest
    @ValueSource(ints = {Errno.EIO, Errno.ENOENT, Errno.EACCES})
    void whateverFailsTheOthersAreSeenAndNothingStaysOpen(int errno) {
        everyCallFails(errno, calls -> Diagnosis.of(calls.systemCalls()), 30);
        everyCallFails(
                errno,
                calls -> Diagnosis.of(calls.systemCalls(), calls.vgpu().uuid().toString()),
                60);
        everyCallFails(errno, calls -> Diagnosis.of(calls.systemCalls(), "0000:00:02.0"), 30);
    }

    private void everyCallFails(int errno, Function<EmulatedHost, Diagnosis> look, int least) {
        long before = host.faults().calls();
        List<String> ids = ids(look.apply(host));
        long calls = host.faults().calls() - before;
        assertTrue(calls >= least, "only " + calls + " calls");
        for (int nth = 1; nth <= calls; nth++) {
            host.faults().fail(Faults.ANY, nth, errno);
            Diagnosis diagnosis = look.apply(host);
            host.faults().clear();
            assertEquals(0, host.openDescriptors(), "call " + nth);
            // Some checks depend on what another has seen, and those of a device on its having been found.
            boolean found = diagnosis.finding("device").map(Finding::state).orElse(State.OK) == State.OK;
            List<String> missing =
                    ids.stream().filter(id -> diagnosis.finding(id).isEmpty()).toList();
            assertTrue(missing.size() <= 2 || !found, "call " + nth + ": " + missing);
            assertTrue(diagnosis.findings().stream()
                    .noneMatch(finding -> finding.found().contains("unexpected")));
        }
        assertEquals(ids, ids(look.apply(host)));
    }

    @Test
    void namesThatCouldDisturbATerminalAreMadeHarmless() throws IOException {
        host.process("evil\u001b[2J\nname").systemCalls().open(host.vgpu().groupPath(), Access.READ_WRITE);
        host.files().put("/etc/passwd", "root\u001b]0;x:x:0:0\nroot:x:0:0");
        for (Finding finding : ofDevice().findings()) {
            assertTrue(
                    (finding.found() + finding.advice()).chars().noneMatch(c -> c < ' ' || c == 0x7f),
                    finding.toString());
        }
        assertEquals("a b?[2J", new Finding("id", "Title", State.OK, " a\n\tb\u001b[2J ", "").found());
        assertTrue(new Finding("id", "Title", State.OK, "x".repeat(1 << 20), "")
                        .found()
                        .length()
                < 3000);
    }

    @Test
    void textWithoutEndAndWithoutSenseIsNoTrouble() {
        for (String path : List.of(
                "/proc/cpuinfo",
                "/proc/cmdline",
                "/proc/sys/kernel/osrelease",
                "/proc/sys/kernel/yama/ptrace_scope",
                "/etc/passwd",
                "/etc/group",
                "/sys/module/i915/parameters/enable_gvt",
                "/sys/devices/pci0000:00/0000:00:02.0/class",
                "/sys/devices/pci0000:00/0000:00:02.0/device")) {
            for (String text : List.of("", ":", "::::", "\n\n", "flags", "9".repeat(100_000), "0x" + "f".repeat(500))) {
                host.files().put(path, text);
                Diagnosis diagnosis = Diagnosis.of(host.systemCalls());
                assertTrue(
                        diagnosis.findings().stream()
                                .noneMatch(finding -> finding.found().contains("unexpected")),
                        path + ": " + diagnosis);
            }
        }
    }

    @Test
    void whatJavaReachesIsSaidToo() {
        Diagnosis well = Diagnosis.of(new NativeAccess(Optional.empty(), Optional.empty()));
        assertEquals(List.of("native-access", "bridge"), ids(well));
        assertEquals(2, well.in(State.OK).size());

        Diagnosis slower = Diagnosis.of(
                new NativeAccess(Optional.empty(), Optional.of(new IllegalStateException("There is no bridge here."))));
        assertTrue(slower.isClear());
        Finding bridge = slower.finding("bridge").orElseThrow();
        assertEquals(State.ADVICE, bridge.state());
        assertEquals("It is not used: There is no bridge here.", bridge.found());

        Diagnosis not = Diagnosis.of(new NativeAccess(Optional.of(new NoClassDefFoundError()), Optional.empty()));
        assertFalse(not.isClear());
        assertEquals(List.of("native-access"), ids(not));
        assertTrue(not.findings().get(0).found().contains("NoClassDefFoundError"), not.toString());
    }

    @Test
    void oneDiagnosisGoesBehindAnother() {
        Diagnosis first = Diagnosis.of(new NativeAccess(Optional.empty(), Optional.empty()));
        Diagnosis device = ofDevice();
        Diagnosis both = device.after(first);
        assertEquals(device.subject(), both.subject());
        assertEquals(first.findings(), both.findings().subList(0, 2));
        assertEquals(
                device.findings(), both.findings().subList(2, both.findings().size()));
    }
}
