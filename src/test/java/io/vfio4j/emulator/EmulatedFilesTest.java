package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a host shows of its kernel and its users, who may open what, and how a test changes it. */
class EmulatedFilesTest {
    private static final int SOMEBODY = 1000;
    private static final int KVM_GROUP = 106;

    private EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private SystemCalls calls = host.systemCalls();

    @AfterEach
    void close() {
        host.close();
    }

    private void use(EmulatedHost.Builder builder) {
        host.close();
        host = builder.build();
        calls = host.systemCalls();
    }

    private void beSomebody(int... groups) {
        use(EmulatedHost.builder().vgpu(VgpuProfile.V5).user(SOMEBODY, groups));
    }

    @Test
    void the_kernel_is_of_the_time_of_its_devices() throws IOException {
        assertEquals("5.4.0-emulated\n", calls.readText("/proc/sys/kernel/osrelease"));
        assertFalse(calls.exists("/proc/sys/kernel/arch"));
        use(EmulatedHost.builder().vgpu(VgpuProfile.MDPY));
        assertEquals("6.1.0-emulated\n", calls.readText("/proc/sys/kernel/osrelease"));
        use(EmulatedHost.builder().vgpu(VgpuProfile.V5).parent(VgpuProfile.PORT));
        assertEquals("6.12.0-emulated\n", calls.readText("/proc/sys/kernel/osrelease"));
        assertEquals("x86_64\n", calls.readText("/proc/sys/kernel/arch"));
    }

    @Test
    void a_gpu_brings_its_modules_and_its_group() throws IOException {
        assertEquals("../../../bus/pci/drivers/i915", calls.readLink("/sys/devices/pci0000:00/0000:00:02.0/driver"));
        assertEquals("Y\n", calls.readText("/sys/module/i915/parameters/enable_gvt"));
        assertEquals(List.of("0000:00:02.0"), calls.list("/sys/kernel/iommu_groups/0/devices"));
        use(EmulatedHost.builder().vgpu(VgpuProfile.MDPY));
        assertFalse(calls.exists("/sys/module/i915"));
        assertTrue(calls.exists("/sys/module/vfio/initstate"));
    }

    @Test
    void nodes_have_the_modes_and_numbers_that_the_kernel_gives_them() throws IOException {
        FileStatus.Kind node = FileStatus.Kind.CHARACTER_DEVICE;
        assertEquals(new FileStatus(node, 0666, 0, 0, 10, 196), calls.status("/dev/vfio/vfio"));
        assertEquals(new FileStatus(node, 0660, 0, KVM_GROUP, 10, 232), calls.status("/dev/kvm"));
        assertEquals(0600, calls.status(host.vgpu().groupPath()).permissions());
        assertEquals(new FileStatus(FileStatus.Kind.DIRECTORY, 0755, 0, 0, 0, 0), calls.status("/sys/module"));
        assertEquals(
                new FileStatus(FileStatus.Kind.REGULAR, 0400, 0, 0, 0, 0),
                calls.status("/sys/module/i915/parameters/enable_gvt"));
        assertEquals(0200, calls.status(host.vgpu().sysfsPath() + "/remove").permissions());
    }

    @Test
    void root_may_open_everything() throws IOException {
        host.files().own("/dev/kvm", 0, SOMEBODY, SOMEBODY);
        calls.checkAccess("/dev/kvm", Access.READ_WRITE);
        calls.open("/dev/kvm", Access.READ_WRITE).close();
    }

    @Test
    void others_may_open_what_its_mode_lets_them() throws IOException {
        beSomebody();
        calls.open("/dev/vfio/vfio", Access.READ_WRITE).close();
        String group = host.vgpu().groupPath();
        assertErrno(Errno.EACCES, () -> calls.open(group, Access.READ_WRITE));
        assertErrno(Errno.EACCES, () -> calls.checkAccess(group, Access.READ));
        assertErrno(Errno.EACCES, () -> calls.open("/dev/kvm", Access.READ));
        assertErrno(Errno.EACCES, () -> calls.readText("/sys/module/i915/parameters/enable_gvt"));
        assertErrno(Errno.EACCES, () -> calls.writeText(host.vgpu().sysfsPath() + "/remove", "1"));
        assertEquals(0600, calls.status(group).permissions());
    }

    @Test
    void a_member_of_the_group_may_open_what_the_group_may() throws IOException {
        beSomebody(KVM_GROUP, 5000);
        calls.open("/dev/kvm", Access.READ_WRITE).close();
        assertTrue(calls.readText("/proc/self/status").contains("\nGroups:\t106 5000 \n"));
        assertTrue(calls.readText("/proc/self/status").contains("\nUid:\t1000\t1000\t1000\t1000\n"));
    }

    @ParameterizedTest
    @CsvSource({
        // mode in octal, owner, group, read, write
        "600, 1000, 0, true, true",
        "600, 0, 1000, false, false",
        "640, 0, 1000, true, false",
        "060, 1000, 1000, false, false",
        "606, 0, 0, true, true",
        "606, 0, 1000, false, false",
        "604, 0, 0, true, false",
        "602, 0, 0, false, true"
    })
    void the_first_of_owner_group_and_others_decides(String mode, int owner, int group, boolean read, boolean write)
            throws IOException {
        beSomebody();
        host.files().own("/dev/kvm", Integer.parseInt(mode, 8), owner, group);
        check(Access.READ, read);
        check(Access.WRITE, write);
        check(Access.READ_WRITE, read && write);
    }

    private void check(Access access, boolean allowed) throws IOException {
        if (allowed) {
            calls.checkAccess("/dev/kvm", access);
            calls.open("/dev/kvm", access).close();
        } else {
            assertErrno(Errno.EACCES, () -> calls.checkAccess("/dev/kvm", access));
            assertErrno(Errno.EACCES, () -> calls.open("/dev/kvm", access));
        }
    }

    @Test
    void files_are_put_linked_and_removed() throws IOException {
        EmulatedFiles files = host.files();
        files.put("/sys/devices/new/attribute", "value");
        files.link("/sys/class/new", "/sys/devices/new");
        assertEquals("value\n", calls.readText("/sys/class/new/attribute"));
        assertEquals("../devices/new", calls.readLink("/sys/class/new"));
        files.own("/sys/class/new/attribute", 0400, 7, 8);
        assertEquals(
                new FileStatus(FileStatus.Kind.REGULAR, 0400, 7, 8, 0, 0), calls.status("/sys/devices/new/attribute"));
        files.put("/sys/devices/new/attribute", "other");
        assertEquals(0444, calls.status("/sys/devices/new/attribute").permissions());
        files.remove("/sys/devices/new");
        assertFalse(calls.exists("/sys/class/new"));
        files.remove("/sys/devices/new");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "relative", "/sys/", "/with space"})
    void what_is_no_path_is_refused(String path) {
        assertThrows(IllegalArgumentException.class, () -> host.files().put(path, "x"));
        assertThrows(IllegalArgumentException.class, () -> host.files().remove(path));
    }

    @Test
    void what_cannot_be_is_refused() {
        assertThrows(IllegalArgumentException.class, () -> host.files().own("/no/such", 0600, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> host.files().own("/dev/kvm", 010000, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> host.files().own("/dev/kvm", 0600, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> host.files().put("/dev/kvm/below", "x"));
    }

    @Test
    void without_its_module_type_1_cannot_be_chosen() throws IOException {
        host.files().remove("/sys/module/vfio_iommu_type1");
        try (var container = calls.open("/dev/vfio/vfio", Access.READ_WRITE);
                var group = calls.open(host.vgpu().groupPath(), Access.READ_WRITE);
                var number = calls.allocate(Integer.BYTES)) {
            assertEquals(0, calls.ioctl(container, Vfio.VFIO_CHECK_EXTENSION, Vfio.VFIO_TYPE1_IOMMU));
            number.putInt(0, container.acquire());
            calls.ioctl(group, Vfio.VFIO_GROUP_SET_CONTAINER, number);
            container.release();
            assertErrno(Errno.ENODEV, () -> calls.ioctl(container, Vfio.VFIO_SET_IOMMU, Vfio.VFIO_TYPE1_IOMMU));
        }
    }

    @Test
    void a_kernel_without_groups_has_no_container() {
        use(EmulatedHost.builder().vgpu(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV)));
        assertFalse(calls.exists("/sys/class/misc/vfio"));
        assertFalse(calls.exists("/sys/module/vfio_iommu_type1"));
        assertTrue(calls.exists("/sys/class/misc/iommu"));
    }

    @Test
    void a_container_has_a_pid_namespace_of_its_own() throws IOException {
        assertEquals("pid:[4026531836]", calls.readLink("/proc/self/ns/pid"));
        use(EmulatedHost.builder().vgpu(VgpuProfile.V5).inContainer());
        assertFalse(calls.readLink("/proc/self/ns/pid").equals("pid:[4026531836]"));
    }
}
