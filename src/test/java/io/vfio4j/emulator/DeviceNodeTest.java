package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import io.vfio4j.linux.uapi.Vfio;
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
        return new NodeAttached(calls, host.vgpu());
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
    void before_it_is_bound_a_node_is_good_for_nothing() throws LinuxException {
        try (NodeAttached device = open();
                NativeMemory memory = calls.allocate(64)) {
            memory.putInt(0, 64);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(device.node(), Vfio.VFIO_DEVICE_GET_INFO, memory));
            assertErrno(Errno.EINVAL, () -> calls.ioctl(device.node(), Vfio.VFIO_DEVICE_RESET, 0));
            assertErrno(Errno.EINVAL, () -> device.attach(1));
            assertErrno(Errno.EINVAL, device::detach);
            assertErrno(Errno.EINVAL, () -> calls.read(device.node(), memory, 4, 0));
            assertErrno(Errno.EINVAL, () -> calls.write(device.node(), memory, 4, 0));
            assertErrno(Errno.EINVAL, () -> calls.map(device.node(), 0, 4096, Access.READ));
            assertFalse(host.vgpu().isOpen());
            device.bind();
            assertTrue(host.vgpu().isOpen());
            calls.ioctl(device.node(), Vfio.VFIO_DEVICE_GET_INFO, memory);
            assertEquals(6, memory.getInt(Vfio.DeviceInfo.NUM_IRQS));
        }
        assertFalse(host.vgpu().isOpen());
    }

    @Test
    void binding_checks_its_argument_first() throws LinuxException {
        try (NodeAttached device = open();
                Descriptor container = calls.open("/dev/vfio/vfio", Access.READ_WRITE)) {
            int number = device.iommu().acquire();
            device.iommu().release();
            assertErrno(Errno.EFAULT, () -> calls.ioctl(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 0));
            assertErrno(
                    Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 12, 0, number, 0));
            assertErrno(
                    Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 1, number, 0));
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, -1, 0));
            assertErrno(Errno.EBADF, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, 77, 0));
            assertErrno(Errno.EBADFD, () -> device.bind(container));
            // None of it has kept the group from being opened.
            Attached.to(host).close();
            assertEquals(1, device.bind());
            assertErrno(Errno.EINVAL, device::bind);
        }
    }

    @Test
    void a_device_is_bound_once_and_the_group_is_blocked_meanwhile() throws LinuxException {
        try (NodeAttached first = open();
                NodeAttached second = open()) {
            first.bind();
            assertErrno(Errno.EINVAL, second::bind);
            assertErrno(Errno.EBUSY, () -> calls.open("/dev/vfio/1", Access.READ_WRITE));
            first.node().close();
            second.bind();
        }
        Attached.to(host).close();
    }

    @Test
    void a_group_that_is_open_blocks_binding_even_without_a_container() throws LinuxException {
        try (NodeAttached device = open()) {
            Descriptor group = calls.open("/dev/vfio/1", Access.READ_WRITE);
            assertErrno(Errno.EBUSY, device::bind);
            group.close();
            device.bind();
        }
    }

    @Test
    void what_a_group_has_opened_cannot_be_bound_or_attached() throws LinuxException {
        try (Attached attached = Attached.to(host);
                NodeAttached node = open()) {
            int number = node.iommu().acquire();
            node.iommu().release();
            assertErrno(
                    Errno.EINVAL, () -> node.call(attached.device(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, number, 0));
            assertErrno(Errno.ENOTTY, () -> node.call(attached.device(), Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 12, 0, 1));
        }
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
    void ids_are_those_of_the_iommufd_and_the_lowest_is_next() throws LinuxException {
        try (NodeAttached device = open()) {
            assertEquals(1, device.bind());
            assertEquals(2, device.allocate());
            assertEquals(3, device.allocate());
            device.destroy(2);
            assertEquals(2, device.allocate());
            assertErrno(Errno.EBUSY, () -> device.destroy(1));
            assertErrno(Errno.ENOENT, () -> device.destroy(9));
        }
    }

    @Test
    void attaching_checks_its_argument_and_replaces() throws LinuxException {
        try (NodeAttached device = open()) {
            device.bind();
            int one = device.allocate();
            int other = device.allocate();
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 8, 0, one));
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 12, 1, one));
            assertErrno(Errno.ENOENT, () -> device.attach(99));
            // The device itself is no address space.
            assertErrno(Errno.ENOENT, () -> device.attach(1));
            device.detach();
            assertEquals(one, device.attach(one));
            assertEquals(one, device.attach(one));
            assertErrno(Errno.EBUSY, () -> device.destroy(one));
            device.attach(other);
            device.destroy(one);
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT, 4, 0));
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT, 8, 1));
            device.detach();
            device.destroy(other);
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
