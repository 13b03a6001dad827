package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which path is taken, when the other one is tried, what is said when neither leads there, and in which order all is closed. */
class AttachPathTest {
    private static final VgpuProfile BOTH = VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV);

    private EmulatedHost host = EmulatedHost.of(BOTH);
    private SystemCalls calls = host.systemCalls();

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(List.of(), host.openFiles());
        assertEquals(List.of(), host.vgpu().dma().mappings());
        host.close();
    }

    private void use(VgpuProfile profile) {
        host.close();
        host = EmulatedHost.of(profile);
        calls = host.systemCalls();
    }

    private VfioDevice open(AttachOptions options) throws IOException {
        return VfioDevice.open(
                calls, HostDevice.of(calls, MdevDevice.find(calls, host.vgpu().uuid())), options);
    }

    private LinuxException refused(AttachOptions options) {
        return assertThrows(LinuxException.class, () -> open(options).close());
    }

    @ParameterizedTest
    @EnumSource(DeviceNodes.class)
    void whatTheKernelOffersDecides(DeviceNodes nodes) throws Exception {
        use(VgpuProfile.PORT.withNodes(nodes));
        try (VfioDevice device = open(AttachOptions.DEFAULTS)) {
            AttachPath expected = nodes == DeviceNodes.GROUP ? AttachPath.GROUP : AttachPath.CDEV;
            assertEquals(Optional.of(expected), device.path());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "open, /dev/iommu, ENOENT",
        "open, /dev/iommu, ENODEV",
        "open, /dev/iommu, ENXIO",
        "open, /dev/iommu, EACCES",
        "open, /dev/iommu, EPERM",
        "open, /dev/vfio/devices/vfio0, EACCES",
        "open, /dev/vfio/devices/vfio0, EPERM",
        "open, /dev/vfio/devices/vfio0, ENOENT",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, ENOTTY",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, EPERM",
        "IOMMU_IOAS_ALLOC, iommu, ENOTTY"
    })
    void aNodeThatCannotBeUsedIsPassedByForTheGroup(String operation, String target, String errno) throws Exception {
        host.faults().failOn(operation, target, number(errno));
        try (VfioDevice device = open(AttachOptions.DEFAULTS)) {
            assertEquals(Optional.of(AttachPath.GROUP), device.path());
            assertTrue(host.openFiles().stream().noneMatch(file -> file.contains("iommu")), "" + host.openFiles());
        }
        LinuxException e = refused(AttachOptions.DEFAULTS.withPath(AttachPath.CDEV));
        assertEquals(number(errno), e.errno());
        assertFalse(e.advice().isEmpty(), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "open, /dev/iommu, EMFILE",
        "open, /dev/iommu, ENOMEM",
        "open, /dev/vfio/devices/vfio0, EMFILE",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, EBUSY",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, EINVAL",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, ESRCH",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, EEXIST",
        "VFIO_DEVICE_BIND_IOMMUFD, vfio0, ENODEV",
        "VFIO_DEVICE_ATTACH_IOMMUFD_PT, vfio0, EINVAL",
        "IOMMU_IOAS_ALLOC, iommu, ENOMEM"
    })
    void whatTheGroupWouldNotCureIsSaidAtOnce(String operation, String target, String errno) {
        host.faults().failOn(operation, target, number(errno));
        LinuxException e = refused(AttachOptions.DEFAULTS);
        assertEquals(number(errno), e.errno());
        assertEquals(operation, e.operation());
        assertTrue(host.trace().stream().noneMatch(call -> call.equals("open /dev/vfio/vfio")), "" + host.trace());
    }

    @Test
    void whenNeitherPathLeadsThereBothReasonsAreSaid() {
        host.faults().failOn("open", "/dev/iommu", Errno.EACCES);
        host.faults().failOn("open", "/dev/vfio/1", Errno.EACCES);
        LinuxException e = refused(AttachOptions.DEFAULTS);
        assertEquals(Errno.EACCES, e.errno());
        assertEquals("/dev/vfio/1", e.target());
        assertTrue(e.getMessage().contains("SUBSYSTEM==\"vfio\""), e.getMessage());
        assertTrue(e.getMessage().contains("open /dev/iommu: EACCES"), e.getMessage());
        assertTrue(e.getMessage().contains("KERNEL==\"iommu\""), e.getMessage());
        assertEquals(
                "/dev/iommu",
                assertInstanceOf(LinuxException.class, e.getSuppressed()[0]).target());
    }

    @Test
    void aGroupThatIsNotViableIsSaidWithTheReasonOfTheNode() {
        use(BOTH.withViableGroup(false));
        host.faults().failOn("open", "/dev/vfio/devices/vfio0", Errno.EACCES);
        IOException e = assertThrows(IOException.class, () -> open(AttachOptions.DEFAULTS));
        assertTrue(e.getMessage().contains("is not viable"), e.getMessage());
        assertTrue(e.getMessage().contains("SUBSYSTEM==\"vfio-dev\""), e.getMessage());
        assertInstanceOf(GroupNotViableException.class, e.getCause());
        assertEquals(1, e.getSuppressed().length);
    }

    @Test
    void withoutAGroupTheReasonOfTheNodeStandsAlone() {
        use(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV));
        host.faults().failOn("open", "/dev/vfio/devices/vfio0", Errno.EACCES);
        LinuxException e = refused(AttachOptions.DEFAULTS);
        assertEquals("/dev/vfio/devices/vfio0", e.target());
        assertEquals(0, e.getSuppressed().length);
    }

    @Test
    void aForcedPathIsTheOnlyOneTried() {
        host.faults().failOn("open", "/dev/iommu", Errno.EACCES);
        refused(AttachOptions.DEFAULTS.withPath(AttachPath.CDEV));
        assertTrue(host.trace().stream().noneMatch(call -> call.contains("/dev/vfio/1")), "" + host.trace());
        host.faults().clear();
        host.faults().failOn("open", "/dev/vfio/vfio", Errno.EACCES);
        host.clearTrace();
        refused(AttachOptions.DEFAULTS.withPath(AttachPath.GROUP));
        assertTrue(host.trace().stream().noneMatch(call -> call.startsWith("open /dev/iommu")), "" + host.trace());
    }

    @Test
    void aNodeThatAnotherProcessHasIsExplained() throws Exception {
        use(BOTH.withBusyGroup(true));
        LinuxException e = refused(AttachOptions.DEFAULTS);
        assertEquals("VFIO_DEVICE_BIND_IOMMUFD", e.operation());
        assertTrue(e.getMessage().contains("`fuser /dev/vfio/1 /dev/vfio/devices/vfio0`"), e.getMessage());
    }

    @Test
    void aDeviceWithItsOwnNodeIsClosedInTheReverseOrder() throws Exception {
        use(BOTH.withKvmRequired(true));
        KvmVm vm = KvmVm.createBare(calls);
        try (NativeMemory memory = calls.allocatePages(4096)) {
            host.clearTrace();
            VfioDevice device = open(AttachOptions.DEFAULTS.withVm(vm));
            device.dma().orElseThrow().map(0x1000, memory, Access.READ);
            List<String> opening = calls(host.trace());
            host.clearTrace();
            device.close();
            assertEquals(
                    List.of(
                            "open /dev/iommu",
                            "open /dev/vfio/devices/vfio0",
                            "KVM_CREATE_DEVICE KVM VM",
                            "KVM_SET_DEVICE_ATTR KVM-VFIO device",
                            "VFIO_DEVICE_BIND_IOMMUFD /dev/vfio/devices/vfio0",
                            "IOMMU_IOAS_ALLOC /dev/iommu",
                            "VFIO_DEVICE_ATTACH_IOMMUFD_PT /dev/vfio/devices/vfio0",
                            "IOMMU_IOAS_MAP /dev/iommu"),
                    opening);
            assertEquals(
                    List.of(
                            "IOMMU_IOAS_UNMAP /dev/iommu",
                            "VFIO_DEVICE_DETACH_IOMMUFD_PT /dev/vfio/devices/vfio0",
                            "IOMMU_DESTROY /dev/iommu",
                            "KVM_SET_DEVICE_ATTR KVM-VFIO device",
                            "close KVM-VFIO device",
                            "close /dev/vfio/devices/vfio0",
                            "close /dev/iommu"),
                    calls(host.trace()));
        }
        vm.close();
    }

    @Test
    void aDeviceOfAGroupIsClosedInTheReverseOrder() throws Exception {
        use(BOTH.withKvmRequired(true));
        KvmVm vm = KvmVm.createBare(calls);
        String uuid = host.vgpu().uuid().toString();
        try (NativeMemory memory = calls.allocatePages(4096)) {
            VfioDevice device = open(AttachOptions.DEFAULTS.withVm(vm).withPath(AttachPath.GROUP));
            device.dma().orElseThrow().map(0x1000, memory, Access.READ);
            host.clearTrace();
            device.close();
            assertEquals(
                    List.of(
                            "close " + uuid,
                            "VFIO_IOMMU_UNMAP_DMA /dev/vfio/vfio",
                            "KVM_SET_DEVICE_ATTR KVM-VFIO device",
                            "close KVM-VFIO device",
                            "close /dev/vfio/1",
                            "close /dev/vfio/vfio"),
                    calls(host.trace()));
        }
        vm.close();
    }

    /** Without looking things up, and without adopting what a call returned. */
    private static List<String> calls(List<String> trace) {
        return trace.stream()
                .filter(call -> !call.startsWith("read") && !call.startsWith("opendir") && !call.startsWith("fcntl"))
                .toList();
    }

    private static int number(String errno) {
        try {
            return Errno.class.getField(errno).getInt(null);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
