package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.ImportedImage;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import io.vfio4j.linux.uapi.Vfio.RegionInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** samples/vfio-mdev/mbochs.c of Linux 6.1, its faults included. */
class MbochsTest {
    private static final int DMABUF = Vfio.VFIO_GFX_PLANE_TYPE_DMABUF;
    private static final int REGISTERS = 4096 + 0x500;
    private static final int EDID = 2 * 4096;
    private static final int BLOB = EDID + 2048;
    private static final int MEMORY = 3 * 4096;

    private EmulatedHost host;
    private SystemCalls calls;
    private Attached attached;
    private EmulatedGuest guest;
    private NativeMemory info;

    private void open(VgpuProfile profile) throws IOException {
        host = EmulatedHost.of(profile);
        calls = host.systemCalls();
        attached = Attached.to(host);
        guest = host.vgpu().guest();
        info = calls.allocate(DeviceGfxPlaneInfo.SIZE);
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
        }
    }

    private static void fill(NativeMemory memory, int value, int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        memory.putBytes(0, bytes);
    }

    private void query(int flags, int plane) throws LinuxException {
        info.putInt(DeviceGfxPlaneInfo.ARGSZ, DeviceGfxPlaneInfo.SIZE);
        info.putInt(DeviceGfxPlaneInfo.FLAGS, flags);
        info.putInt(DeviceGfxPlaneInfo.DRM_PLANE_TYPE, plane);
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
    }

    /** Of a mode that is new to the driver. */
    private int queryNew() throws LinuxException {
        assertErrno(Errno.ENOMEM, () -> query(DMABUF, Vfio.DrmPlaneType.PRIMARY));
        return queryAgain();
    }

    private int queryAgain() throws LinuxException {
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        return info.getInt(DeviceGfxPlaneInfo.DMABUF_ID);
    }

    private Descriptor getDmaBuf(int id) throws LinuxException {
        try (NativeMemory number = calls.allocate(4)) {
            number.putInt(0, id);
            return calls.adopt(
                    calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_GFX_DMABUF, number), "dma-buf " + id);
        }
    }

    private void writeRegister(int index, int value) throws LinuxException {
        try (NativeMemory bytes = calls.allocate(2)) {
            bytes.putShort(0, (short) value);
            calls.write(attached.device(), bytes, 2, REGISTERS + 2 * index);
        }
    }

    private int readRegister(int index) throws LinuxException {
        try (NativeMemory bytes = calls.allocate(2)) {
            calls.read(attached.device(), bytes, 2, REGISTERS + 2 * index);
            return bytes.getShort(0) & 0xffff;
        }
    }

    private void write(long position, byte... bytes) throws LinuxException {
        try (NativeMemory memory = calls.allocate(bytes.length)) {
            memory.putBytes(0, bytes);
            calls.write(attached.device(), memory, bytes.length, position);
        }
    }

    private byte[] read(long position, int length) throws LinuxException {
        try (NativeMemory memory = calls.allocate(length)) {
            calls.read(attached.device(), memory, length, position);
            return memory.getBytes(0, length);
        }
    }

    private static byte[] word(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    private static int word(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    // The picture

    @Test
    void there_is_no_picture_before_a_mode_was_set() throws IOException {
        open(VgpuProfile.MBOCHS);
        query(DMABUF | Vfio.VFIO_GFX_PLANE_TYPE_PROBE, 77);
        fill(info, 0x5a, DeviceGfxPlaneInfo.SIZE);
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertArrayEquals(new byte[48], info.getBytes(12, 48));
        assertEquals(0x5a5a5a5a, info.getInt(60));
        query(DMABUF, Vfio.DrmPlaneType.CURSOR);
        query(DMABUF, Vfio.DrmPlaneType.OVERLAY);
        assertErrno(Errno.EINVAL, () -> query(Vfio.VFIO_GFX_PLANE_TYPE_REGION, Vfio.DrmPlaneType.PRIMARY));
        assertErrno(Errno.EINVAL, () -> query(DMABUF | 8, Vfio.DrmPlaneType.PRIMARY));
        assertErrno(Errno.ENOENT, () -> getDmaBuf(1));
    }

    @Test
    void who_writes_the_registers_sets_the_mode_and_sees_what_is_in_the_memory() throws IOException {
        open(VgpuProfile.MBOCHS);
        assertEquals(0xb0c5, readRegister(0));
        assertEquals(256, readRegister(10), "16 MB");
        writeRegister(1, 640);
        writeRegister(2, 480);
        writeRegister(3, 32);
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT), "not enabled yet");
        writeRegister(4, 0x41);
        assertEquals(1, queryNew());
        assertEquals(0x34325258, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT));
        assertEquals(640, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        assertEquals(480, info.getInt(DeviceGfxPlaneInfo.HEIGHT));
        assertEquals(2560, info.getInt(DeviceGfxPlaneInfo.STRIDE));
        assertEquals(2560 * 480, info.getInt(DeviceGfxPlaneInfo.SIZE_MEMBER));
        try (Mapping memory = calls.map(attached.device(), MEMORY, 16 << 20, Access.READ_WRITE)) {
            memory.putInt(2560 * 7 + 4 * 11, 0x123456);
        }
        try (Descriptor dmaBuf = getDmaBuf(1);
                GraphicsContext gpu = calls.graphics().open(List.of());
                ImportedImage image = gpu.importImage(image(dmaBuf))) {
            ByteBuffer target = ByteBuffer.allocateDirect(2560 * 480).order(ByteOrder.LITTLE_ENDIAN);
            image.read(target);
            assertEquals(0xff123456, target.getInt(2560 * 7 + 4 * 11));
            assertEquals(0xff000000, target.getInt(0));
        }
        writeRegister(6, 700);
        assertEquals(2, queryNew());
        assertEquals(2800, info.getInt(DeviceGfxPlaneInfo.STRIDE));
        writeRegister(9, 65535);
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT), "beyond the memory");
        writeRegister(9, 0);
        writeRegister(6, 0);
        assertEquals(1, queryAgain());
        writeRegister(3, 16);
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT), "no format but one");
    }

    private DmaBufImage image(Descriptor dmaBuf) {
        int number = dmaBuf.acquire();
        dmaBuf.release();
        return new DmaBufImage(
                number,
                info.getInt(DeviceGfxPlaneInfo.WIDTH),
                info.getInt(DeviceGfxPlaneInfo.HEIGHT),
                info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT),
                info.getLong(DeviceGfxPlaneInfo.DRM_FORMAT_MOD),
                0,
                info.getInt(DeviceGfxPlaneInfo.STRIDE));
    }

    @Test
    void a_guest_that_sets_a_mode_shows_its_pictures_wherever_one_looks() throws IOException {
        open(VgpuProfile.MBOCHS);
        guest.setMode(800, 600);
        ByteBuffer target = ByteBuffer.allocateDirect(800 * 600 * 4).order(ByteOrder.LITTLE_ENDIAN);
        try (GraphicsContext gpu = calls.graphics().open(List.of());
                Mapping memory = calls.map(attached.device(), MEMORY, 16 << 20, Access.READ)) {
            for (int frame = 0; frame < 3; frame++) {
                int id = queryNew();
                assertEquals(frame + 1, id);
                try (Descriptor dmaBuf = getDmaBuf(id);
                        ImportedImage image = gpu.importImage(image(dmaBuf))) {
                    guest.draw(5 + frame);
                    image.read(target);
                    int offset = readRegister(9) * 3200 + readRegister(8) * 4;
                    assertEquals(frame * Layout.roundUp(800 * 600 * 4, 4096), offset);
                    for (int at = 0; at < 800 * 600; at++) {
                        int pixel = guest.pixel(at % 800, at / 800);
                        assertEquals(0xff000000 | pixel, target.getInt(at * 4));
                        assertEquals(pixel, memory.getInt(offset + at * 4));
                    }
                }
                guest.flip();
            }
        }
        assertEquals(1, queryAgain(), "the guest goes round three framebuffers");
        assertEquals(3, host.vgpu().framebuffers(), "none is forgotten");
        attached.close();
        assertEquals(0, host.vgpu().framebuffers());
        attached = Attached.to(host);
        assertEquals(4, queryNew(), "ids are never used again");
    }

    @Test
    void a_guest_that_does_something_has_set_its_mode() throws IOException {
        open(VgpuProfile.MBOCHS.withSize(640, 480));
        guest.run(Scenario.FLIP);
        queryNew();
        assertEquals(640, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(61, guest.frame(), "one by the mode, one at once, 59 in vblanks");
        guest.run(Scenario.MODE);
        host.clock().advance(Duration.ofMillis(1001));
        queryNew();
        assertEquals(1280, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_RESET, 0);
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT));
        assertEquals(List.of(), guest.takeDirtyAreas());
    }

    @Test
    void what_the_card_does_not_have_is_refused() throws IOException {
        open(VgpuProfile.MBOCHS);
        assertThrows(IllegalStateException.class, () -> guest.flip(Pipe.B));
        assertThrows(IllegalStateException.class, () -> guest.pipe(Pipe.C, true));
        assertThrows(IllegalStateException.class, () -> guest.setMode(4096, 4096));
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.MBOCHS.withFormat(EmulatedFormat.RGB565));
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.MBOCHS.withTiling(EmulatedTiling.X));
        guest.pipe(Pipe.A, true);
        assertEquals(1, queryNew());
        assertEquals(1024, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        guest.pipe(Pipe.A, false);
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT));
    }

    // The dma-bufs

    @Test
    void a_dma_buf_cannot_be_mapped_and_is_as_long_as_the_picture() throws IOException {
        open(VgpuProfile.MBOCHS);
        guest.setMode(800, 600);
        try (Descriptor dmaBuf = getDmaBuf(queryNew())) {
            assertErrno(Errno.EACCES, () -> calls.map(dmaBuf, 0, 4096, Access.READ_WRITE));
            assertErrno(Errno.EINVAL, () -> calls.map(dmaBuf, 0, 4096, Access.READ));
            assertEquals(800 * 600 * 4, calls.size(dmaBuf));
        }
    }

    @Test
    void were_they_not_for_reading_only_whole_pages_could_be_mapped() throws IOException {
        open(VgpuProfile.MBOCHS.withReadOnlyDmabufs(false));
        guest.setMode(800, 600);
        try (Descriptor dmaBuf = getDmaBuf(queryNew())) {
            int pages = 800 * 600 * 4 / 4096 * 4096;
            assertErrno(Errno.EINVAL, () -> calls.map(dmaBuf, 0, 800 * 600 * 4, Access.READ));
            try (Mapping mapping = calls.map(dmaBuf, 0, pages, Access.READ)) {
                guest.draw(3);
                assertEquals(guest.pixel(20, 5), mapping.getInt(5 * 3200 + 80));
            }
        }
    }

    @Test
    void a_second_descriptor_dies_with_the_first_and_is_counted() throws IOException {
        open(VgpuProfile.MBOCHS);
        guest.setMode(800, 600);
        int id = queryNew();
        Descriptor first = getDmaBuf(id);
        assertEquals(0, host.vgpu().forbiddenCalls());
        Descriptor second = getDmaBuf(id);
        assertEquals(1, host.vgpu().forbiddenCalls());
        assertEquals(1, host.dmaBufs());
        assertEquals(800 * 600 * 4, calls.size(second));
        first.close();
        assertEquals(0, host.dmaBufs());
        assertErrno(Errno.EBADF, () -> calls.size(second));
        try (Descriptor third = getDmaBuf(id)) {
            second.close();
            assertEquals(1, host.dmaBufs());
            assertEquals(800 * 600 * 4, calls.size(third));
            assertEquals(2, host.vgpu().forbiddenCalls(), "the third stands for pages that were given back");
        }
        assertEquals(0, host.dmaBufs());
    }

    @Test
    void a_picture_that_begins_within_a_page_is_no_dma_buf() throws IOException {
        open(VgpuProfile.MBOCHS);
        guest.setMode(800, 600);
        writeRegister(9, 1);
        int id = queryNew();
        assertErrno(Errno.EINVAL, () -> getDmaBuf(id));
    }

    // Regions

    @ParameterizedTest
    @CsvSource({
        "0, 7, 16777216, 12288",
        "1, 0, 0, 0",
        "2, 3, 4096, 4096",
        "7, 3, 255, 0",
        "8, 0, 0, 0",
        "9, 11, 4096, 8192"
    })
    void regions_are_described(int index, int flags, long size, long offset) throws IOException {
        open(VgpuProfile.MBOCHS);
        NativeMemory region = region(index, 48);
        assertEquals(flags, region.getInt(RegionInfo.FLAGS));
        assertEquals(size, region.getLong(RegionInfo.SIZE_MEMBER));
        assertEquals(offset, region.getLong(RegionInfo.OFFSET));
    }

    private NativeMemory region(int index, int argsz) throws LinuxException {
        NativeMemory region = calls.allocate(128);
        fill(region, 0xa5, 128);
        region.putInt(RegionInfo.ARGSZ, argsz);
        region.putInt(RegionInfo.INDEX, index);
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_REGION_INFO, region);
        return region;
    }

    @Test
    void region_info_takes_no_larger_structure_and_tells_of_a_capability_that_it_has_not_copied() throws IOException {
        open(VgpuProfile.MBOCHS);
        assertErrno(Errno.EINVAL, () -> region(9, 31));
        assertErrno(Errno.EINVAL, () -> region(9, 49));
        assertErrno(Errno.EINVAL, () -> region(0, 64));
        assertErrno(Errno.EINVAL, () -> region(10, 48));
        NativeMemory small = region(9, 32);
        assertEquals(48, small.getInt(RegionInfo.ARGSZ));
        assertEquals(32, small.getInt(RegionInfo.CAP_OFFSET));
        assertEquals(0xa5a5a5a5, small.getInt(32));
        assertEquals(
                "02000100000000000100000001000000",
                HexFormat.of().formatHex(region(9, 48).getBytes(32, 16)));
    }

    @Test
    void the_device_has_ten_regions_and_no_irq() throws IOException {
        open(VgpuProfile.MBOCHS);
        try (NativeMemory device = calls.allocate(64)) {
            device.putInt(0, 64);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, device);
            assertEquals(Vfio.VFIO_DEVICE_FLAGS_PCI, device.getInt(Vfio.DeviceInfo.FLAGS));
            assertEquals(10, device.getInt(Vfio.DeviceInfo.NUM_REGIONS));
            assertEquals(5, device.getInt(Vfio.DeviceInfo.NUM_IRQS));
            device.putInt(Vfio.IrqInfo.FLAGS, 0x77);
            device.putInt(Vfio.IrqInfo.INDEX, 4);
            device.putInt(Vfio.IrqInfo.COUNT, 9);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, device);
            assertEquals(0, device.getInt(Vfio.IrqInfo.COUNT));
            assertEquals(0x77, device.getInt(Vfio.IrqInfo.FLAGS));
            device.putInt(Vfio.IrqInfo.INDEX, 5);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, device));
        }
        assertErrno(Errno.EINVAL, () -> attached.disarm());
        assertErrno(Errno.ENOTTY, () -> calls.ioctl(attached.device(), Vfio.VFIO_GROUP_GET_STATUS, 0));
    }

    @Test
    void reading_the_memory_is_two_pages_off_and_its_end_is_forbidden() throws IOException {
        open(VgpuProfile.MBOCHS);
        guest.setMode(1024, 768);
        int place = 100 * 4096 + 4 * 7;
        assertEquals(guest.pixel(7, 100), word(read(MEMORY + place - 8192, 4)));
        write(MEMORY + place - 8192, word(0xabcdef));
        try (Mapping memory = calls.map(attached.device(), MEMORY, 16 << 20, Access.READ)) {
            assertEquals(0xabcdef, memory.getInt(place));
        }
        assertEquals(0, host.vgpu().forbiddenCalls());
        assertErrno(Errno.EFAULT, () -> read(MEMORY + (16 << 20) - 8192, 4));
        assertEquals(1, host.vgpu().forbiddenCalls());
        assertErrno(Errno.EFAULT, () -> read(MEMORY + (16 << 20), 4));
        assertErrno(Errno.EFAULT, () -> read(1000, 4));
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), 4096, 4096, Access.READ));
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), MEMORY, (16 << 20) + 1, Access.READ));
        assertEquals(1, host.vgpu().forbiddenCalls());
    }

    @Test
    void the_configuration_is_that_of_a_graphics_card_whose_bars_can_be_sized() throws IOException {
        open(VgpuProfile.MBOCHS);
        assertEquals(0x1111_1234, word(read(0, 4)));
        assertEquals(8, word(read(0x10, 4)));
        write(0x10, word(-1));
        assertEquals(-(16 << 20) | 8, word(read(0x10, 4)));
        write(0x18, word(0xfe00_0123));
        assertEquals(0xfe00_0120, word(read(0x18, 4)));
        write(0, word(0));
        assertEquals(0x1111_1234, word(read(0, 4)));
        assertEquals(0, word(read(REGISTERS, 4)), "registers have two bytes, and answer to no other size");
    }

    // EDID

    @Test
    void an_edid_is_shown_to_the_guest_which_takes_the_mode_that_it_prefers() throws IOException {
        open(VgpuProfile.MBOCHS);
        assertEquals(0, word(read(EDID + Vfio.RegionGfxEdid.LINK_STATE, 4)), "neither up nor down");
        assertEquals(1024, word(read(EDID + Vfio.RegionGfxEdid.EDID_MAX_SIZE, 4)));
        assertEquals(1920, word(read(EDID + Vfio.RegionGfxEdid.MAX_XRES, 4)));
        assertEquals(1440, word(read(EDID + Vfio.RegionGfxEdid.MAX_YRES, 4)));
        assertFalse(guest.monitorConnected());
        byte[] edid = EdidBlock.of(1280, 720, 50);
        write(BLOB, edid);
        write(EDID + Vfio.RegionGfxEdid.EDID_SIZE, word(128));
        assertArrayEquals(new byte[128], read(4096, 128));
        write(EDID + Vfio.RegionGfxEdid.LINK_STATE, word(1));
        assertTrue(guest.monitorConnected());
        assertArrayEquals(edid, read(4096, 128));
        query(DMABUF, Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT), "the guest is not there yet");
        guest.run(Scenario.IDLE);
        queryNew();
        assertEquals(1280, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        assertEquals(50, guest.refreshRate());
        write(EDID + Vfio.RegionGfxEdid.LINK_STATE, word(2));
        assertArrayEquals(new byte[4], read(4096, 4));
        write(BLOB, EdidBlock.of(1920, 1080, 60));
        write(EDID + Vfio.RegionGfxEdid.LINK_STATE, word(1));
        assertEquals(1920, guest.width());
        assertEquals(60, guest.refreshRate());
        write(BLOB, EdidBlock.of(2560, 1440, 60));
        write(EDID + Vfio.RegionGfxEdid.LINK_STATE, word(1));
        assertEquals(1024, guest.width(), "more than the device allows, and no other mode is offered");
    }

    @Test
    void nothing_that_is_written_to_the_edid_region_is_refused() throws IOException {
        open(VgpuProfile.MBOCHS);
        guest.setMode(640, 480);
        write(EDID, word(7));
        assertEquals(2048, word(read(EDID, 4)));
        write(EDID + Vfio.RegionGfxEdid.EDID_SIZE, word(99999));
        assertEquals(99999, word(read(EDID + Vfio.RegionGfxEdid.EDID_SIZE, 4)));
        write(EDID + Vfio.RegionGfxEdid.LINK_STATE, word(77));
        write(BLOB, new byte[128]);
        write(EDID + Vfio.RegionGfxEdid.LINK_STATE, word(1));
        assertEquals(640, guest.width(), "no EDID, no other mode");
        write(EDID + 2048 + 1024, word(1));
        assertEquals(0, word(read(EDID + 2048 + 1024, 4)));
        assertEquals(0, word(read(EDID + 100, 4)));
    }

    // sysfs

    @Test
    void types_differ_by_memory_of_which_there_is_so_much() throws IOException {
        try (EmulatedHost parent =
                EmulatedHost.builder().parent(VgpuProfile.MBOCHS).build()) {
            SystemCalls sysfs = parent.systemCalls();
            String types = "/sys/class/mdev_bus/mbochs/mdev_supported_types/";
            assertEquals(List.of("mbochs-large", "mbochs-medium", "mbochs-small"), sysfs.list(types));
            assertEquals(
                    "mbochs-small", sysfs.readText(types + "mbochs-small/name").strip());
            assertEquals(
                    "virtual display, 4 MB video memory",
                    sysfs.readText(types + "mbochs-small/description").strip());
            assertEquals(
                    "64",
                    sysfs.readText(types + "mbochs-small/available_instances").strip());
            Vgpu large = parent.create(VgpuProfile.MBOCHS.withSize(1920, 1441));
            assertEquals(
                    "64 MB",
                    sysfs.readText(large.sysfsPath() + "/vendor/memory").strip());
            Vgpu small = parent.create(VgpuProfile.MBOCHS.withSize(800, 600));
            assertEquals(
                    "4 MB", sysfs.readText(small.sysfsPath() + "/vendor/memory").strip());
            assertEquals(
                    "47",
                    sysfs.readText(types + "mbochs-small/available_instances").strip());
            assertEquals(
                    "2",
                    sysfs.readText(types + "mbochs-large/available_instances").strip());
            parent.create(VgpuProfile.MBOCHS.withSize(1920, 1441));
            parent.create(VgpuProfile.MBOCHS.withSize(1920, 1441));
            IllegalStateException full = assertThrows(
                    IllegalStateException.class, () -> parent.create(VgpuProfile.MBOCHS.withSize(1920, 1441)));
            assertTrue(full.getMessage().contains("no space"), full.getMessage());
        }
    }
}
