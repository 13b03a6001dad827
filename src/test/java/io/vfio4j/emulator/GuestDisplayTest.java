package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedGuest.Area;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The guest's display as tests see it and change it. */
class GuestDisplayTest {
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
        host.close();
    }

    private void query(int plane) throws LinuxException {
        info.clear();
        info.putInt(DeviceGfxPlaneInfo.ARGSZ, DeviceGfxPlaneInfo.SIZE);
        info.putInt(DeviceGfxPlaneInfo.FLAGS, Vfio.VFIO_GFX_PLANE_TYPE_DMABUF);
        info.putInt(DeviceGfxPlaneInfo.DRM_PLANE_TYPE, plane);
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
    }

    private int get(int member) {
        return info.getInt(member);
    }

    private Descriptor getDmaBuf() throws LinuxException {
        try (NativeMemory id = calls.allocate(4)) {
            id.putInt(0, get(DeviceGfxPlaneInfo.DMABUF_ID));
            return calls.adopt(
                    calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_GFX_DMABUF, id), "dma-buf of a test");
        }
    }

    @Test
    void outsideOfTheScreenThereIsNothingToAskFor() throws IOException {
        open(VgpuProfile.V5.withSize(320, 200));
        guest.cursor();
        guest.pixel(319, 199);
        guest.shownPixel(319, 199);
        guest.cursorPixel(63, 63);
        for (int[] place : new int[][] {{320, 0}, {0, 200}, {-1, 0}, {0, -1}, {Integer.MAX_VALUE, 0}}) {
            String at = place[0] + "," + place[1];
            assertEquals(
                    at + " is outside of the screen, which is 320x200",
                    assertThrows(IllegalArgumentException.class, () -> guest.pixel(place[0], place[1]))
                            .getMessage());
            assertThrows(IllegalArgumentException.class, () -> guest.shownPixel(place[0], place[1]));
            assertEquals(
                    at + " is outside of the cursor, which is 64x64",
                    assertThrows(IllegalArgumentException.class, () -> guest.cursorPixel(place[0], place[1]))
                            .getMessage());
        }
    }

    // The cursor

    @ParameterizedTest
    @CsvSource({
        "64, 0, 0, true",
        "64, 64, 64, true",
        "64, 65, 3, false",
        "64, 3, 65, false",
        "256, 65, 3, true",
        "128, -1, -1, false"
    })
    void a_hotspot_is_told_unless_it_is_beyond_the_cursor(int size, int x, int y, boolean told) throws IOException {
        open(VgpuProfile.V5);
        guest.cursor();
        guest.cursorSize(size);
        query(Vfio.DrmPlaneType.CURSOR);
        assertEquals(-1, get(DeviceGfxPlaneInfo.X_HOT));
        guest.cursorHotspot(x, y);
        query(Vfio.DrmPlaneType.CURSOR);
        assertEquals(told ? x : -1, get(DeviceGfxPlaneInfo.X_HOT));
        assertEquals(told ? y : -1, get(DeviceGfxPlaneInfo.Y_HOT));
        assertEquals(size, get(DeviceGfxPlaneInfo.WIDTH));
        assertEquals(4 * size, get(DeviceGfxPlaneInfo.STRIDE));
        assertEquals(size, guest.cursorSize());
    }

    @Test
    void a_cursor_of_another_size_is_another_image_and_an_event() throws IOException {
        open(VgpuProfile.V5);
        attached.arm(calls.eventFd("irq"));
        guest.cursor();
        host.clock().advance(Duration.ofMillis(16));
        query(Vfio.DrmPlaneType.CURSOR);
        int id = get(DeviceGfxPlaneInfo.DMABUF_ID);
        guest.cursorSize(128);
        query(Vfio.DrmPlaneType.CURSOR);
        assertEquals(id + 1, get(DeviceGfxPlaneInfo.DMABUF_ID));
        host.clock().advance(Duration.ofMillis(16));
        assertEquals(2, host.vgpu().signalled().cursor());
        assertThrows(IllegalArgumentException.class, () -> guest.cursorSize(32));
    }

    @Test
    void the_cursors_state_is_told_to_tests() throws IOException {
        open(VgpuProfile.V5);
        assertFalse(guest.cursorVisible());
        guest.cursor();
        guest.moveCursor(-7, 9);
        assertTrue(guest.cursorVisible());
        assertEquals(-7, guest.cursorX());
        assertEquals(9, guest.cursorY());
        guest.hideCursor();
        assertFalse(guest.cursorVisible());
    }

    // Off at the start

    @Test
    void a_guest_that_has_not_started_shows_nothing_until_it_turns_a_pipe_on() throws IOException {
        open(VgpuProfile.V5.withDisplayOff(true));
        query(Vfio.DrmPlaneType.PRIMARY);
        assertEquals(0, get(DeviceGfxPlaneInfo.DRM_FORMAT));
        assertEquals(List.of(), guest.takeDirtyAreas());
        guest.pipe(Pipe.A, true);
        query(Vfio.DrmPlaneType.PRIMARY);
        assertEquals(1920, get(DeviceGfxPlaneInfo.WIDTH));
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.MDPY.withDisplayOff(true));
    }

    // Dirty areas

    @ParameterizedTest
    @EnumSource(names = {"XRGB8888", "RGB565", "C8", "YUYV"})
    void every_pixel_that_looks_different_is_in_a_dirty_area(EmulatedFormat format) throws IOException {
        open(VgpuProfile.V6.withSize(403, 130).withFormat(format));
        long seed = System.nanoTime();
        Random random = new Random(seed);
        assertEquals(List.of(new Area(0, 0, 403, 130)), guest.takeDirtyAreas());
        for (int round = 0; round < 60; round++) {
            int[] before = shown();
            for (int i = random.nextInt(4); i >= 0; i--) {
                switch (random.nextInt(8)) {
                    case 0 -> guest.run(Scenario.WINDOW);
                    case 1 -> guest.run(Scenario.FLIP);
                    case 2, 3, 4 -> guest.flip();
                    default -> guest.draw(random.nextInt(30));
                }
            }
            int[] now = shown();
            List<Area> dirty = guest.takeDirtyAreas();
            boolean[] covered = new boolean[now.length];
            for (Area area : dirty) {
                assertTrue(differs(before, now, area.x(), area.y(), 1, area.height()), "left edge, seed " + seed);
                assertTrue(differs(before, now, area.x(), area.y(), area.width(), 1), "top edge, seed " + seed);
                for (int y = area.y(); y < area.y() + area.height(); y++) {
                    for (int x = area.x(); x < area.x() + area.width(); x++) {
                        covered[y * 403 + x] = true;
                    }
                }
            }
            for (int i = 0; i < now.length; i++) {
                assertTrue(covered[i] || before[i] == now[i], "seed " + seed + ", round " + round + ", " + i);
            }
        }
        assertEquals(List.of(), guest.takeDirtyAreas());
    }

    private int[] shown() {
        int[] shown = new int[403 * 130];
        for (int i = 0; i < shown.length; i++) {
            shown[i] = guest.shownPixel(i % 403, i / 403);
        }
        return shown;
    }

    private static boolean differs(int[] before, int[] now, int left, int top, int width, int height) {
        for (int y = top; y < top + height; y++) {
            for (int x = left; x < left + width; x++) {
                if (before[y * 403 + x] != now[y * 403 + x]) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void another_mode_or_format_or_a_display_that_was_off_makes_everything_dirty() throws IOException {
        open(VgpuProfile.V6.withSize(100, 70));
        guest.takeDirtyAreas();
        guest.setMode(200, 80);
        assertEquals(List.of(new Area(0, 0, 200, 80)), guest.takeDirtyAreas());
        guest.setFormat(EmulatedFormat.RGB565, EmulatedTiling.LINEAR);
        assertEquals(List.of(new Area(0, 0, 200, 80)), guest.takeDirtyAreas());
        guest.pipe(Pipe.A, false);
        assertEquals(List.of(), guest.takeDirtyAreas());
        guest.pipe(Pipe.A, true);
        assertEquals(List.of(new Area(0, 0, 200, 80)), guest.takeDirtyAreas());
        guest.setFormat(EmulatedFormat.RGB565, EmulatedTiling.Y);
        assertTrue(guest.takeDirtyAreas().stream().allMatch(area -> area.width() < 200), "the next frame, no more");
    }

    // Faults

    @Test
    void a_guest_may_change_its_mode_between_two_calls() throws IOException {
        open(VgpuProfile.V5.withMappableDmabufs(true).withSize(640, 480));
        host.faults().before("mmap", 1, () -> guest.setMode(64, 64));
        query(Vfio.DrmPlaneType.PRIMARY);
        try (Descriptor dmaBuf = getDmaBuf();
                Mapping old = calls.map(dmaBuf, 0, 640 * 480 * 4, Access.READ)) {
            assertEquals(640 * 480 * 4, old.size());
            query(Vfio.DrmPlaneType.PRIMARY);
            assertEquals(64, get(DeviceGfxPlaneInfo.WIDTH));
        }
    }

    @Test
    void memory_that_is_lost_is_a_bad_address_where_it_is_read() throws IOException {
        open(VgpuProfile.V5.withMappableDmabufs(true).withSize(64, 64));
        query(Vfio.DrmPlaneType.PRIMARY);
        ByteBuffer target = ByteBuffer.allocate(64 * 64 * 4);
        try (Descriptor dmaBuf = getDmaBuf();
                Mapping mapping = calls.map(dmaBuf, 0, 64 * 64 * 4, Access.READ)) {
            mapping.read(bytes -> assertEquals(guest.pixel(3, 0), bytes.getInt(12)));
            mapping.copyTo(0, target, 0, 64 * 64 * 4);
            assertErrno(Errno.EFAULT, () -> mapping.read(bytes -> host.faults().loseMemory("of a test")));
            LinuxException lost = assertErrno(Errno.EFAULT, () -> mapping.copyTo(0, target, 0, 64));
            assertTrue(lost.getMessage().contains("dma-buf of a test"), lost.getMessage());
            host.faults().clear();
            host.faults().loseMemory("something else");
            mapping.copyTo(0, target, 0, 64);
        }
    }

    // mdpy without mmap

    @Test
    void a_region_that_cannot_be_mapped_can_be_read() throws IOException {
        open(VgpuProfile.MDPY.withSize(640, 480).withMappableRegions(false));
        guest.flip();
        try (NativeMemory region = calls.allocate(Vfio.RegionInfo.SIZE);
                NativeMemory bytes = calls.allocate(640 * 4)) {
            region.putInt(Vfio.RegionInfo.ARGSZ, Vfio.RegionInfo.SIZE);
            region.putInt(Vfio.RegionInfo.INDEX, 16);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_REGION_INFO, region);
            assertEquals(3, region.getInt(Vfio.RegionInfo.FLAGS));
            assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), 4096, 4096, Access.READ));
            assertEquals(640 * 4, calls.read(attached.device(), bytes, 640 * 4, 4096 + 100 * 2560));
            assertEquals(guest.pixel(77, 100), bytes.getInt(77 * 4));
            calls.read(attached.device(), bytes, 7, 4096 + 2562);
            byte[] odd = bytes.getBytes(0, 2);
            assertArrayEquals(
                    new byte[] {(byte) (guest.pixel(0, 1) >>> 16), 0}, odd, "the third and fourth byte of the line");
            bytes.putInt(0, 0x00ab_cdef);
            calls.write(attached.device(), bytes, 4, 4096 + 2560);
            calls.read(attached.device(), bytes, 4, 4096 + 2560);
            assertEquals(0x00ab_cdef, bytes.getInt(0));
        }
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.V5.withMappableRegions(false));
    }
}
