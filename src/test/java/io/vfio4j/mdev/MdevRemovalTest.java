package io.vfio4j.mdev;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.proc.Holder;
import io.vfio4j.proc.ProcTree;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Removing a device of an emulated host, before which stands a /proc that the test writes. */
@Timeout(30)
class MdevRemovalTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int SELF = 900;
    private static final String DEVICE_DESCRIPTOR = "anon_inode:[vfio-device]";

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
    private final Vgpu vgpu = host.vgpu();
    private final ProcTree proc = new ProcTree(SELF);
    private final SystemCalls calls = proc.before(host.systemCalls());

    @AfterEach
    void closeHost() {
        host.close();
    }

    private void onlyThisProcess(String... descriptors) {
        proc.process(1, "systemd");
        proc.process(SELF, "java", descriptors);
    }

    /** Somebody whom /proc shows or does not show; the emulated kernel knows one process only. */
    private VfioDevice somebodyOpensIt() throws Exception {
        return VfioDevice.open(host.systemCalls(), MdevDevice.find(host.systemCalls(), vgpu.uuid()));
    }

    private void remove() throws Exception {
        MdevDevice.remove(calls, vgpu.uuid(), PATIENCE);
    }

    private DeviceInUseException refused() {
        DeviceInUseException refusal = assertThrows(DeviceInUseException.class, this::remove);
        assertFalse(refusal.removalBegun());
        assertTrue(host.systemCalls().exists(vgpu.sysfsPath()), "nothing was done");
        return refusal;
    }

    @Test
    void aDeviceThatNobodyUsesIsGone() throws Exception {
        onlyThisProcess();
        remove();
        assertEquals(List.of(), MdevDevice.list(calls));
        assertEquals(List.of(), host.vgpus());
        assertEquals(0, host.openDescriptors());
        assertEquals(0, host.clock().nanoTime());
    }

    @Test
    void aDeviceThatAnotherProcessHasOpenStays() {
        onlyThisProcess();
        proc.process(4711, "qemu-system-x86", vgpu.groupPath(), DEVICE_DESCRIPTOR);
        DeviceInUseException refusal = refused();
        assertEquals(
                List.of(new Holder(4711, "qemu-system-x86", false)),
                refusal.holders().list());
        assertTrue(refusal.getMessage().contains("process 4711 (qemu-system-x86) has it open"), refusal.getMessage());
    }

    @Test
    void aDeviceWhoseUserCannotBeSeenStaysToo() throws Exception {
        onlyThisProcess();
        proc.process(30, "vmm");
        proc.refuse("/proc/30/fd", Errno.EACCES);
        VfioDevice held = somebodyOpensIt();
        DeviceInUseException refusal = refused();
        assertEquals(List.of(), refusal.holders().list());
        assertTrue(refusal.getMessage().contains("nobody who can be seen from here"), refusal.getMessage());
        assertTrue(refusal.getMessage().contains("One process could not be looked into"), refusal.getMessage());
        held.close();
        remove();
    }

    @Test
    void aDeviceThatThisProcessHasOpenIsNeverRemoved() throws Exception {
        onlyThisProcess("/dev/null", vgpu.groupPath());
        assertTrue(refused().getMessage().contains("This process has the mediated device"));
        DeviceInUseException forced =
                assertThrows(DeviceInUseException.class, () -> MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE));
        assertTrue(forced.getMessage().contains("would wait for this very process"), forced.getMessage());
        assertFalse(forced.removalBegun());
        assertTrue(calls.exists(vgpu.sysfsPath()));
        assertEquals(1, forced.holders().list().size());
    }

    @Test
    void aDescriptorThatThisProcessWasHandedCountsWhereItsOwnerIsUnknown() throws Exception {
        onlyThisProcess("/dev/null", DEVICE_DESCRIPTOR);
        proc.process(4711, "qemu-system-x86", vgpu.groupPath(), DEVICE_DESCRIPTOR);
        assertThrows(DeviceInUseException.class, () -> MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE));
        assertTrue(calls.exists(vgpu.sysfsPath()));
        proc.fdInfo(1, "pos:\t0\nvfio-device-syspath: /sys/devices/virtual/mdpy/mdpy/" + UUID.randomUUID() + "\n");
        MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE);
        assertFalse(calls.exists(vgpu.sysfsPath()));
    }

    @Test
    void aDescriptorOfWhichTheKernelSaysThatItIsTheDevicesCounts() {
        onlyThisProcess("/dev/vfio/77", DEVICE_DESCRIPTOR);
        proc.process(4711, "qemu-system-x86", vgpu.groupPath());
        proc.fdInfo(1, "vfio-device-syspath: /sys/devices/pci0000:00/0000:00:02.0/" + vgpu.uuid() + "\n");
        assertThrows(DeviceInUseException.class, () -> MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE));
        assertTrue(calls.exists(vgpu.sysfsPath()));
    }

    @Test
    void aDeviceOfAnotherGroupThatThisProcessHasOpenIsNoObstacle() throws Exception {
        onlyThisProcess("/dev/vfio/77", DEVICE_DESCRIPTOR);
        proc.process(4711, "qemu-system-x86", vgpu.groupPath());
        MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE);
        assertFalse(calls.exists(vgpu.sysfsPath()));
    }

    @Test
    void aDescriptorOfAnyDeviceIsNoObstacleWhereNobodyHasThisOne() throws Exception {
        onlyThisProcess(DEVICE_DESCRIPTOR);
        remove();
        assertFalse(calls.exists(vgpu.sysfsPath()));
    }

    @Test
    void withoutProcTheKernelStillTellsThatAGroupIsBusy() throws Exception {
        proc.unmount();
        VfioDevice held = somebodyOpensIt();
        assertTrue(refused().getMessage().contains("Not every process of the host can be seen from here."));
        held.close();
        remove();
        assertEquals(List.of(), host.vgpus());
    }

    @Test
    void aForcedRemovalWaitsUntilTheLastUserHasClosed() throws Exception {
        onlyThisProcess();
        VfioDevice held = somebodyOpensIt();
        proc.process(4711, "vmm", vgpu.groupPath());
        host.clock().onInstant(() -> {
            if (host.clock().nanoTime() >= 3_000_000_000L) {
                held.close();
            }
            return false;
        });
        MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE);
        assertEquals(List.of(), host.vgpus());
        long passed = host.clock().nanoTime();
        assertTrue(passed >= 3_000_000_000L && passed < 3_200_000_000L, passed + " ns");
        assertEquals(0, host.openDescriptors(), host.openFiles().toString());
    }

    @Test
    void aForcedRemovalThatIsNotAnsweredSaysWhoStillHasIt() throws Exception {
        onlyThisProcess();
        VfioDevice held = somebodyOpensIt();
        proc.process(4711, "vmm", vgpu.groupPath());
        DeviceInUseException open =
                assertThrows(DeviceInUseException.class, () -> MdevDevice.removeForced(calls, vgpu.uuid(), PATIENCE));
        assertTrue(open.removalBegun());
        assertTrue(open.getMessage().contains("after 10 s: process 4711 (vmm) has it open."), open.getMessage());
        assertEquals(PATIENCE.toNanos(), host.clock().nanoTime());
        assertFalse(calls.exists(vgpu.sysfsPath()), "it is off the bus");

        // Again: there is no write any more, only the wait.
        DeviceInUseException again = assertThrows(
                DeviceInUseException.class, () -> MdevDevice.remove(calls, vgpu.uuid(), Duration.ofMillis(1500)));
        assertTrue(again.getMessage().contains("after 1500 ms: process 4711"), again.getMessage());
        LinuxException taken = assertThrows(
                LinuxException.class,
                () -> MdevParent.find(calls, "0000:00:02.0")
                        .type(calls, "i915-GVTg_V5_4")
                        .create(calls, vgpu.uuid()));
        assertTrue(taken.advice().contains("is being removed"), taken.getMessage());

        held.close();
        assertEquals(List.of(), host.vgpus());
        LinuxException gone = assertThrows(LinuxException.class, this::remove);
        assertEquals(Errno.ENODEV, gone.errno());
    }

    @Test
    void theHoldersOfADeviceCanBeAskedFor() throws Exception {
        onlyThisProcess();
        proc.process(4711, "vmm", vgpu.groupPath());
        host.clearTrace();
        assertEquals(
                "4711 (vmm)", MdevDevice.find(calls, vgpu.uuid()).holders(calls).describe());
        assertTrue(host.trace().stream().noneMatch(call -> call.startsWith("open /dev")), "asking opens nothing");
    }

    @Test
    void aDeviceThatIsNotThereIsSaidToBeSo() {
        LinuxException refusal =
                assertThrows(LinuxException.class, () -> MdevDevice.remove(calls, UUID.randomUUID(), PATIENCE));
        assertEquals(Errno.ENODEV, refusal.errno());
    }

    @ParameterizedTest
    @CsvSource({
        "EACCES, access, Only root may remove",
        "EPERM, write, Only root may remove",
        "EROFS, access, mounted read-only",
        "ENOENT, access, Somebody else removes it",
        "EAGAIN, write, Somebody else removes it",
        "ENODEV, write, is being unloaded",
        "EIO, write, dmesg"
    })
    void whateverTheKernelRefusesIsExplained(String errno, String operation, String advice) throws Exception {
        onlyThisProcess();
        host.faults().failOn(operation, "/remove", Errno.class.getField(errno).getInt(null));
        LinuxException refusal = assertThrows(LinuxException.class, this::remove);
        assertEquals(errno, refusal.errnoName());
        assertTrue(refusal.advice().contains(advice), refusal.getMessage());
        assertEquals(1, MdevDevice.list(calls).size());
    }

    @Test
    void aGroupThatMayNotBeOpenedDoesNotKeepADeviceFromBeingRemoved() throws Exception {
        onlyThisProcess();
        host.faults().failOn("open", vgpu.groupPath(), Errno.EACCES);
        remove();
        assertEquals(List.of(), host.vgpus());
    }

    @Test
    void lookingWhoUsesItLeavesItsGroupFree() throws Exception {
        onlyThisProcess();
        host.faults().failOn("write", "/remove", Errno.EIO);
        assertThrows(LinuxException.class, this::remove);
        try (Descriptor group = host.systemCalls().open(vgpu.groupPath(), Access.READ_WRITE)) {
            assertFalse(group.isClosed());
        }
    }
}
