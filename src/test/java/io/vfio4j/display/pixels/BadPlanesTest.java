package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import io.vfio4j.vfio.PlaneType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a driver, or the guest behind it, says of a plane: a clear error, and the next good answer is taken. */
class BadPlanesTest {
    private static final int WIDTH = 320;
    private static final int HEIGHT = 200;
    private static final int STRIDE = WIDTH * 4;

    private static Arguments lie(String expected, Consumer<ByteBuffer> lie) {
        return Arguments.of(expected, lie);
    }

    static List<Arguments> lies() {
        return List.of(
                lie("no pixels", plane -> plane.putInt(DeviceGfxPlaneInfo.WIDTH, 0)),
                lie("no pixels", plane -> plane.putInt(DeviceGfxPlaneInfo.HEIGHT, 0)),
                lie("larger than the 16384x16384", plane -> plane.putInt(DeviceGfxPlaneInfo.WIDTH, 16385)),
                lie("larger than the 16384x16384", plane -> plane.putInt(DeviceGfxPlaneInfo.HEIGHT, 16385)),
                lie("4294967295x200", plane -> plane.putInt(DeviceGfxPlaneInfo.WIDTH, -1)),
                lie("320x2147483648", plane -> plane.putInt(DeviceGfxPlaneInfo.HEIGHT, Integer.MIN_VALUE)),
                lie("stride is less than the 1280", plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, STRIDE - 1)),
                lie("stride 0", plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, 0)),
                lie("more than it has", plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, -4)),
                lie("more than it has", plane -> plane.putInt(DeviceGfxPlaneInfo.SIZE_MEMBER, STRIDE * HEIGHT - 1)),
                lie("more than it has", plane -> plane.putInt(DeviceGfxPlaneInfo.SIZE_MEMBER, 1)),
                lie("its memory has", plane -> {
                    plane.putInt(DeviceGfxPlaneInfo.SIZE_MEMBER, 1 << 30);
                    plane.putInt(DeviceGfxPlaneInfo.HEIGHT, 2 * HEIGHT);
                }),
                lie("more than 2 GiB", plane -> {
                    plane.putInt(DeviceGfxPlaneInfo.SIZE_MEMBER, 1 << 31);
                    plane.putInt(DeviceGfxPlaneInfo.STRIDE, 1 << 17);
                    plane.putInt(DeviceGfxPlaneInfo.HEIGHT, 1 << 14);
                }),
                lie("NV12 (0x3231564e)", plane -> plane.putInt(DeviceGfxPlaneInfo.DRM_FORMAT, 0x3231_564e)),
                lie("?", plane -> plane.putInt(DeviceGfxPlaneInfo.DRM_FORMAT, -1)),
                lie(
                        "modifier 0x0100000000000004",
                        plane -> plane.putLong(DeviceGfxPlaneInfo.DRM_FORMAT_MOD, 0x0100_0000_0000_0004L)),
                lie("modifier 0xffffffffffffffff", plane -> plane.putLong(DeviceGfxPlaneInfo.DRM_FORMAT_MOD, -1)),
                lie("on no screen", plane -> plane.putInt(DeviceGfxPlaneInfo.X_POS, Integer.MIN_VALUE)),
                lie("on no screen", plane -> plane.putInt(DeviceGfxPlaneInfo.Y_POS, 1 << 20)));
    }

    private static void rewrite(Scene scene, Consumer<ByteBuffer> lie) {
        scene.host.faults().rewrite(Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, reply -> {
            ByteBuffer plane = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
            if (plane.getInt(DeviceGfxPlaneInfo.DRM_FORMAT) != 0) {
                lie.accept(plane);
            }
            return reply;
        });
    }

    @ParameterizedTest
    @MethodSource("lies")
    void whatCannotBeIsRefusedByItsNumbers(String expected, Consumer<ByteBuffer> lie) throws Exception {
        for (VgpuProfile profile :
                List.of(ScreenTest.MAPPABLE, ScreenTest.UNMAPPABLE, ScreenTest.REGION, ScreenTest.READABLE)) {
            try (Scene scene = new Scene(profile);
                    Frame frame = new Frame()) {
                assertTrue(scene.screen.capture(frame));
                rewrite(scene, lie);
                for (int i = 0; i < 2; i++) {
                    UnusablePlaneException e =
                            assertThrows(UnusablePlaneException.class, () -> scene.screen.capture(frame));
                    assertTrue(e.getMessage().contains(expected), e::getMessage);
                    assertTrue(e.getMessage().contains(scene.device.name()), e::getMessage);
                    assertEquals(scene.screen.plane(PlaneType.PRIMARY), Optional.of(e.plane()));
                    assertTrue(frame.isEmpty());
                    assertEquals(0, frame.bytes().remaining());
                    assertThrows(UnusablePlaneException.class, () -> scene.screen.lend((pixels, w, h, stride) -> {}));
                }
                scene.host.faults().clear();
                assertTrue(scene.screen.capture(frame));
                ScreenTest.assertShows(scene.guest(), frame);
            }
        }
    }

    @Test
    void aTiledPlaneHasAStrideOfWholeTiles() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE.withTiling(EmulatedTiling.X))) {
            rewrite(scene, plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, STRIDE));
            UnusablePlaneException e = assertThrows(UnusablePlaneException.class, scene.screen::capture);
            assertTrue(e.getMessage().contains("512 bytes"), e::getMessage);
        }
    }

    @Test
    void whatIsSaneIsForTheOptionsToSay() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE, ScreenOptions.DEFAULTS.withLargest(WIDTH, HEIGHT - 1))) {
            UnusablePlaneException e = assertThrows(UnusablePlaneException.class, scene.screen::capture);
            assertTrue(e.getMessage().contains("320x199"), e::getMessage);
        }
        try (Scene scene = new Scene(ScreenTest.MAPPABLE, ScreenOptions.DEFAULTS.withLargest(WIDTH, HEIGHT))) {
            assertTrue(scene.screen.capture().isPresent());
        }
        for (int nonsense : new int[] {0, -1, 32769}) {
            assertThrows(IllegalArgumentException.class, () -> ScreenOptions.DEFAULTS.withLargest(nonsense, 1));
            assertThrows(IllegalArgumentException.class, () -> ScreenOptions.DEFAULTS.withLargest(1, nonsense));
        }
    }

    @Test
    void aRegionThatIsNotThereOrTooSmallIsTold() throws Exception {
        try (Scene scene = new Scene(ScreenTest.REGION)) {
            rewrite(scene, plane -> plane.putInt(DeviceGfxPlaneInfo.REGION_INDEX, -7));
            UnusablePlaneException e = assertThrows(UnusablePlaneException.class, scene.screen::capture);
            assertTrue(e.getMessage().contains("does not know its region"), e::getMessage);
            assertTrue(e.getMessage().contains("4294967289"), e::getMessage);
        }
        try (Scene scene = new Scene(ScreenTest.REGION)) {
            scene.host.faults().rewrite(Vfio.VFIO_DEVICE_GET_REGION_INFO, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putLong(Vfio.RegionInfo.SIZE_MEMBER, 4096);
                return reply;
            });
            UnusablePlaneException e = assertThrows(UnusablePlaneException.class, scene.screen::capture);
            assertTrue(e.getMessage().contains("its memory has 4096"), e::getMessage);
        }
        try (Scene scene = new Scene(ScreenTest.READABLE)) {
            scene.host.faults().shortRead(1000);
            Frame frame = scene.screen.capture().orElseThrow();
            ScreenTest.assertShows(scene.guest(), frame);
            scene.host.faults().shortRead(0);
            UnusablePlaneException e = assertThrows(UnusablePlaneException.class, scene.screen::capture);
            assertTrue(e.getMessage().contains("ends after 0 bytes"), e::getMessage);
        }
    }

    @Test
    void aPlaneThatChangesBetweenTheQueryAndTheMappingIsOvertaken() throws Exception {
        for (String operation : List.of("VFIO_DEVICE_GET_GFX_DMABUF", "mmap", "lseek", "DMA_BUF_IOCTL_SYNC")) {
            try (Scene scene = new Scene(ScreenTest.MAPPABLE);
                    Frame frame = new Frame()) {
                int before = scene.guest().pixel(3, 90);
                scene.host.faults().before(operation, 1, () -> scene.guest().setMode(1024, 768));
                assertTrue(scene.screen.capture(frame));
                assertEquals(WIDTH, frame.width(), operation);
                assertEquals(before, frame.pixel(3, 90) & 0xff_ffff);
                assertEquals(Evidence.PLANE_CHANGED, frame.evidence(), operation);
                assertTrue(scene.screen.capture(frame));
                assertEquals(1024, frame.width());
                ScreenTest.assertShows(scene.guest(), frame);
            }
        }
    }

    @Test
    void aBufferThatIsGoneBeforeItIsFetchedIsAskedForAgain() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE)) {
            scene.host.faults().fail("VFIO_DEVICE_GET_GFX_DMABUF", 1, Errno.EINVAL);
            ScreenTest.assertShows(scene.guest(), scene.screen.capture().orElseThrow());
        }
        try (Scene scene = new Scene(ScreenTest.MAPPABLE)) {
            scene.host.faults().failOn("VFIO_DEVICE_GET_GFX_DMABUF", "", Errno.EINVAL);
            assertEquals(
                    Errno.EINVAL,
                    assertThrows(LinuxException.class, scene.screen::capture).errno());
            scene.host.faults().clear();
            assertTrue(scene.screen.capture().isPresent());
        }
    }

    @Test
    void aDriverThatRefusesTheSecondQuestionLeavesItOpen() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE)) {
            scene.host.faults().fail("VFIO_DEVICE_QUERY_GFX_PLANE", 2, Errno.ENODEV);
            Frame frame = scene.screen.capture().orElseThrow();
            assertEquals(Evidence.NOT_ASKED_AGAIN, frame.evidence());
            scene.host.faults().fail("VFIO_DEVICE_QUERY_GFX_PLANE", 1, Errno.ENODEV);
            assertEquals(
                    Errno.ENODEV,
                    assertThrows(LinuxException.class, scene.screen::capture).errno());
        }
    }

    @Test
    void memoryThatIsGoneIsAnErrorAndTheNextPictureIsMappedAnew() throws Exception {
        for (VgpuProfile profile : List.of(ScreenTest.MAPPABLE, ScreenTest.MAPPABLE.withTiling(EmulatedTiling.Y))) {
            try (Scene scene = new Scene(profile);
                    Frame frame = new Frame()) {
                assertTrue(scene.screen.capture(frame));
                scene.host.faults().loseMemory("dma-buf");
                LinuxException e = assertThrows(LinuxException.class, () -> scene.screen.capture(frame));
                assertEquals(Errno.EFAULT, e.errno());
                assertTrue(frame.isEmpty());
                if (profile == ScreenTest.MAPPABLE) {
                    assertThrows(
                            LinuxException.class, () -> scene.screen.lend((pixels, w, h, stride) -> pixels.get(0)));
                }
                scene.host.faults().clear();
                assertTrue(scene.screen.capture(frame));
                ScreenTest.assertShows(scene.guest(), frame);
                assertEquals(1, scene.screen.stats().mappings());
            }
        }
    }

    @Test
    void aBorrowerThatThrowsLeavesNothingBehind() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE)) {
            IllegalStateException thrown = new IllegalStateException("mine");
            assertEquals(
                    thrown,
                    assertThrows(
                            IllegalStateException.class,
                            () -> scene.screen.lend((pixels, w, h, stride) -> {
                                throw thrown;
                            })));
            assertTrue(scene.screen.capture().isPresent());
        }
    }

    @Test
    void anyFailedCallIsAnErrorAndLeavesNothingBehind() throws Exception {
        for (VgpuProfile profile :
                List.of(ScreenTest.MAPPABLE, ScreenTest.UNMAPPABLE, ScreenTest.REGION, ScreenTest.READABLE)) {
            for (int nth = 1; nth <= 24; nth++) {
                try (Scene scene = new Scene(profile);
                        Frame frame = new Frame();
                        Cursor cursor = new Cursor()) {
                    scene.guest().cursor();
                    scene.guest().moveCursor(10, 10);
                    scene.host.faults().fail(Faults.ANY, nth, Errno.EIO);
                    for (int i = 0; i < 3; i++) {
                        try {
                            scene.screen.capture(frame);
                            scene.screen.cursor(cursor);
                            scene.screen.dmaBuf(PlaneType.PRIMARY).ifPresent(DmaBuf::close);
                        } catch (IOException refused) {
                            assertFalse(refused.getMessage().isEmpty());
                        }
                    }
                    scene.host.faults().clear();
                }
            }
        }
    }

    @Test
    void repliesOfRandomBytesNeverCrash(TestReporter reporter) throws Exception {
        long seed = Long.getLong("vfio4j.seed", 20260713L);
        reporter.publishEntry("seed", Long.toString(seed));
        SplittableRandom random = new SplittableRandom(seed);
        int pictures = 0;
        for (int round = 0; round < 400; round++) {
            VgpuProfile profile = List.of(
                            ScreenTest.MAPPABLE, ScreenTest.UNMAPPABLE, ScreenTest.REGION, ScreenTest.READABLE)
                    .get(random.nextInt(4));
            try (Scene scene = new Scene(profile);
                    Frame frame = new Frame();
                    Cursor cursor = new Cursor()) {
                scene.guest().cursor();
                scene.guest().moveCursor(10, 10);
                SplittableRandom bytes = random.split();
                rewrite(scene, plane -> {
                    int at = bytes.nextInt(plane.capacity());
                    plane.put(at, (byte) (bytes.nextBoolean() ? bytes.nextInt() : 1 << bytes.nextInt(8)));
                });
                for (int i = 0; i < 4; i++) {
                    try {
                        pictures += scene.screen.capture(frame) ? 1 : 0;
                        scene.screen.cursor(cursor);
                        frame.drawCursor(cursor);
                    } catch (IOException refused) {
                        assertFalse(refused.getMessage().isEmpty());
                    }
                }
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
        assertTrue(pictures > 100, "only " + pictures + " pictures");
    }
}
