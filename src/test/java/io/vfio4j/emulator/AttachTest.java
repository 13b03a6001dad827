package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Containers, groups, devices and VMs: the order in which they must be had, and what happens to each when another goes. */
class AttachTest {
    private EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private SystemCalls calls = host.systemCalls();

    @AfterEach
    void close() {
        host.close();
    }

    private void use(VgpuProfile profile) {
        host.close();
        host = EmulatedHost.of(profile);
        calls = host.systemCalls();
    }

    private Descriptor openContainer() throws LinuxException {
        return calls.open("/dev/vfio/vfio", Access.READ_WRITE);
    }

    private Descriptor openGroup() throws LinuxException {
        return calls.open(host.vgpu().groupPath(), Access.READ_WRITE);
    }

    private String uuid() {
        return host.vgpu().uuid().toString();
    }

    private int status(Descriptor group) throws LinuxException {
        try (NativeMemory status = calls.allocate(Vfio.GroupStatus.SIZE)) {
            status.putInt(Vfio.GroupStatus.ARGSZ, Vfio.GroupStatus.SIZE);
            calls.ioctl(group, Vfio.VFIO_GROUP_GET_STATUS, status);
            return status.getInt(Vfio.GroupStatus.FLAGS);
        }
    }

    @Test
    void a_container_tells_its_version_and_types() throws IOException {
        Descriptor container = openContainer();
        assertEquals(0, calls.ioctl(container, Vfio.VFIO_GET_API_VERSION, 0));
        assertEquals(1, calls.ioctl(container, Vfio.VFIO_CHECK_EXTENSION, Vfio.VFIO_TYPE1_IOMMU));
        assertEquals(1, calls.ioctl(container, Vfio.VFIO_CHECK_EXTENSION, Vfio.VFIO_TYPE1v2_IOMMU));
        assertEquals(0, calls.ioctl(container, Vfio.VFIO_CHECK_EXTENSION, 2));
        assertErrno(Errno.EINVAL, () -> calls.ioctl(container, Vfio.VFIO_DEVICE_GET_INFO, 0));
    }

    @Test
    void an_iommu_is_chosen_once_and_after_the_group_was_added() throws IOException {
        Descriptor container = openContainer();
        Descriptor group = openGroup();
        assertErrno(Errno.EINVAL, () -> calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1));
        Attached.setContainer(calls, group, container);
        assertErrno(Errno.ENODEV, () -> calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 77));
        calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1);
        assertErrno(Errno.EINVAL, () -> calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1));
        assertErrno(Errno.ENOTTY, () -> calls.ioctl(container, Vfio.VFIO_DEVICE_GET_INFO, 0));
    }

    @Test
    void a_group_is_open_once_until_its_last_user_has_closed_it() throws IOException {
        Attached attached = Attached.to(host);
        assertErrno(Errno.EBUSY, this::openGroup);
        attached.group().close();
        attached.container().close();
        assertErrno(Errno.EBUSY, this::openGroup);
        try (NativeMemory info = calls.allocate(64)) {
            info.putInt(0, 64);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, info);
        }
        assertTrue(host.vgpu().isOpen());
        attached.device().close();
        assertFalse(host.vgpu().isOpen());
        openGroup().close();
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void a_group_status_says_viable_and_whether_there_is_a_container() throws IOException {
        Descriptor group = openGroup();
        assertEquals(1, status(group));
        Attached.setContainer(calls, group, openContainer());
        assertEquals(3, status(group));
        try (NativeMemory small = calls.allocate(8)) {
            small.putInt(0, 7);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(group, Vfio.VFIO_GROUP_GET_STATUS, small));
        }
    }

    @Test
    void a_group_whose_devices_are_elsewhere_is_not_viable() throws IOException {
        use(VgpuProfile.V5.withViableGroup(false));
        Descriptor group = openGroup();
        assertEquals(0, status(group));
        assertErrno(Errno.EBUSY, () -> Attached.setContainer(calls, group, openContainer()));
    }

    @Test
    void a_group_of_another_process_is_busy() {
        use(VgpuProfile.V5.withBusyGroup(true));
        assertErrno(Errno.EBUSY, this::openGroup);
    }

    @Test
    void a_container_must_be_one() throws IOException {
        Descriptor group = openGroup();
        Descriptor container = openContainer();
        assertErrno(Errno.EBADFD, () -> Attached.setContainer(calls, group, group));
        try (NativeMemory number = calls.allocate(4)) {
            number.putInt(0, -1);
            assertErrno(Errno.EBADF, () -> calls.ioctl(group, Vfio.VFIO_GROUP_SET_CONTAINER, number));
        }
        assertErrno(Errno.EFAULT, () -> calls.ioctl(group, Vfio.VFIO_GROUP_SET_CONTAINER, 0));
        Attached.setContainer(calls, group, container);
        assertErrno(Errno.EINVAL, () -> Attached.setContainer(calls, group, container));
    }

    @Test
    void a_device_wants_a_container_with_an_iommu_and_its_right_name() throws IOException {
        Descriptor group = openGroup();
        Descriptor container = openContainer();
        assertErrno(Errno.ENODEV, () -> Attached.getDevice(calls, group, "another"));
        assertErrno(Errno.EINVAL, () -> Attached.getDevice(calls, group, uuid()));
        Attached.setContainer(calls, group, container);
        assertErrno(Errno.EINVAL, () -> Attached.getDevice(calls, group, uuid()));
        calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1);
        assertErrno(Errno.ENODEV, () -> Attached.getDevice(calls, group, uuid() + "x"));
        try (NativeMemory endless = calls.allocate(8)) {
            endless.putBytes(0, new byte[] {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'});
            assertErrno(Errno.EFAULT, () -> calls.ioctl(group, Vfio.VFIO_GROUP_GET_DEVICE_FD, endless));
        }
        Descriptor device = Attached.getDevice(calls, group, uuid());
        Descriptor twin = Attached.getDevice(calls, group, uuid());
        device.close();
        assertTrue(host.vgpu().isOpen());
        assertErrno(Errno.EBUSY, () -> calls.ioctl(group, Vfio.VFIO_GROUP_UNSET_CONTAINER, 0));
        twin.close();
        calls.ioctl(group, Vfio.VFIO_GROUP_UNSET_CONTAINER, 0);
        assertErrno(Errno.EINVAL, () -> calls.ioctl(group, Vfio.VFIO_GROUP_UNSET_CONTAINER, 0));
        assertErrno(Errno.EINVAL, () -> Attached.getDevice(calls, group, uuid()));
    }

    @Test
    void pointers_that_lead_nowhere_are_bad_addresses() throws IOException {
        try (Attached attached = Attached.to(host)) {
            NativeMemory small = calls.allocate(15);
            small.putInt(0, 15);
            assertErrno(Errno.EFAULT, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, small));
            long stale = small.acquire();
            small.release();
            small.close();
            assertErrno(Errno.EFAULT, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, stale));
        }
    }

    /** A VM with its VFIO device, by plain system calls. */
    private final class Vm implements AutoCloseable {
        private final Descriptor vm;
        private final Descriptor device;

        Vm() throws LinuxException {
            try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
                assertEquals(12, calls.ioctl(kvm, Kvm.KVM_GET_API_VERSION, 0));
                vm = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "VM");
            }
            device = calls.adopt(createDevice(Kvm.KVM_DEV_TYPE_VFIO), "KVM VFIO device");
        }

        private int createDevice(int type) throws LinuxException {
            try (NativeMemory create = calls.allocate(Kvm.CreateDevice.SIZE)) {
                create.putInt(Kvm.CreateDevice.TYPE, type);
                calls.ioctl(vm, Kvm.KVM_CREATE_DEVICE, create);
                return create.getInt(Kvm.CreateDevice.FD);
            }
        }

        private void change(int attribute, Descriptor group) throws LinuxException {
            try (NativeMemory number = calls.allocate(4);
                    NativeMemory change = calls.allocate(Kvm.DeviceAttr.SIZE)) {
                number.putInt(0, group.acquire());
                change.putInt(Kvm.DeviceAttr.GROUP, Kvm.KVM_DEV_VFIO_GROUP);
                change.putLong(Kvm.DeviceAttr.ATTR, attribute);
                change.putAddress(Kvm.DeviceAttr.ADDR, number);
                calls.ioctl(device, Kvm.KVM_SET_DEVICE_ATTR, change);
            } finally {
                group.release();
            }
        }

        void add(Descriptor group) throws LinuxException {
            change(Kvm.KVM_DEV_VFIO_GROUP_ADD, group);
        }

        void delete(Descriptor group) throws LinuxException {
            change(Kvm.KVM_DEV_VFIO_GROUP_DEL, group);
        }

        @Override
        public void close() {
            device.close();
            vm.close();
        }
    }

    private Descriptor openUsableGroup(Vgpu vgpu) throws LinuxException {
        Descriptor container = openContainer();
        Descriptor group = calls.open(vgpu.groupPath(), Access.READ_WRITE);
        Attached.setContainer(calls, group, container);
        container.close();
        try (Descriptor again = openContainer()) {
            assertErrno(Errno.EINVAL, () -> calls.ioctl(again, Vfio.VFIO_SET_IOMMU, 1));
        }
        return group;
    }

    @Test
    void a_vgpu_that_requires_kvm_opens_for_the_owner_of_a_vm_only() throws IOException {
        use(VgpuProfile.V5.withKvmRequired(true));
        Descriptor container = openContainer();
        Descriptor group = openGroup();
        Attached.setContainer(calls, group, container);
        calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1);
        assertErrno(Errno.ESRCH, () -> Attached.getDevice(calls, group, uuid()));
        try (Vm vm = new Vm()) {
            vm.add(group);
            assertErrno(Errno.EEXIST, () -> vm.add(group));
            assertErrno(Errno.EINVAL, () -> vm.add(container));
            Attached.getDevice(calls, group, uuid()).close();
            vm.delete(group);
            assertErrno(Errno.ENOENT, () -> vm.delete(group));
            assertErrno(Errno.ESRCH, () -> Attached.getDevice(calls, group, uuid()));
        }
        container.close();
        group.close();
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void a_vm_has_one_vgpu_at_a_time() throws IOException {
        use(VgpuProfile.MAINLINE.withKvmRequired(true));
        Vgpu second = host.create(VgpuProfile.MAINLINE.withKvmRequired(true));
        Descriptor container = openContainer();
        Descriptor group = openGroup();
        Descriptor other = calls.open(second.groupPath(), Access.READ_WRITE);
        Attached.setContainer(calls, group, container);
        Attached.setContainer(calls, other, container);
        calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1);
        try (Vm vm = new Vm()) {
            vm.add(group);
            vm.add(other);
            Descriptor device = Attached.getDevice(calls, group, uuid());
            String name = second.uuid().toString();
            assertErrno(Errno.EEXIST, () -> Attached.getDevice(calls, other, name));
            device.close();
            Attached.getDevice(calls, other, name).close();
        }
    }

    @Test
    void a_vm_keeps_the_group_busy_after_its_descriptor_was_closed() throws IOException {
        Vm vm = new Vm();
        Descriptor group = openUsableGroup(host.vgpu());
        vm.add(group);
        group.close();
        assertErrno(Errno.EBUSY, this::openGroup);
        vm.close();
        openGroup().close();
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void an_open_device_keeps_its_vm_alive() throws IOException {
        use(VgpuProfile.V6.withKvmRequired(true));
        Descriptor container = openContainer();
        Descriptor group = openGroup();
        Attached.setContainer(calls, group, container);
        calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1);
        Vm vm = new Vm();
        vm.add(group);
        Descriptor device = Attached.getDevice(calls, group, uuid());
        vm.close();
        group.close();
        container.close();
        try (NativeMemory info = calls.allocate(64)) {
            info.putInt(0, 64);
            calls.ioctl(device, Vfio.VFIO_DEVICE_GET_INFO, info);
        }
        device.close();
        openGroup().close();
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void kvm_knows_one_vfio_device_a_vm_and_no_other_kind() throws IOException {
        try (Vm vm = new Vm()) {
            assertErrno(Errno.EBUSY, () -> vm.createDevice(Kvm.KVM_DEV_TYPE_VFIO));
            assertErrno(Errno.ENODEV, () -> vm.createDevice(99));
            try (NativeMemory attribute = calls.allocate(Kvm.DeviceAttr.SIZE)) {
                assertErrno(Errno.ENXIO, () -> calls.ioctl(vm.device, Kvm.KVM_SET_DEVICE_ATTR, attribute));
                attribute.putInt(Kvm.DeviceAttr.GROUP, Kvm.KVM_DEV_VFIO_GROUP);
                attribute.putLong(Kvm.DeviceAttr.ATTR, Kvm.KVM_DEV_VFIO_GROUP_ADD);
                assertErrno(Errno.EFAULT, () -> calls.ioctl(vm.device, Kvm.KVM_SET_DEVICE_ATTR, attribute));
            }
        }
    }
}
