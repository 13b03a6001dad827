package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.display.pixels.UnreadablePixelsException;
import io.vfio4j.display.pixels.Witness;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.jna.Vgem;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A vGPU whose dma-buf another driver made, read by Debian's Mesa, with all calls but one to the real kernel: mmap of the dma-buf is
 * answered with ENODEV by the test, as it would be for GVT-g. Mesa in software reads buffers of vgem only, and vgem lets map what it
 * makes; so a buffer that refuses for real and can be read does not exist without hardware.
 */
@Tag("real-kernel")
class RealGpuScreenTest {
    private static final long SEED = 4_711;
    private static final int WIDTH = 250;
    private static final int HEIGHT = 100;
    private static final int STRIDE = 1024;

    private final JnaLinux linux = JnaLinux.open();
    private Vgem vgem;
    private TestVgpu vgpu;

    @BeforeEach
    void create() throws IOException {
        vgem = new Vgem(linux);
        vgpu = new RealHost(linux).create("v6");
    }

    @AfterEach
    void remove() throws IOException {
        vgpu.close();
        vgem.close();
    }

    /** The real kernel, which maps no dma-buf. */
    private SystemCalls withoutMappings() {
        return (SystemCalls) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("map")) {
                        throw new LinuxException(Errno.ENODEV, "mmap", ((Descriptor) arguments[0]).description());
                    }
                    try {
                        return method.invoke(linux, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private void scanOut(Vgem.Buffer buffer, String format, String modifier) throws IOException {
        int number = buffer.descriptor().acquire();
        try {
            RealHost.write(
                    Path.of(MdevDevice.BUS, vgpu.mdev().uuid().toString(), "vgpu", "scanout"),
                    number + " " + WIDTH + " " + HEIGHT + " " + STRIDE + " " + format + " " + modifier);
        } finally {
            buffer.descriptor().release();
        }
    }

    private static void fill(Vgem.Buffer buffer, long seed) {
        byte[] noise = new byte[buffer.bytes().size()];
        new Random(seed).nextBytes(noise);
        buffer.bytes().putBytes(0, noise);
    }

    private static Screen screenOf(VfioDevice device, ScreenOptions options) throws IOException {
        return Screen.of(device, device.planeAccess(), true, options, Witness.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"XR24", "AR24", "XB24", "AB24", "RG16", "XR30", "XB30", "C8", "YUYV", "UYVY", "YVYU", "VYUY"})
    void aBufferThatCannotBeMappedIsReadByTheGpuAndIsTheSamePictureAsTheMappedOne(String format) throws Exception {
        try (Vgem.Buffer buffer = vgem.create(STRIDE * HEIGHT);
                Frame mapped = new Frame();
                Frame read = new Frame()) {
            fill(buffer, SEED);
            scanOut(buffer, format, "linear");
            try (VfioDevice device = VfioDevice.open(linux, vgpu.mdev());
                    Screen screen = screenOf(device, ScreenOptions.DEFAULTS)) {
                assertTrue(screen.capture(mapped));
                assertEquals(Optional.of(CapturePath.DMABUF_MAPPED), mapped.path());
                assertEquals(Optional.empty(), screen.stats().gpu());
            }
            try (VfioDevice device = VfioDevice.open(withoutMappings(), vgpu.mdev());
                    Screen screen = screenOf(device, ScreenOptions.DEFAULTS)) {
                for (int i = 0; i < 2; i++) {
                    assertTrue(screen.capture(read));
                    assertEquals(Optional.of(CapturePath.DMABUF_GPU), read.path());
                    assertSamePixels(mapped, read);
                }
                // It says so: what refused, and who does it.
                assertTrue(screen.stats().mappingRefusal().orElseThrow().contains("ENODEV"));
                assertTrue(screen.stats().gpu().orElseThrow().matches("llvmpipe .* on " + Vgem.CARD));
                assertEquals(1, screen.stats().imports());
                // What the guest draws into the same buffer is seen by the next read.
                fill(buffer, SEED + 1);
                assertTrue(screen.capture(read));
            }
            try (VfioDevice device = VfioDevice.open(linux, vgpu.mdev());
                    Screen screen = screenOf(device, ScreenOptions.DEFAULTS)) {
                assertTrue(screen.capture(mapped));
            }
            assertSamePixels(mapped, read);
        }
    }

    /** The X byte means nothing: a copy has what was there, a GPU has 0xff. */
    private static void assertSamePixels(Frame mapped, Frame read) {
        assertEquals(WIDTH, read.width());
        assertEquals(HEIGHT, read.height());
        int meaningful = mapped.sourceFormat().orElseThrow().name().startsWith("A") ? -1 : 0xffffff;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int expected = mapped.pixel(x, y) & meaningful;
                int actual = read.pixel(x, y) & meaningful;
                if (expected != actual) {
                    assertEquals(Integer.toHexString(expected), Integer.toHexString(actual), "at " + x + "," + y);
                }
            }
        }
    }

    @Test
    void thePictureIsTheOneThatIsInTheBuffer() throws Exception {
        try (Vgem.Buffer buffer = vgem.create(STRIDE * HEIGHT);
                Frame read = new Frame()) {
            fill(buffer, SEED);
            scanOut(buffer, "XR24", "linear");
            ByteBuffer bytes = ByteBuffer.wrap(
                            buffer.bytes().getBytes(0, buffer.bytes().size()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            try (VfioDevice device = VfioDevice.open(withoutMappings(), vgpu.mdev());
                    Screen screen = screenOf(device, ScreenOptions.DEFAULTS)) {
                assertTrue(screen.capture(read));
            }
            for (int y = 0; y < HEIGHT; y++) {
                for (int x = 0; x < WIDTH; x++) {
                    assertEquals(bytes.getInt(y * STRIDE + 4 * x) & 0xffffff, read.pixel(x, y) & 0xffffff);
                }
            }
        }
    }

    @Test
    void tilingThatTheGpuDoesNotKnowIsAnErrorWithTheReasonOfEachWay() throws Exception {
        try (Vgem.Buffer buffer = vgem.create(STRIDE * 128);
                Frame read = new Frame();
                VfioDevice device = VfioDevice.open(withoutMappings(), vgpu.mdev());
                Screen screen = screenOf(device, ScreenOptions.DEFAULTS)) {
            scanOut(buffer, "XR24", "y");
            UnreadablePixelsException refusal =
                    assertThrows(UnreadablePixelsException.class, () -> screen.capture(read));
            assertTrue(refusal.getMessage().contains("ENODEV"), refusal.getMessage());
            assertTrue(
                    refusal.getMessage().contains("250x100 XRGB8888 (XR24) with modifier I915 Y_TILED"),
                    refusal.getMessage());
            // The next buffer is another matter.
            scanOut(buffer, "XR24", "linear");
            assertTrue(screen.capture(read));
        }
    }

    /** Nobody refuses here but the real kernel: a dma-buf of vgpu_mdev, as those of GVT-g, and a GPU that can import but not read it. */
    @Test
    void aBufferThatNothingCanReadIsAnErrorWithTheReasonOfEachWay() throws Exception {
        try (Frame read = new Frame();
                VfioDevice device = VfioDevice.open(linux, vgpu.mdev());
                Screen screen = screenOf(device, ScreenOptions.DEFAULTS)) {
            UnreadablePixelsException refusal =
                    assertThrows(UnreadablePixelsException.class, () -> screen.capture(read));
            assertTrue(refusal.getMessage().contains("ENODEV"), refusal.getMessage());
            assertTrue(
                    refusal.getMessage().contains("glReadPixels says GL_OUT_OF_MEMORY; it draws in software"),
                    refusal.getMessage());
        }
    }
}
