package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** QUERY_GFX_PLANE and GET_GFX_DMABUF of GVT-g: drivers/gpu/drm/i915/gvt/dmabuf.c. */
class PlanesTest {
    private static final int PRIMARY = Vfio.DrmPlaneType.PRIMARY;
    private static final int CURSOR = Vfio.DrmPlaneType.CURSOR;
    private static final int DMABUF = Vfio.VFIO_GFX_PLANE_TYPE_DMABUF;
    private static final int PROBE = Vfio.VFIO_GFX_PLANE_TYPE_PROBE;
    private static final int REGION = Vfio.VFIO_GFX_PLANE_TYPE_REGION;

    private EmulatedHost host;
    private Attached attached;
    private EmulatedGuest guest;
    private NativeMemory info;

    private void open(VgpuProfile profile) throws IOException {
        host = EmulatedHost.of(profile);
        attached = Attached.to(host);
        guest = host.vgpu().guest();
        info = host.systemCalls().allocate(DeviceGfxPlaneInfo.SIZE);
    }

    @AfterEach
    void close() {
        host.close();
    }

    private void query(int flags, int plane) throws LinuxException {
        info.putInt(DeviceGfxPlaneInfo.ARGSZ, DeviceGfxPlaneInfo.SIZE);
        info.putInt(DeviceGfxPlaneInfo.FLAGS, flags);
        info.putInt(DeviceGfxPlaneInfo.DRM_PLANE_TYPE, plane);
        attached.calls().ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
    }

    private int queryId(int plane) throws LinuxException {
        info.clear();
        query(DMABUF, plane);
        return info.getInt(DeviceGfxPlaneInfo.DMABUF_ID);
    }

    private Descriptor getDmabuf(int id) throws LinuxException {
        try (NativeMemory number = attached.calls().allocate(4)) {
            number.putInt(0, id);
            return attached.calls()
                    .adopt(
                            attached.calls().ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_GFX_DMABUF, number),
                            "dma-buf " + id);
        }
    }

    @Test
    void the_primary_plane_is_described() throws IOException {
        open(VgpuProfile.V5);
        query(DMABUF, PRIMARY);
        assertEquals(0x34325258, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT));
        assertEquals(0, info.getLong(DeviceGfxPlaneInfo.DRM_FORMAT_MOD));
        assertEquals(1920, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        assertEquals(1200, info.getInt(DeviceGfxPlaneInfo.HEIGHT));
        assertEquals(7680, info.getInt(DeviceGfxPlaneInfo.STRIDE));
        assertEquals(7680 * 1200, info.getInt(DeviceGfxPlaneInfo.SIZE_MEMBER));
        assertEquals(1, info.getInt(DeviceGfxPlaneInfo.DMABUF_ID));
        assertEquals(DMABUF, info.getInt(DeviceGfxPlaneInfo.FLAGS));
        assertEquals(64, info.getInt(DeviceGfxPlaneInfo.ARGSZ));
    }

    @Test
    void sixty_bytes_are_written() throws IOException {
        open(VgpuProfile.V5);
        byte[] pattern = new byte[64];
        Arrays.fill(pattern, (byte) 0xa5);
        info.putBytes(0, pattern);
        query(DMABUF, PRIMARY);
        assertEquals(0xa5a5a5a5, info.getInt(60));
        assertEquals(1, info.getInt(56));
    }

    @Test
    void a_plane_that_shows_nothing_leaves_the_answer_as_it_was() throws IOException {
        open(VgpuProfile.V5);
        guest.pipe(Pipe.A, false);
        byte[] pattern = new byte[64];
        Arrays.fill(pattern, (byte) 0x5a);
        info.putBytes(0, pattern);
        for (int plane : new int[] {PRIMARY, CURSOR}) {
            query(DMABUF, plane);
            assertArrayEquals(Arrays.copyOfRange(pattern, 12, 64), info.getBytes(12, 52));
        }
        guest.pipe(Pipe.A, true);
        query(DMABUF, CURSOR);
        assertArrayEquals(Arrays.copyOfRange(pattern, 12, 64), info.getBytes(12, 52), "no cursor yet");
    }

    @Test
    void the_first_enabled_pipe_is_the_one_that_is_seen() throws IOException {
        open(VgpuProfile.V5);
        int onA = queryId(PRIMARY);
        guest.pipe(Pipe.A, false);
        guest.pipe(Pipe.C, true);
        assertNotEquals(onA, queryId(PRIMARY));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, PROBE, REGION, REGION | PROBE, DMABUF | REGION, DMABUF | PROBE | 8, DMABUF | 8})
    void flags_must_be_exactly_right(int flags) throws IOException {
        open(VgpuProfile.V5);
        assertErrno(Errno.EINVAL, () -> query(flags, PRIMARY));
    }

    @Test
    void a_probe_wants_no_plane_and_a_query_wants_one() throws IOException {
        open(VgpuProfile.V5);
        query(DMABUF | PROBE, 0);
        assertErrno(Errno.EINVAL, () -> query(DMABUF, Vfio.DrmPlaneType.OVERLAY));
        assertErrno(Errno.EINVAL, () -> query(DMABUF, 3));
        info.putInt(0, 59);
        assertErrno(
                Errno.EINVAL, () -> attached.calls().ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info));
    }

    @Test
    void the_cursor_has_a_position_without_sign_and_an_unknown_hotspot() throws IOException {
        open(VgpuProfile.V5);
        guest.cursor();
        guest.moveCursor(-5, 300);
        query(DMABUF, CURSOR);
        assertEquals(0x34325241, info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT));
        assertEquals(64, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        assertEquals(256, info.getInt(DeviceGfxPlaneInfo.STRIDE));
        assertEquals(5, info.getInt(DeviceGfxPlaneInfo.X_POS));
        assertEquals(300, info.getInt(DeviceGfxPlaneInfo.Y_POS));
        assertEquals(-1, info.getInt(DeviceGfxPlaneInfo.X_HOT));
        guest.hideCursor();
        assertEquals(0, queryId(CURSOR));
    }

    @Test
    void a_framebuffer_keeps_its_id_while_it_is_remembered() throws IOException {
        open(VgpuProfile.V5);
        assertEquals(1, queryId(PRIMARY));
        guest.flip();
        assertEquals(2, queryId(PRIMARY));
        guest.flip();
        assertEquals(3, queryId(PRIMARY));
        guest.flip();
        assertEquals(1, queryId(PRIMARY), "the guest goes round three framebuffers");
    }

    @Test
    void get_and_close_at_once_gives_every_framebuffer_the_same_id() throws IOException {
        open(VgpuProfile.V5);
        for (int i = 0; i < 4; i++) {
            guest.flip();
            assertEquals(1, queryId(PRIMARY));
            getDmabuf(1).close();
            assertErrno(Errno.EINVAL, () -> getDmabuf(1));
        }
    }

    @Test
    void an_id_lives_while_its_dmabuf_is_open() throws IOException {
        open(VgpuProfile.V5);
        Descriptor first = getDmabuf(queryId(PRIMARY));
        guest.flip();
        Descriptor second = getDmabuf(queryId(PRIMARY));
        first.close();
        guest.flip();
        assertEquals(1, queryId(PRIMARY), "the lowest free id");
        second.close();
    }

    @Test
    void one_users_get_can_make_anothers_fail() throws IOException {
        open(VgpuProfile.V5);
        int mine = queryId(PRIMARY);
        int theirs = queryId(PRIMARY);
        assertEquals(mine, theirs);
        getDmabuf(theirs).close();
        assertErrno(Errno.EINVAL, () -> getDmabuf(mine));
    }

    @Test
    void a_query_of_a_known_framebuffer_holds_it_until_the_next_get() throws IOException {
        open(VgpuProfile.V5);
        Descriptor dmabuf = getDmabuf(queryId(PRIMARY));
        assertEquals(1, queryId(PRIMARY));
        dmabuf.close();
        getDmabuf(1).close();
        assertErrno(Errno.EINVAL, () -> getDmabuf(1));
        assertErrno(Errno.EINVAL, () -> getDmabuf(0));
    }

    @Test
    void a_dmabuf_outlives_the_device_and_its_id_does_not() throws IOException {
        open(VgpuProfile.V5.withMappableDmabufs(true));
        Descriptor dmabuf = getDmabuf(queryId(PRIMARY));
        attached.close();
        attached = Attached.to(host);
        assertErrno(Errno.EINVAL, () -> getDmabuf(1));
        try (Mapping mapping = attached.calls().map(dmabuf, 0, 4096, Access.READ)) {
            assertEquals(guest.pixel(300, 0), mapping.getInt(1200));
        }
        guest.flip();
        assertEquals(1, queryId(PRIMARY));
        dmabuf.close();
        assertEquals(1, queryId(PRIMARY), "closing the old dma-buf does not touch the new object");
    }

    @Test
    void a_dmabuf_cannot_be_mapped() throws IOException {
        open(VgpuProfile.V5);
        Descriptor dmabuf = getDmabuf(queryId(PRIMARY));
        assertErrno(Errno.ENODEV, () -> attached.calls().map(dmabuf, 0, 4096, Access.READ));
        int size = 7680 * 1200;
        assertErrno(Errno.EINVAL, () -> attached.calls().map(dmabuf, 0, size + 4096, Access.READ));
        assertErrno(Errno.EINVAL, () -> attached.calls().map(dmabuf, 1, 4096, Access.READ));
    }

    @Test
    void without_a_free_descriptor_the_buffer_is_still_there_for_another_try() throws IOException {
        host = EmulatedHost.builder().vgpu(VgpuProfile.V5).descriptorLimit(6).build();
        attached = Attached.to(host);
        info = host.systemCalls().allocate(64);
        int id = queryId(PRIMARY);
        assertErrno(Errno.EMFILE, () -> getDmabuf(id));
        attached.container().close();
        getDmabuf(id).close();
    }

    @Test
    void a_mapped_framebuffer_shows_what_the_guest_draws() throws IOException {
        open(VgpuProfile.V6.withMappableDmabufs(true).withSize(320, 200));
        Descriptor dmabuf = getDmabuf(queryId(PRIMARY));
        try (Mapping mapping = attached.calls().map(dmabuf, 0, 320 * 4 * 200, Access.READ)) {
            assertShows(mapping);
            for (int cells : new int[] {57, 1, 600, 5000, 3}) {
                guest.draw(cells);
                assertShows(mapping);
            }
            for (int round = 1; round <= 4; round++) {
                guest.flip();
                guest.flip();
                guest.flip();
                assertEquals(3 * round, guest.frame());
                assertShows(mapping);
                guest.draw(round * 7);
                assertShows(mapping);
            }
        }
    }

    private void assertShows(Mapping mapping) {
        for (int y = 0; y < 200; y++) {
            for (int x = 0; x < 320; x++) {
                assertEquals(guest.pixel(x, y), mapping.getInt((y * 320 + x) * 4));
            }
        }
    }

    @Test
    void a_mode_change_brings_new_framebuffers() throws IOException {
        open(VgpuProfile.V5);
        int before = queryId(PRIMARY);
        guest.setMode(1000, 600);
        assertNotEquals(before, queryId(PRIMARY));
        assertEquals(1000, info.getInt(DeviceGfxPlaneInfo.WIDTH));
        assertEquals(4032, info.getInt(DeviceGfxPlaneInfo.STRIDE), "a multiple of 64");
        assertEquals(1000, guest.width());
        assertEquals(600, guest.height());
    }
}
