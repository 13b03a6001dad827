package io.vfio4j.contract;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.display.pixels.Tiling;
import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;

/** The emulated host. */
final class EmulatorPixelsHost implements PixelsHost {
    private final EmulatedHost host = EmulatedHost.builder().build();

    @Override
    public SystemCalls systemCalls() {
        return host.systemCalls();
    }

    private static boolean isRegion(CapturePath path) {
        return path == CapturePath.REGION_MAPPED || path == CapturePath.REGION_READ;
    }

    /** Regions are those of mdpy. */
    @Override
    public boolean offers(Setup setup) {
        return !isRegion(setup.path()) || setup.format() == PixelFormat.XRGB8888 && setup.tiling() == Tiling.LINEAR;
    }

    @Override
    public Shown create(Setup setup) {
        return new EmulatedShown(host.create(profile(setup)));
    }

    private static VgpuProfile profile(Setup setup) {
        if (isRegion(setup.path())) {
            return VgpuProfile.MDPY.withMappableRegions(setup.path() == CapturePath.REGION_MAPPED);
        }
        return VgpuProfile.V6
                .withMappableDmabufs(setup.path() == CapturePath.DMABUF_MAPPED)
                .withFormat(EmulatedFormat.valueOf(setup.format().name()))
                .withTiling(EmulatedTiling.valueOf(setup.tiling().name()));
    }

    @Override
    public long held() {
        return (long) host.openDescriptors() + host.mappings() + host.dmaBufs() + host.imports();
    }

    @Override
    public void close() {
        host.close();
    }

    private final class EmulatedShown implements Shown {
        private final Vgpu vgpu;

        EmulatedShown(Vgpu vgpu) {
            this.vgpu = vgpu;
            vgpu.stepped(true);
        }

        @Override
        public MdevDevice mdev() throws IOException {
            return MdevDevice.find(host.systemCalls(), vgpu.uuid());
        }

        /** The sample has one mode only. */
        @Override
        public void mode(int width, int height) {
            if (!vgpu.profile().equals(VgpuProfile.MDPY)
                    && !vgpu.profile().name().startsWith("mdpy")) {
                vgpu.guest().setMode(width, height);
            }
        }

        @Override
        public void flip() {
            vgpu.guest().flip();
        }

        @Override
        public void draw() {
            vgpu.guest().draw();
        }

        @Override
        public void vblank(int count) {
            vgpu.vblank(count);
        }

        @Override
        public void pipe(boolean on) {
            vgpu.guest().pipe(Pipe.A, on);
        }

        @Override
        public void cursor(int x, int y) {
            vgpu.guest().cursor();
            vgpu.guest().moveCursor(x, y);
        }

        @Override
        public int pixel(int x, int y) {
            return vgpu.guest().shownPixel(x, y);
        }

        /** It widens and mixes as a GPU does, to the nearest value. */
        @Override
        public int tolerance() {
            return 3;
        }

        @Override
        public int cursorPixel(int x, int y) {
            return vgpu.guest().cursorPixel(x, y);
        }

        @Override
        public int framebuffers() {
            return vgpu.framebuffers();
        }

        @Override
        public void close() {
            vgpu.remove();
        }
    }
}
