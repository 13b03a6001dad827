package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import io.vfio4j.linux.uapi.Vfio.RegionInfo;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The regions of GVT-g, its EDID among them, and the whole of mdpy. */
class RegionsTest {
    private static final long EDID = 10L << 40;
    private static final int BLOB = 2048;

    private EmulatedHost host = EmulatedHost.of(VgpuProfile.MAINLINE);
    private Attached attached;
    private SystemCalls calls;

    private void open(VgpuProfile profile) throws IOException {
        host.close();
        host = EmulatedHost.of(profile);
        attached = Attached.to(host);
        calls = host.systemCalls();
    }

    @AfterEach
    void close() {
        host.close();
    }

    private NativeMemory region(int index, int argsz) throws LinuxException {
        NativeMemory info = calls.allocate(128);
        byte[] pattern = new byte[128];
        Arrays.fill(pattern, (byte) 0xa5);
        info.putBytes(0, pattern);
        info.putInt(RegionInfo.ARGSZ, argsz);
        info.putInt(RegionInfo.INDEX, index);
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_REGION_INFO, info);
        return info;
    }

    @ParameterizedTest
    @CsvSource({
        "0,3,16777216",
        "1,0,0",
        "3,0,0",
        "5,0,0",
        "6,0,0",
        "7,3,4096",
        "8,0,0",
        "2,15,268435456",
        "9,9,8192",
        "10,11,128"
    })
    void regions_are_described(int index, int flags, long size) throws IOException {
        open(VgpuProfile.MAINLINE);
        NativeMemory info = region(index, 128);
        assertEquals(128, info.getInt(RegionInfo.ARGSZ));
        assertEquals(flags, info.getInt(RegionInfo.FLAGS));
        assertEquals(size, info.getLong(RegionInfo.SIZE_MEMBER));
        assertEquals((long) index << 40, info.getLong(RegionInfo.OFFSET));
        if ((flags & 8) != 0) {
            assertEquals(32, info.getInt(RegionInfo.CAP_OFFSET));
        } else {
            assertEquals(0xa5a5a5a5, info.getInt(RegionInfo.CAP_OFFSET), "as it was passed");
            assertEquals(0xa5a5a5a5, info.getInt(32));
        }
    }

    @Test
    void capabilities_are_laid_out_byte_for_byte() throws IOException {
        open(VgpuProfile.V6);
        assertEquals(
                "0100010000000000" + "0100000000000000" + "0000000400000000" + "0000000400000000",
                HexFormat.of().formatHex(region(2, 64).getBytes(32, 32)));
        assertEquals(
                "0200010000000000" + "8680008001000000",
                HexFormat.of().formatHex(region(9, 48).getBytes(32, 16)));
        assertEquals(
                "0200010000000000" + "0100000001000000",
                HexFormat.of().formatHex(region(10, 48).getBytes(32, 16)));
    }

    @ParameterizedTest
    @CsvSource({"2,63,64", "9,47,48", "10,32,48"})
    void without_room_for_the_capabilities_the_size_is_told(int index, int argsz, int needed) throws IOException {
        open(VgpuProfile.V5);
        NativeMemory info = region(index, argsz);
        assertEquals(needed, info.getInt(RegionInfo.ARGSZ));
        assertEquals(8, info.getInt(RegionInfo.FLAGS) & 8);
        assertEquals(0, info.getInt(RegionInfo.CAP_OFFSET));
        assertEquals(0xa5a5a5a5, info.getInt(32));
    }

    @Test
    void regions_that_are_not_there_are_invalid() throws IOException {
        open(VgpuProfile.V5);
        assertErrno(Errno.EINVAL, () -> region(11, 64));
        assertErrno(Errno.EINVAL, () -> region(-1, 64));
        assertErrno(Errno.EINVAL, () -> region(0, 31));
    }

    @Test
    void the_edid_registers_stand_in_front_of_a_blob_beyond_the_regions_size() throws IOException {
        open(VgpuProfile.V5.withRefreshRate(50));
        try (NativeMemory memory = calls.allocate(128)) {
            assertEquals(24, calls.read(attached.device(), memory, 24, EDID));
            assertEquals(BLOB, memory.getInt(Vfio.RegionGfxEdid.EDID_OFFSET));
            assertEquals(128, memory.getInt(Vfio.RegionGfxEdid.EDID_MAX_SIZE));
            assertEquals(128, memory.getInt(Vfio.RegionGfxEdid.EDID_SIZE));
            assertEquals(1920, memory.getInt(Vfio.RegionGfxEdid.MAX_XRES));
            assertEquals(1200, memory.getInt(Vfio.RegionGfxEdid.MAX_YRES));
            assertEquals(1, memory.getInt(Vfio.RegionGfxEdid.LINK_STATE));
            assertEquals(128, calls.read(attached.device(), memory, 128, EDID + BLOB));
            byte[] edid = memory.getBytes(0, 128);
            assertTrue(EdidBlock.isValid(edid));
            assertEquals(1920, EdidBlock.width(edid));
            assertEquals(1200, EdidBlock.height(edid));
            long clock = memory.getShort(54) * 10_000L;
            assertEquals(50, clock / ((1920 + 160) * (1200 + 40)));
        }
    }

    @Test
    void a_new_edid_changes_the_guests_mode_when_the_link_comes_up() throws IOException {
        open(VgpuProfile.V5);
        EmulatedGuest guest = host.vgpu().guest();
        try (NativeMemory memory = calls.allocate(128)) {
            memory.putInt(0, 2);
            calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.LINK_STATE);
            memory.putBytes(0, EdidBlock.of(1280, 720, 60));
            calls.write(attached.device(), memory, 128, EDID + BLOB);
            assertEquals(1920, guest.width());
            memory.putInt(0, 1);
            calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.LINK_STATE);
            assertEquals(1280, guest.width());
            assertEquals(720, guest.height());
        }
    }

    private void connect(byte[] edid) throws IOException {
        try (NativeMemory memory = calls.allocate(128)) {
            memory.putBytes(0, edid);
            calls.write(attached.device(), memory, 128, EDID + BLOB);
            memory.putInt(0, 1);
            calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.LINK_STATE);
        }
    }

    @Test
    void the_guest_keeps_within_the_limits_and_takes_the_largest_other_mode() throws IOException {
        open(VgpuProfile.MAINLINE);
        EmulatedGuest guest = host.vgpu().guest();
        byte[] edid = EdidBlock.of(2560, 1440, 60);
        // Standard timings 1680x1050 at 60 Hz and 1280x1024 at 75 Hz; established ones 640x480 and 800x600.
        edid[38] = (byte) (1680 / 8 - 31);
        edid[39] = 0;
        edid[40] = (byte) (1280 / 8 - 31);
        edid[41] = (byte) 0x8f;
        edid[35] = 0x21;
        connect(checked(edid));
        assertEquals(1680, guest.width());
        assertEquals(1050, guest.height());
        edid[38] = 1;
        edid[39] = 1;
        connect(checked(edid));
        assertEquals(1280, guest.width());
        assertEquals(1024, guest.height());
        assertEquals(75, guest.refreshRate());
        connect(EdidBlock.of(4000, 3000, 60));
        assertEquals(1024, guest.width());
        edid[41] = 1;
        edid[40] = 1;
        connect(checked(edid));
        assertEquals(800, guest.width());
    }

    private static byte[] checked(byte[] edid) {
        edid[127] = 0;
        byte sum = 0;
        for (byte value : edid) {
            sum += value;
        }
        edid[127] = (byte) -sum;
        return edid;
    }

    @Test
    void the_rate_of_a_monitor_is_that_of_the_vblanks_where_the_guest_has_a_timer() throws IOException {
        open(VgpuProfile.MAINLINE);
        connect(EdidBlock.of(800, 600, 30));
        assertEquals(30, host.vgpu().guest().refreshRate());
        long before = host.vgpu().signalled().vblanks();
        host.clock().advance(java.time.Duration.ofMillis(1001));
        assertEquals(30, host.vgpu().signalled().vblanks() - before);
    }

    @Test
    void a_link_that_goes_down_is_noticed_and_a_header_that_is_nearly_right_is_mended() throws IOException {
        open(VgpuProfile.V6);
        EmulatedGuest guest = host.vgpu().guest();
        assertTrue(guest.monitorConnected());
        try (NativeMemory memory = calls.allocate(128)) {
            memory.putInt(0, 2);
            calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.LINK_STATE);
            assertEquals(false, guest.monitorConnected());
            assertEquals(1920, guest.width(), "as a text console does");
            byte[] edid = EdidBlock.of(800, 600, 60);
            edid[0] = 3;
            edid[7] = 7;
            connect(edid);
            assertEquals(800, guest.width());
            calls.read(attached.device(), memory, 8, EDID + BLOB);
            assertEquals(0x00ff_ffff_ffff_ff00L, memory.getLong(0));
            edid[3] = 3;
            assertErrno(Errno.EFAULT, () -> connect(edid));
        }
    }

    @Test
    void whatever_is_wrong_with_the_edid_is_a_bad_address() throws IOException {
        open(VgpuProfile.V5);
        try (NativeMemory memory = calls.allocate(128)) {
            memory.putInt(0, 129);
            assertErrno(
                    Errno.EFAULT, () -> calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.EDID_SIZE));
            assertErrno(Errno.EFAULT, () -> calls.write(attached.device(), memory, 4, EDID));
            assertErrno(
                    Errno.EFAULT, () -> calls.write(attached.device(), memory, 2, EDID + Vfio.RegionGfxEdid.EDID_SIZE));
            assertErrno(
                    Errno.EFAULT,
                    () -> calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.LINK_STATE));
            calls.write(attached.device(), memory, 1, EDID + BLOB + 20);
            memory.putInt(0, 1);
            assertErrno(
                    Errno.EFAULT,
                    () -> calls.write(attached.device(), memory, 4, EDID + Vfio.RegionGfxEdid.LINK_STATE));
            assertErrno(Errno.EFAULT, () -> calls.read(attached.device(), memory, 4, EDID + BLOB + 126));
        }
    }

    @Test
    void the_other_regions_can_be_read_within_their_bounds() throws IOException {
        open(VgpuProfile.V5);
        try (NativeMemory memory = calls.allocate(32)) {
            calls.read(attached.device(), memory, 4, 7L << 40);
            assertEquals(0x8086, memory.getShort(0));
            calls.read(attached.device(), memory, 16, 9L << 40);
            assertEquals('I', memory.getByte(0));
            assertErrno(Errno.EFAULT, () -> calls.write(attached.device(), memory, 4, 9L << 40));
            assertErrno(Errno.EFAULT, () -> calls.read(attached.device(), memory, 4, 1L << 40));
            assertErrno(Errno.EFAULT, () -> calls.read(attached.device(), memory, 4, (7L << 40) + 4096));
            assertEquals(7, calls.read(attached.device(), memory, 7, 1));
        }
    }

    @Test
    void only_the_vgpus_slice_of_the_aperture_can_be_mapped() throws IOException {
        open(VgpuProfile.V5);
        long slice = (2L << 40) + 0x400_0000;
        calls.map(attached.device(), slice, 4096, Access.READ_WRITE).close();
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), slice - 4096, 8192, Access.READ));
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), 0, 4096, Access.READ));
    }

    // mdpy

    private void openMdpy() throws IOException {
        open(VgpuProfile.MDPY.withSize(640, 480));
    }

    @Test
    void mdpy_shows_its_screen_in_a_region_beyond_its_regions() throws IOException {
        openMdpy();
        try (NativeMemory info = calls.allocate(64)) {
            info.putInt(0, 64);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, info);
            assertEquals(Vfio.VFIO_DEVICE_FLAGS_PCI, info.getInt(Vfio.DeviceInfo.FLAGS));
            assertEquals(9, info.getInt(Vfio.DeviceInfo.NUM_REGIONS));
            assertEquals(5, info.getInt(Vfio.DeviceInfo.NUM_IRQS));
        }
        NativeMemory region = region(16, 32);
        assertEquals(7, region.getInt(RegionInfo.FLAGS));
        assertEquals(2 << 20, region.getLong(RegionInfo.SIZE_MEMBER));
        assertEquals(4096, region.getLong(RegionInfo.OFFSET));
        assertErrno(Errno.EINVAL, () -> region(9, 32));
        try (NativeMemory plane = calls.allocate(64)) {
            plane.putInt(0, 64);
            plane.putInt(DeviceGfxPlaneInfo.FLAGS, Vfio.VFIO_GFX_PLANE_TYPE_REGION);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, plane);
            assertEquals(16, plane.getInt(DeviceGfxPlaneInfo.REGION_INDEX));
            assertEquals(2560, plane.getInt(DeviceGfxPlaneInfo.STRIDE));
            assertEquals(2 << 20, plane.getInt(DeviceGfxPlaneInfo.SIZE_MEMBER));
            plane.putInt(DeviceGfxPlaneInfo.FLAGS, Vfio.VFIO_GFX_PLANE_TYPE_DMABUF);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, plane));
            assertErrno(Errno.ENOTTY, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_GFX_DMABUF, plane));
        }
    }

    @Test
    void mdpy_knows_its_irqs_only_after_it_was_asked_for_its_info() throws IOException {
        openMdpy();
        try (NativeMemory irq = calls.allocate(64);
                NativeMemory info = calls.allocate(64)) {
            irq.putInt(0, 64);
            irq.putInt(Vfio.IrqInfo.FLAGS, 0x77);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, irq));
            info.putInt(0, 64);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, info);
            irq.putInt(Vfio.IrqInfo.COUNT, 5);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, irq);
            assertEquals(0, irq.getInt(Vfio.IrqInfo.COUNT));
            assertEquals(0x77, irq.getInt(Vfio.IrqInfo.FLAGS));
            irq.putInt(Vfio.IrqInfo.INDEX, 5);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, irq));
        }
        assertErrno(Errno.EINVAL, () -> attached.disarm());
    }

    @Test
    void the_mapped_screen_of_mdpy_is_a_gradient_and_then_what_the_guest_draws() throws IOException {
        openMdpy();
        EmulatedGuest guest = host.vgpu().guest();
        try (Mapping screen = calls.map(attached.device(), 4096, 640 * 480 * 4, Access.READ_WRITE)) {
            assertEquals(0, screen.getInt(0));
            assertEquals(0x7f7f7f7f, screen.getInt(240 * 2560));
            guest.flip();
            assertEquals(guest.pixel(100, 240), screen.getInt(240 * 2560 + 400));
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_RESET, 0);
            assertEquals(0x7f7f7f7f, screen.getInt(240 * 2560));
            screen.putInt(0, 0x123456);
            assertEquals(0x123456, screen.getInt(0), "what a user draws stays until the guest does");
        }
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), 8192, 4096, Access.READ));
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), 4096, (2 << 20) + 1, Access.READ));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 4096})
    void reading_the_screen_of_mdpy_gives_its_first_bytes_wherever_one_reads(int offset) throws IOException {
        openMdpy();
        host.vgpu().guest().flip();
        try (NativeMemory memory = calls.allocate(16)) {
            assertEquals(16, calls.read(attached.device(), memory, 16, 4096 + offset));
            byte[] first = memory.getBytes(0, 4);
            assertArrayEquals(first, memory.getBytes(4, 4));
            assertEquals(host.vgpu().guest().pixel(0, 0), memory.getInt(12) & 0xffffff);
            memory.putInt(0, 0x00aabbcc);
            calls.write(attached.device(), memory, 4, 4096 + offset);
            calls.read(attached.device(), memory, 4, 4096);
            assertEquals(0x00aabbcc, memory.getInt(0));
        }
    }

    @Test
    void mdpy_has_one_mode_and_bounds() throws IOException {
        openMdpy();
        try (NativeMemory memory = calls.allocate(16)) {
            calls.read(attached.device(), memory, 4, 0);
            assertEquals(0x1b36, memory.getShort(0));
            assertErrno(Errno.EFAULT, () -> calls.read(attached.device(), memory, 4, 1024));
            assertErrno(Errno.EFAULT, () -> calls.write(attached.device(), memory, 4, 4096 + (2 << 20)));
            calls.write(attached.device(), memory, 4, 4);
        }
        assertThrows(IllegalStateException.class, () -> host.vgpu().guest().setMode(800, 600));
    }
}
