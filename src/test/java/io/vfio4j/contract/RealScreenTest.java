package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.DmaBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.display.pixels.UnreadablePixelsException;
import io.vfio4j.display.pixels.Witness;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.jna.Vgem;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Pictures of devices that nobody here wrote: mdpy, mbochs, and what vgem has drawn. */
@Tag("real-kernel")
class RealScreenTest {
    private static final long SEED = 20_191_121;

    private final JnaLinux calls = JnaLinux.open();
    private final List<Path> created = new ArrayList<>();

    private MdevDevice create(String parent, String type) throws IOException {
        UUID uuid = UUID.randomUUID();
        RealHost.write(
                Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types", parent + "-" + type, "create"),
                uuid.toString());
        created.add(Path.of(MdevDevice.BUS, uuid.toString()));
        return MdevDevice.find(calls, uuid);
    }

    @AfterEach
    void removeDevices() throws IOException {
        for (Path device : created) {
            RealHost.write(device.resolve("remove"), "1");
            assertTrue(Files.notExists(device));
        }
    }

    private static Screen screen(VfioDevice device) throws IOException {
        return screen(device, ScreenOptions.DEFAULTS);
    }

    private static Screen screen(VfioDevice device, ScreenOptions options) throws IOException {
        return Screen.of(device, device.planeAccess(), true, options, Witness.NONE);
    }

    private static int colour(int x, int y) {
        return (x * 7 & 0xff) << 16 | (y * 5 & 0xff) << 8 | (x ^ y) & 0xff;
    }

    @Test
    void mdpyShowsWhatWasDrawnThroughItsRegion() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mdpy", "vga"))) {
            Plane plane = device.plane(PlaneType.PRIMARY, PlaneAccess.REGION).orElseThrow();
            RegionInfo region = device.region(plane.source());
            try (Mapping memory = device.map(region, 0, plane.strideBytes() * plane.height(), Access.READ_WRITE)) {
                for (int y = 0; y < plane.height(); y++) {
                    for (int x = 0; x < plane.width(); x++) {
                        memory.putInt(y * plane.strideBytes() + x * 4, colour(x, y));
                    }
                }
            }
            try (Screen screen = screen(device);
                    Frame frame = new Frame()) {
                assertTrue(screen.capture(frame));
                assertEquals(Optional.of(CapturePath.REGION_MAPPED), frame.path());
                assertEquals(640, frame.width());
                assertEquals(480, frame.height());
                for (int y = 0; y < 480; y++) {
                    for (int x = 0; x < 640; x++) {
                        if ((frame.pixel(x, y) & 0xff_ffff) != colour(x, y)) {
                            assertEquals(colour(x, y), frame.pixel(x, y) & 0xff_ffff, x + "," + y);
                        }
                    }
                }
                assertEquals(Optional.empty(), screen.cursor(), "it answers with the screen to any question");
            }
        }
    }

    @Test
    void mbochsHasAPlaneAndADmaBufThatNothingCanReadAndTheErrorSaysWhy() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mbochs", "small"));
                Screen screen = screen(device)) {
            assertEquals(Optional.empty(), screen.capture());
            setBochsMode(device, 640, 480);
            for (int i = 0; i < 2; i++) {
                UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, screen::capture);
                assertTrue(e.reasons().get(CapturePath.DMABUF_MAPPED).contains("EINVAL"), e::getMessage);
                assertTrue(e.reasons().containsKey(CapturePath.DMABUF_GPU), e::getMessage);
            }
            assertTrue(screen.stats().mappingRefusal().orElseThrow().contains("EINVAL"));
            assertEquals(Optional.empty(), screen.cursor(), "it answers with the screen to any question");
            try (DmaBuf buffer = screen.dmaBuf(PlaneType.PRIMARY).orElseThrow()) {
                assertEquals(640, buffer.width());
                assertEquals(480, buffer.height());
                assertEquals(PixelFormat.XRGB8888.fourcc(), buffer.fourcc());
                assertTrue(buffer.sizeBytes() >= 640 * 480 * 4);
                setBochsMode(device, 800, 600);
                assertThrows(UnreadablePixelsException.class, screen::capture);
                setBochsMode(device, 640, 480);
                assertThrows(UnreadablePixelsException.class, screen::capture);
            }
        }
    }

    /** Bochs dispi registers in BAR2 from 0x500 on (two bytes each): index, xres, yres, bpp, enable. */
    private void setBochsMode(VfioDevice device, int width, int height) throws IOException {
        RegionInfo mmio = device.region(Vfio.VFIO_PCI_BAR2_REGION_INDEX);
        try (NativeMemory value = calls.allocate(2)) {
            int[][] writes = {{4, 0}, {1, width}, {2, height}, {3, 32}, {4, 0x41}};
            for (int[] write : writes) {
                value.putShort(0, write[1]);
                assertEquals(2, device.write(mmio, 0x500 + 2L * write[0], value, 2));
            }
        }
    }

    @Test
    void aBufferOfVgemComesBackMappedAndThroughTheGpuAlikeAndAutoGoesThereByItself() throws Exception {
        int width = 200;
        int height = 120;
        int stride = 832;
        Path parameters = Path.of("/sys/module/vgpu_mdev/parameters");
        RealHost.write(parameters.resolve("stepped"), "Y");
        RealHost.write(parameters.resolve("plane"), "dmabuf");
        RealHost.write(parameters.resolve("dmabuf_mmap"), "N");
        MdevDevice mdev = create("vgpu_mdev", "vga");
        Path scanout = Path.of(mdev.path(), "vgpu", "scanout");
        try (Vgem vgem = new Vgem(calls);
                Vgem.Buffer buffer = vgem.create(stride * height)) {
            byte[] noise = new byte[buffer.bytes().size()];
            new Random(SEED).nextBytes(noise);
            buffer.bytes().putBytes(0, noise);
            int number = buffer.descriptor().acquire();
            buffer.descriptor().release();
            String shown = number + " " + width + " " + height + " " + stride + " XR24 linear";
            try (VfioDevice device = VfioDevice.open(calls, mdev)) {
                List<int[]> pictures = new ArrayList<>();
                try (Screen auto = screen(device);
                        Frame frame = new Frame()) {
                    // The device's own buffer refuses to be mapped, which is remembered for the device.
                    assertThrows(UnreadablePixelsException.class, () -> auto.capture(frame));
                    RealHost.write(scanout, shown);
                    assertTrue(auto.capture(frame));
                    assertEquals(Optional.of(CapturePath.DMABUF_GPU), frame.path());
                    assertTrue(
                            auto.stats().gpu().orElseThrow().contains("llvmpipe"),
                            () -> auto.stats().toString());
                    assertTrue(auto.stats().mappingRefusal().orElseThrow().contains("ENODEV"));
                    pictures.add(pixels(frame));
                }
                for (CapturePath path : List.of(CapturePath.DMABUF_GPU, CapturePath.DMABUF_MAPPED)) {
                    try (Screen screen = screen(device, ScreenOptions.DEFAULTS.withPath(path));
                            Frame frame = new Frame()) {
                        assertTrue(screen.capture(frame));
                        assertEquals(Optional.of(path), frame.path());
                        pictures.add(pixels(frame));
                    }
                }
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++) {
                        int expected = buffer.bytes().getInt(y * stride + 4 * x) & 0xff_ffff;
                        for (int[] picture : pictures) {
                            if (picture[y * width + x] != expected) {
                                assertEquals(expected, picture[y * width + x], x + "," + y + ", seed " + SEED);
                            }
                        }
                    }
                }
                RealHost.write(scanout, "none");
            }
        }
    }

    private static int[] pixels(Frame frame) {
        int[] pixels = new int[frame.width() * frame.height()];
        frame.pixels().get(pixels);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] &= 0xff_ffff;
        }
        return pixels;
    }
}
