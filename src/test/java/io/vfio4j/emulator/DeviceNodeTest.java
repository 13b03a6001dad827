package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.contract.NodeAttached;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The device's own node, and what the core lets it do: drivers/vfio/device_cdev.c, group.c. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DeviceNodeTest {
    private EmulatedHost host = EmulatedHost.of(VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV));
    private SystemCalls calls = host.systemCalls();

    private void use(VgpuProfile profile) {
        host.close();
        host = EmulatedHost.of(profile);
        calls = host.systemCalls();
    }

    @AfterEach
    void nothing_stays_open() {
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    private NodeAttached open() throws LinuxException {
        return new NodeAttached(calls, host.vgpu().nodePath());
    }

    @ParameterizedTest
    @EnumSource(DeviceNodes.class)
    void the_nodes_are_those_that_the_kernel_has(DeviceNodes nodes) throws LinuxException {
        use(VgpuProfile.PORT.withNodes(nodes));
        String sysfs = host.vgpu().sysfsPath();
        assertEquals(nodes.hasCdev(), calls.exists("/dev/iommu"));
        assertEquals(nodes.hasCdev(), calls.exists("/dev/vfio/devices/vfio0"));
        assertEquals(nodes.hasCdev(), calls.exists("/sys/class/vfio-dev/vfio0/dev"));
        assertEquals(nodes.hasGroup(), calls.exists("/dev/vfio/vfio"));
        assertEquals(nodes.hasGroup(), calls.exists("/dev/vfio/1"));
        assertEquals(nodes.hasGroup(), calls.exists(sysfs + "/iommu_group"));
        // The core registers the device either way.
        assertEquals(List.of("vfio0"), calls.list(sysfs + "/vfio-dev"));
        assertTrue(calls.exists(sysfs + "/vfio-dev/vfio0/device/mdev_type"));
    }

    @Test
    void numbers_of_removed_devices_are_used_again() throws LinuxException {
        Vgpu second = host.create(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV));
        assertEquals("/dev/vfio/devices/vfio1", second.nodePath());
        assertTrue(host.vgpu().remove().isComplete());
        assertFalse(calls.exists("/dev/vfio/devices/vfio0"));
        assertEquals(
                "/dev/vfio/devices/vfio0",
                host.create(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV)).nodePath());
    }

    @Test
    void a_device_without_a_vm_that_wants_one_is_refused_and_left_free() throws LinuxException {
        use(VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV).withKvmRequired(true));
        try (NodeAttached device = open()) {
            assertErrno(Errno.ESRCH, device::bind);
            calls.open("/dev/vfio/1", Access.READ_WRITE).close();
            assertErrno(Errno.ESRCH, device::bind);
        }
    }

    @Test
    void behind_an_iommu_the_id_that_comes_back_is_that_of_a_page_table() throws LinuxException {
        use(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV).withIommu(true));
        try (NodeAttached device = open()) {
            device.bind();
            int ioas = device.allocate();
            int table = device.attach(ioas);
            assertNotEquals(ioas, table);
            assertEquals(table, device.attach(ioas));
            assertErrno(Errno.ENOENT, () -> device.unmap(table, 0, 4096));
            assertErrno(Errno.EBUSY, () -> device.destroy(table));
            device.detach();
            assertErrno(Errno.ENOENT, () -> device.destroy(table));
            device.destroy(ioas);
        }
    }

    @Test
    void a_bound_device_keeps_the_iommufd() throws LinuxException {
        try (NodeAttached device = open();
                NativeMemory memory = calls.allocatePages(4096)) {
            device.bind();
            int ioas = device.allocate();
            device.attach(ioas);
            device.map(
                    ioas, Iommufd.IOMMU_IOAS_MAP_FIXED_IOVA | Iommufd.IOMMU_IOAS_MAP_READABLE, memory, 0, 4096, 0x1000);
            device.iommu().close();
            assertEquals(1, host.vgpu().dma().mappings().size());
            device.node().close();
            assertEquals(List.of(), host.vgpu().dma().mappings());
        }
    }

    @Test
    void a_removal_waits_for_whoever_has_the_node_open_bound_or_not() throws LinuxException {
        Vgpu vgpu = host.vgpu();
        try (NodeAttached device = open()) {
            Removal removal = vgpu.remove();
            assertFalse(removal.isComplete());
            assertErrno(Errno.ENOENT, () -> calls.open("/dev/vfio/devices/vfio0", Access.READ_WRITE));
            assertFalse(calls.exists("/sys/class/vfio-dev/vfio0"));
            device.bind();
            device.node().close();
            assertTrue(removal.isComplete());
        }
    }
}
