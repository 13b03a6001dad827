package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
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
import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.gl.ImportedImage;
import io.vfio4j.linux.uapi.DmaBuf;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Dma-bufs, and the GPU that reads those that cannot be mapped. */
class SoftwareGraphicsTest {
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

    private Descriptor fetch() throws LinuxException {
        info.clear();
        info.putInt(DeviceGfxPlaneInfo.ARGSZ, DeviceGfxPlaneInfo.SIZE);
        info.putInt(DeviceGfxPlaneInfo.FLAGS, Vfio.VFIO_GFX_PLANE_TYPE_DMABUF);
        info.putInt(DeviceGfxPlaneInfo.DRM_PLANE_TYPE, Vfio.DrmPlaneType.PRIMARY);
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
        try (NativeMemory id = calls.allocate(4)) {
            id.putInt(0, info.getInt(DeviceGfxPlaneInfo.DMABUF_ID));
            return calls.adopt(calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_GFX_DMABUF, id), "dma-buf");
        }
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

    private ByteBuffer target() {
        return ByteBuffer.allocateDirect(guest.width() * guest.height() * 4).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void assertShows(ByteBuffer argb) {
        for (int y = 0; y < guest.height(); y++) {
            for (int x = 0; x < guest.width(); x++) {
                assertEquals(
                        0xff00_0000 | guest.shownPixel(x, y),
                        argb.getInt((y * guest.width() + x) * 4),
                        x + "," + y + " of " + guest.width());
            }
        }
    }

    private static GraphicsException assertRefused(String expected, Executable call) {
        GraphicsException refusal = assertThrows(GraphicsException.class, call);
        assertTrue(refusal.getMessage().contains(expected), refusal.getMessage());
        return refusal;
    }

    @ParameterizedTest
    @EnumSource
    void every_format_in_every_layout_is_read_as_the_guest_shows_it(EmulatedFormat format) throws IOException {
        for (EmulatedTiling tiling : EmulatedTiling.values()) {
            open(VgpuProfile.V5.withFormat(format).withTiling(tiling).withSize(203, 128));
            guest.flip();
            guest.draw(9);
            try (Descriptor dmaBuf = fetch();
                    GraphicsContext gpu = calls.graphics().open(List.of());
                    ImportedImage imported = gpu.importImage(image(dmaBuf))) {
                assertEquals(format.fourcc(), info.getInt(DeviceGfxPlaneInfo.DRM_FORMAT));
                assertEquals(tiling.modifier(), info.getLong(DeviceGfxPlaneInfo.DRM_FORMAT_MOD));
                ByteBuffer target = target();
                imported.read(target);
                assertShows(target);
                guest.draw(3);
                imported.read(target);
                assertShows(target);
            }
            host.close();
        }
    }

    @Test
    void a_format_may_change_while_the_guest_runs() throws IOException {
        open(VgpuProfile.V6.withSize(128, 64));
        guest.setFormat(EmulatedFormat.RGB565, EmulatedTiling.X);
        try (Descriptor dmaBuf = fetch();
                GraphicsContext gpu = calls.graphics().open(List.of());
                ImportedImage imported = gpu.importImage(image(dmaBuf))) {
            assertEquals(512, info.getInt(DeviceGfxPlaneInfo.STRIDE));
            ByteBuffer target = target();
            imported.read(target);
            assertShows(target);
        }
    }

    @Test
    void an_import_keeps_the_dma_buf_and_closing_it_lets_it_go() throws IOException {
        open(VgpuProfile.V5.withSize(64, 64));
        GraphicsContext gpu = calls.graphics().open(List.of("/dev/dri/card7", "/dev/dri/card0"));
        assertTrue(gpu.name().contains("/dev/dri/card0"), gpu.name());
        Descriptor dmaBuf = fetch();
        ImportedImage imported = gpu.importImage(image(dmaBuf));
        dmaBuf.close();
        assertEquals(1, host.dmaBufs());
        assertEquals(1, host.imports());
        assertEquals(1, host.vgpu().framebuffers());
        imported.read(target());
        imported.close();
        imported.close();
        assertEquals(0, host.dmaBufs() + host.imports() + host.vgpu().framebuffers());
        assertRefused("the image is closed", () -> imported.read(target()));
        try (Descriptor again = fetch()) {
            ImportedImage other = gpu.importImage(image(again));
            gpu.close();
            gpu.close();
            assertRefused("the GPU is closed", () -> other.read(target()));
            assertRefused("the GPU is closed", () -> gpu.importImage(image(again)));
            other.close();
            assertEquals(0, host.imports());
            assertEquals(1, host.dmaBufs());
        }
        assertEquals(0, host.dmaBufs());
    }

    @Test
    void what_cannot_be_is_refused_with_the_values() throws IOException {
        open(VgpuProfile.V5.withSize(64, 64));
        try (Descriptor dmaBuf = fetch();
                GraphicsContext gpu = calls.graphics().open(List.of())) {
            DmaBufImage good = image(dmaBuf);
            int fd = good.descriptor();
            int xr24 = good.format();
            long x = EmulatedTiling.X.modifier();
            assertRefused("0x3231564e", () -> gpu.importImage(new DmaBufImage(fd, 64, 64, 0x3231564e, 0, 0, 256)));
            assertRefused(
                    "0x0100000000000007",
                    () -> gpu.importImage(new DmaBufImage(fd, 64, 64, xr24, 0x0100_0000_0000_0007L, 0, 256)));
            assertRefused("EGL_BAD_ATTRIBUTE", () -> gpu.importImage(new DmaBufImage(fd, 64, 64, xr24, 0, 0, 252)));
            assertRefused("EGL_BAD_ATTRIBUTE", () -> gpu.importImage(new DmaBufImage(fd, 64, 64, xr24, x, 0, 256)));
            assertRefused("EGL_BAD_ACCESS", () -> gpu.importImage(new DmaBufImage(fd, 64, 65, xr24, 0, 0, 256)));
            assertRefused("EGL_BAD_ACCESS", () -> gpu.importImage(new DmaBufImage(fd, 64, 64, xr24, 0, 256, 256)));
            assertRefused("EGL_BAD_ATTRIBUTE", () -> gpu.importImage(new DmaBufImage(fd, 64, 8, xr24, x, 512, 512)));
            assertRefused("EBADF", () -> gpu.importImage(new DmaBufImage(999, 64, 64, xr24, 0, 0, 256)));
            int group = attached.group().acquire();
            attached.group().release();
            assertRefused("no dma-buf", () -> gpu.importImage(new DmaBufImage(group, 64, 64, xr24, 0, 0, 256)));
            try (ImportedImage imported = gpu.importImage(good)) {
                ByteBuffer small = ByteBuffer.allocateDirect(64 * 64 * 4 - 1);
                assertThrows(IllegalArgumentException.class, () -> imported.read(small));
                assertThrows(IllegalArgumentException.class, () -> imported.read(ByteBuffer.allocate(64 * 64 * 4)));
            }
        }
        assertRefused("/dev/dri/card9: no such file", () -> calls.graphics().open(List.of("/dev/dri/card9")));
    }

    @Test
    void faults_make_it_fail() throws IOException {
        open(VgpuProfile.V5.withSize(64, 64));
        Graphics graphics = calls.graphics();
        Faults faults = host.faults();
        assertTrue(graphics.isAvailable() && graphics.unavailabilityCause().isEmpty());
        faults.removeGraphics();
        assertFalse(graphics.isAvailable());
        assertTrue(graphics.unavailabilityCause().orElseThrow().getMessage().contains("libEGL.so.1"));
        assertRefused("libEGL.so.1", () -> graphics.open(List.of()));
        faults.clear();
        faults.fail("eglInitialize", 1, Errno.EACCES);
        assertRefused("EACCES", () -> graphics.open(List.of()));
        try (GraphicsContext gpu = graphics.open(List.of());
                Descriptor dmaBuf = fetch()) {
            faults.refuseImports(image -> image.modifier() == 0);
            assertRefused("64x64 XRGB8888, linear, stride 256", () -> gpu.importImage(image(dmaBuf)));
            faults.clear();
            faults.fail("eglCreateImage", 1, Errno.ENOMEM);
            assertRefused("ENOMEM", () -> gpu.importImage(image(dmaBuf)));
            faults.fail("glReadPixels", 2, Errno.ENOMEM);
            try (ImportedImage imported = gpu.importImage(image(dmaBuf))) {
                imported.read(target());
                assertRefused("glReadPixels", () -> imported.read(target()));
                imported.read(target());
            }
        }
        assertEquals(0, host.imports());
        host.close();
        assertRefused("closed", () -> graphics.open(List.of()));
    }

    @Test
    void the_end_of_a_process_ends_its_imports() throws IOException {
        open(VgpuProfile.V5.withSize(64, 64));
        SystemCalls viewer = host.process("viewer").systemCalls();
        EmulatedProcess other = host.process("another viewer");
        GraphicsContext gpu = other.systemCalls().graphics().open(List.of());
        try (Descriptor dmaBuf = fetch();
                Descriptor us = other.systemCalls().openProcess(host.pid())) {
            assertRefused("EBADF", () -> viewer.graphics().open(List.of()).importImage(image(dmaBuf)));
            int number = dmaBuf.acquire();
            dmaBuf.release();
            Descriptor taken = other.systemCalls().copyDescriptor(us, number, "dma-buf");
            ImportedImage imported = gpu.importImage(image(taken));
            imported.read(target());
            taken.close();
            assertEquals(1, host.imports());
            other.end();
            assertEquals(0, host.imports());
            assertRefused("closed", () -> imported.read(target()));
            imported.close();
        }
        gpu.close();
        assertEquals(0, host.dmaBufs());
    }

    @Test
    void a_copy_of_a_descriptor_is_of_the_same_dma_buf() throws IOException {
        open(VgpuProfile.V5.withSize(64, 64));
        Descriptor dmaBuf = fetch();
        try (Descriptor copy = calls.duplicate(dmaBuf, "another")) {
            assertEquals(1, host.dmaBufs());
            dmaBuf.close();
            assertEquals(64 * 64 * 4, calls.size(copy));
        }
        assertEquals(0, host.dmaBufs());
    }

    // Dma-bufs that can be mapped, or not.

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 6, 7})
    void reads_and_writes_are_bracketed(long flags) throws IOException {
        open(VgpuProfile.V5.withMappableDmabufs(true));
        try (Descriptor dmaBuf = fetch();
                NativeMemory sync = calls.allocate(DmaBuf.Sync.SIZE)) {
            sync.putLong(DmaBuf.Sync.FLAGS, flags);
            host.clearTrace();
            assertEquals(0, calls.ioctl(dmaBuf, DmaBuf.DMA_BUF_IOCTL_SYNC, sync));
            String what = ((flags & 4) != 0 ? "end" : "start")
                    + ((flags & 1) != 0 ? " read" : "")
                    + ((flags & 2) != 0 ? " write" : "");
            assertEquals(List.of("DMA_BUF_IOCTL_SYNC " + what + " dma-buf"), host.trace());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4, 8, 9, 1L << 32 | 1, -1})
    void other_brackets_are_refused(long flags) throws IOException {
        open(VgpuProfile.V5);
        try (Descriptor dmaBuf = fetch();
                NativeMemory sync = calls.allocate(DmaBuf.Sync.SIZE)) {
            sync.putLong(DmaBuf.Sync.FLAGS, flags);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(dmaBuf, DmaBuf.DMA_BUF_IOCTL_SYNC, sync));
            assertErrno(Errno.EFAULT, () -> calls.ioctl(dmaBuf, DmaBuf.DMA_BUF_IOCTL_SYNC, 0));
            assertErrno(Errno.ENOTTY, () -> calls.ioctl(dmaBuf, Vfio.VFIO_DEVICE_GET_INFO, sync));
        }
    }

    @Test
    void a_dma_buf_for_reading_only_cannot_be_shared_memory() throws IOException {
        open(VgpuProfile.V5.withMappableDmabufs(true).withReadOnlyDmabufs(true));
        try (Descriptor dmaBuf = fetch()) {
            assertErrno(Errno.EACCES, () -> calls.map(dmaBuf, 0, 4096, Access.READ_WRITE));
            assertErrno(Errno.EINVAL, () -> calls.map(dmaBuf, 0, 4096, Access.READ));
        }
    }

    @Test
    void a_mapping_is_as_long_as_the_pages_and_is_counted() throws IOException {
        open(VgpuProfile.V5
                .withMappableDmabufs(true)
                .withTiling(EmulatedTiling.Y)
                .withSize(100, 70));
        try (Descriptor dmaBuf = fetch()) {
            assertEquals(512 * 96, info.getInt(DeviceGfxPlaneInfo.SIZE_MEMBER));
            assertEquals(512 * 96, calls.size(dmaBuf));
            assertErrno(Errno.EINVAL, () -> calls.map(dmaBuf, 4096, 512 * 96 - 4095, Access.READ));
            try (Mapping mapping = calls.map(dmaBuf, 4096, 512 * 96 - 4096, Access.READ)) {
                assertEquals(1, host.mappings());
                // The second tile: x from 32 pixels on.
                assertEquals(guest.pixel(32, 0), mapping.getInt(0));
                assertEquals(guest.pixel(37, 3), mapping.getInt(512 + 16 * 3 + 4));
            }
            assertEquals(0, host.mappings());
        }
    }

    @Test
    void samples_have_one_format_only() {
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.MDPY.withFormat(EmulatedFormat.C8));
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.MDPY.withTiling(EmulatedTiling.X));
        try (EmulatedHost sample = EmulatedHost.of(VgpuProfile.MDPY)) {
            assertThrows(
                    IllegalStateException.class,
                    () -> sample.vgpu().guest().setFormat(EmulatedFormat.C8, EmulatedTiling.LINEAR));
        }
    }
}
