package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tree of mediated devices under /sys, as a real one looks. */
class SysfsTest {
    private static final String GPU = "/sys/class/mdev_bus/0000:00:02.0";
    private static final String TYPES = GPU + "/mdev_supported_types";
    private static final String NEW = "12345678-90ab-cdef-1234-567890abcdef";

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private final SystemCalls calls = host.systemCalls();
    private final Vgpu vgpu = host.vgpu();

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void a_device_is_found_on_the_bus_and_in_its_parent() throws IOException {
        String uuid = vgpu.uuid().toString();
        assertEquals(List.of(uuid), calls.list("/sys/bus/mdev/devices"));
        assertEquals("../../../devices/pci0000:00/0000:00:02.0/" + uuid, calls.readLink(vgpu.sysfsPath()));
        assertTrue(calls.list(GPU).contains(uuid));
        assertEquals("../../../../kernel/iommu_groups/1", calls.readLink(vgpu.sysfsPath() + "/iommu_group"));
        assertEquals(List.of(uuid), calls.list(vgpu.sysfsPath() + "/iommu_group/devices"));
        assertEquals("/dev/vfio/1", vgpu.groupPath());
        assertEquals(List.of("1", "vfio"), calls.list("/dev/vfio"));
        assertEquals("../../../../bus/mdev/drivers/vfio_mdev", calls.readLink(vgpu.sysfsPath() + "/driver"));
        assertEquals("../mdev_supported_types/i915-GVTg_V5_4", calls.readLink(vgpu.sysfsPath() + "/mdev_type"));
        assertEquals("vfio-pci\n", calls.readText(vgpu.sysfsPath() + "/mdev_type/device_api"));
    }

    @Test
    void types_tell_what_they_are_and_how_many_are_left() throws IOException {
        assertEquals(
                List.of("i915-GVTg_V5_1", "i915-GVTg_V5_2", "i915-GVTg_V5_4", "i915-GVTg_V5_8"), calls.list(TYPES));
        assertTrue(calls.readText(TYPES + "/i915-GVTg_V5_8/description").contains("resolution: 1024x768\n"));
        assertEquals("63\n", calls.readText(TYPES + "/i915-GVTg_V5_8/available_instances"));
        assertEquals(List.of(vgpu.uuid().toString()), calls.list(TYPES + "/i915-GVTg_V5_4/devices"));
    }

    @Test
    void a_device_is_created_by_writing_its_uuid() throws IOException {
        calls.writeText(TYPES + "/i915-GVTg_V5_8/create", NEW.toUpperCase(Locale.ROOT) + "\n");
        Vgpu created = host.vgpus().get(1);
        assertEquals(UUID.fromString(NEW), created.uuid());
        assertEquals(VgpuProfile.V5.dialect(), created.profile().dialect());
        assertEquals(1024, created.guest().width());
        assertEquals("/dev/vfio/2", created.groupPath());
        assertEquals("62\n", calls.readText(TYPES + "/i915-GVTg_V5_1/available_instances"));
        assertErrno(Errno.EEXIST, () -> calls.writeText(TYPES + "/i915-GVTg_V5_8/create", NEW));
        assertErrno(Errno.EINVAL, () -> calls.writeText(TYPES + "/i915-GVTg_V5_8/create", "not a uuid"));
        assertErrno(Errno.EINVAL, () -> calls.writeText(TYPES + "/i915-GVTg_V5_8/create", NEW + "\n\n"));
        String another = NEW.replace('1', '2');
        calls.writeText(TYPES + "/i915-GVTg_V5_8/create", another + "x");
        assertEquals(another, host.vgpus().get(2).uuid().toString(), "the kernel does not look at the 37th byte");
        assertThrows(IllegalStateException.class, () -> host.create(VgpuProfile.V5.withUuid(UUID.fromString(NEW))));
    }

    @Test
    void a_parent_without_an_instance_left_creates_nothing() throws IOException {
        try (EmulatedHost small =
                EmulatedHost.builder().parent(VgpuProfile.V6).instanceLimit(1).build()) {
            assertThrows(IllegalStateException.class, small::vgpu);
            small.systemCalls().writeText(TYPES + "/i915-GVTg_V5_4/create", NEW);
            assertEquals(VgpuProfile.V6.name(), small.vgpu().profile().name());
            assertErrno(
                    Errno.ENOSPC,
                    () -> small.systemCalls()
                            .writeText(
                                    TYPES + "/i915-GVTg_V5_4/create",
                                    UUID.randomUUID().toString()));
            assertThrows(IllegalStateException.class, () -> small.create(VgpuProfile.V6));
        }
    }

    @Test
    void an_aperture_is_divided_among_the_types() throws IOException {
        try (EmulatedHost gpu = EmulatedHost.builder()
                .parent(VgpuProfile.MAINLINE)
                .aperture(256)
                .build()) {
            SystemCalls sysfs = gpu.systemCalls();
            assertEquals(List.of("i915-GVTg_V5_4", "i915-GVTg_V5_8"), sysfs.list(TYPES));
            assertEquals("GVTg_V5_4\n", sysfs.readText(TYPES + "/i915-GVTg_V5_4/name"));
            assertEquals("1\n", sysfs.readText(TYPES + "/i915-GVTg_V5_4/available_instances"));
            assertEquals("2\n", sysfs.readText(TYPES + "/i915-GVTg_V5_8/available_instances"));
            sysfs.writeText(TYPES + "/i915-GVTg_V5_8/create", NEW);
            assertEquals("0\n", sysfs.readText(TYPES + "/i915-GVTg_V5_4/available_instances"));
            assertEquals("1\n", sysfs.readText(TYPES + "/i915-GVTg_V5_8/available_instances"));
            assertErrno(Errno.ENOSPC, () -> sysfs.writeText(TYPES + "/i915-GVTg_V5_4/create", NEW.replace('1', '2')));
        }
        assertThrows(
                IllegalArgumentException.class, () -> EmulatedHost.builder().aperture(128));
    }

    @Test
    void kernels_before_the_core_made_it_have_no_name_for_a_type_of_gvt() {
        assertFalse(calls.exists(TYPES + "/i915-GVTg_V5_4/name"));
        assertTrue(calls.exists(TYPES + "/i915-GVTg_V5_4/description"));
    }

    @Test
    void nodes_can_appear_later() throws IOException {
        try (EmulatedHost slow = EmulatedHost.builder()
                .vgpu(VgpuProfile.V6)
                .nodesAppearAfter(Duration.ofMillis(30))
                .build()) {
            assertTrue(slow.systemCalls().exists(slow.vgpu().sysfsPath() + "/iommu_group"));
            slow.clock().advance(Duration.ofMillis(29));
            assertFalse(slow.systemCalls().exists(slow.vgpu().groupPath()));
            slow.clock().advance(Duration.ofMillis(1));
            assertTrue(slow.systemCalls().exists(slow.vgpu().groupPath()));
            Vgpu brief = slow.create(VgpuProfile.V6);
            brief.remove();
            slow.clock().advance(Duration.ofSeconds(1));
            assertFalse(slow.systemCalls().exists(brief.groupPath()));
        }
    }

    @Test
    void the_sample_devices_are_four_at_most() throws IOException {
        for (int i = 0; i < 4; i++) {
            host.create(VgpuProfile.MDPY);
        }
        String create = "/sys/class/mdev_bus/mdpy/mdev_supported_types/mdpy-vga/create";
        assertErrno(Errno.EUSERS, () -> calls.writeText(create, NEW));
    }

    @Test
    void the_sample_device_has_a_parent_of_its_own() throws IOException {
        Vgpu sample = host.create(VgpuProfile.MDPY);
        assertEquals(List.of("0000:00:02.0", "mdpy"), calls.list("/sys/class/mdev_bus"));
        assertEquals("1024x768\n", calls.readText(sample.sysfsPath() + "/vendor/resolution"));
        assertEquals("mdpy-xga\n", calls.readText(sample.sysfsPath() + "/mdev_type/name"));
    }

    @Test
    void paths_that_lead_nowhere_say_so() {
        assertErrno(Errno.ENOENT, () -> calls.list("/sys/bus/mdev/devices/none"));
        assertErrno(Errno.ENOTDIR, () -> calls.list(GPU + "/vendor"));
        assertErrno(Errno.ENOTDIR, () -> calls.readText(GPU + "/vendor/deeper"));
        assertErrno(Errno.EINVAL, () -> calls.readLink(GPU + "/vendor"));
        assertErrno(Errno.EISDIR, () -> calls.readText(GPU));
        assertErrno(Errno.EISDIR, () -> calls.open(GPU, Access.READ));
        assertErrno(Errno.EACCES, () -> calls.readText(vgpu.sysfsPath() + "/remove"));
        assertErrno(Errno.EACCES, () -> calls.writeText(GPU + "/vendor", "1"));
        assertErrno(Errno.EACCES, () -> calls.open(GPU + "/vendor", Access.WRITE));
        assertErrno(Errno.ENOENT, () -> calls.open("/dev/vfio/99", Access.READ_WRITE));
        assertFalse(calls.exists("/sys/bus/mdev/devices/../../../etc/passwd"));
        assertTrue(calls.exists("/sys/bus/mdev/devices/../../mdev//drivers/."));
        assertTrue(calls.exists("/.."));
        assertThrows(IllegalArgumentException.class, () -> calls.list("sys"));
    }

    @Test
    void links_that_go_in_circles_are_given_up() {
        FileTree tree = new FileTree();
        tree.put("/a", new FileTree.Link("b"));
        tree.put("/b", new FileTree.Link("/a"));
        KernelError error = assertThrows(KernelError.class, () -> tree.resolve("/a"));
        assertEquals(Errno.ELOOP, error.errno());
        assertThrows(IllegalArgumentException.class, () -> tree.put("/a/b", "through a file"));
    }

    @Test
    void an_attribute_can_be_read_in_pieces() throws IOException {
        try (Descriptor attribute = calls.open(GPU + "/vendor", Access.READ);
                NativeMemory memory = calls.allocate(16)) {
            assertEquals(4, calls.read(attribute, memory, 4, 0));
            assertEquals(3, calls.read(attribute, memory, 16, 4));
            assertEquals("86\n", new String(memory.getBytes(0, 3), StandardCharsets.US_ASCII));
            assertEquals(0, calls.read(attribute, memory, 16, 7));
        }
    }
}
