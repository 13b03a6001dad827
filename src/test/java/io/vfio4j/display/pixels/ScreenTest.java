package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.DrmFourcc;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the guest shows comes out, by whatever way, and nothing stays behind. */
class ScreenTest {
    static final VgpuProfile MAPPABLE = VgpuProfile.V6.withSize(320, 200).withMappableDmabufs(true);
    static final VgpuProfile UNMAPPABLE = VgpuProfile.V6.withSize(320, 200);
    static final VgpuProfile REGION = VgpuProfile.MDPY.withSize(320, 200);
    static final VgpuProfile READABLE = REGION.withMappableRegions(false);

    static List<Arguments> ways() {
        return List.of(
                Arguments.of(MAPPABLE, CapturePath.DMABUF_MAPPED),
                Arguments.of(UNMAPPABLE, CapturePath.DMABUF_GPU),
                Arguments.of(REGION, CapturePath.REGION_MAPPED),
                Arguments.of(READABLE, CapturePath.REGION_READ));
    }

    static List<Arguments> waysFormatsAndTilings() {
        List<Arguments> all = new ArrayList<>();
        for (EmulatedFormat format : EmulatedFormat.values()) {
            for (EmulatedTiling tiling : EmulatedTiling.values()) {
                // Whole tiles of 64 lines, too: GVT-g counts 32 lines for any tile of Yf.
                all.add(Arguments.of(MAPPABLE.withSize(330, 192), format, tiling, CapturePath.DMABUF_MAPPED));
                all.add(Arguments.of(UNMAPPABLE.withSize(330, 192), format, tiling, CapturePath.DMABUF_GPU));
            }
        }
        return all;
    }

    static void assertShows(EmulatedGuest guest, Frame frame, int tolerance) {
        assertEquals(guest.width(), frame.width());
        assertEquals(guest.height(), frame.height());
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                int expected = guest.shownPixel(x, y);
                int found = frame.pixel(x, y) & 0xff_ffff;
                for (int shift = 0; shift < 24; shift += 8) {
                    if (Math.abs((expected >> shift & 0xff) - (found >> shift & 0xff)) > tolerance) {
                        assertEquals(Integer.toHexString(expected), Integer.toHexString(found), "pixel " + x + "," + y);
                    }
                }
            }
        }
    }

    static void assertShows(EmulatedGuest guest, Frame frame) {
        assertShows(guest, frame, 0);
    }

    /** Five and six bits are widened, and YUV is turned into RGB, in more ways than one. */
    private static int tolerance(EmulatedFormat format) {
        return switch (format) {
            case RGB565 -> 1;
            case XRGB2101010, XBGR2101010 -> 1;
            case YUYV, UYVY, YVYU, VYUY -> 3;
            default -> 0;
        };
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aPictureIsComparedWithWhatIsShownWhereThatCanBeMapped(VgpuProfile profile, CapturePath path) throws Exception {
        try (Scene scene = new Scene(profile);
                Frame frame = new Frame()) {
            assertFalse(scene.screen.shows(frame, 0, 1), "nothing was read yet");
            assertTrue(scene.screen.capture(frame));
            boolean mapped = path == CapturePath.DMABUF_MAPPED || path == CapturePath.REGION_MAPPED;
            assertEquals(mapped, scene.screen.shows(frame, 0, 1));
            assertEquals(mapped, scene.screen.shows(frame, 0, 2));
            assertEquals(mapped, scene.screen.shows(frame, 1, 2));
            assertShows(scene.guest(), frame);
            scene.guest().draw();
            assertFalse(scene.screen.shows(frame, 0, 1));
            assertFalse(scene.screen.shows(frame, 0, 2) && scene.screen.shows(frame, 1, 2));
            assertTrue(scene.screen.capture(frame));
            assertEquals(mapped, scene.screen.shows(frame, 0, 1));
            scene.guest().flip();
            scene.vgpu().vblank(1);
            assertFalse(scene.screen.shows(frame, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> scene.screen.shows(frame, 2, 2));
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void thePictureFollowsTheGuestThroughFlipsAndModes(VgpuProfile profile, CapturePath path) throws Exception {
        try (Scene scene = new Scene(profile);
                Frame frame = new Frame()) {
            for (int i = 0; i < 9; i++) {
                assertTrue(scene.screen.capture(frame));
                assertShows(scene.guest(), frame);
                assertEquals(Optional.of(path), frame.path());
                assertEquals(i + 1, frame.sequence());
                assertEquals(scene.host.clock().nanoTime(), frame.capturedNanos());
                assertEquals(Optional.of(PixelFormat.XRGB8888), frame.sourceFormat());
                assertEquals(Evidence.NO_IRQ, frame.evidence());
                scene.guest().flip();
                scene.vgpu().vblank(1);
                if (i % 4 == 3 && profile.name().startsWith("v")) {
                    scene.guest().setMode(200 + 8 * i, 100 + i);
                }
            }
            assertEquals(9, scene.screen.stats().captures());
        }
    }

    @ParameterizedTest
    @MethodSource("waysFormatsAndTilings")
    void everyFormatAndLayoutComesOutByEveryWay(
            VgpuProfile profile, EmulatedFormat format, EmulatedTiling tiling, CapturePath path) throws Exception {
        try (Scene scene = new Scene(profile.withFormat(format).withTiling(tiling));
                Frame frame = new Frame()) {
            for (int i = 0; i < 2; i++) {
                assertTrue(scene.screen.capture(frame));
                assertShows(scene.guest(), frame, tolerance(format));
                assertEquals(Optional.of(path), frame.path());
                assertEquals(format.name(), frame.sourceFormat().orElseThrow().name());
                scene.guest().flip();
                scene.vgpu().vblank(1);
            }
        }
    }

    @Test
    void aWayThatIsForcedIsTheOnlyOne() throws Exception {
        try (Scene scene = new Scene(MAPPABLE, ScreenOptions.DEFAULTS.withPath(CapturePath.DMABUF_GPU))) {
            Frame frame = scene.screen.capture().orElseThrow();
            assertEquals(Optional.of(CapturePath.DMABUF_GPU), frame.path());
            assertShows(scene.guest(), frame);
            assertEquals(0, scene.host.mappings());
        }
        try (Scene scene = new Scene(REGION, ScreenOptions.DEFAULTS.withPath(CapturePath.REGION_READ))) {
            assertEquals(
                    Optional.of(CapturePath.REGION_READ),
                    scene.screen.capture().orElseThrow().path());
            assertEquals(0, scene.host.mappings());
        }
        try (Scene scene = new Scene(UNMAPPABLE, ScreenOptions.DEFAULTS.withPath(CapturePath.DMABUF_MAPPED))) {
            UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, scene.screen::capture);
            assertTrue(e.reasons().get(CapturePath.DMABUF_MAPPED).contains("ENODEV"), e::getMessage);
            assertTrue(e.reasons().get(CapturePath.DMABUF_GPU).contains("options"), e::getMessage);
        }
        try (Scene scene = new Scene(READABLE, ScreenOptions.DEFAULTS.withPath(CapturePath.REGION_MAPPED))) {
            UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, scene.screen::capture);
            assertTrue(e.reasons().get(CapturePath.REGION_MAPPED).contains("mmap"), e::getMessage);
        }
        try (Scene scene = new Scene(REGION, ScreenOptions.DEFAULTS.withPath(CapturePath.DMABUF_GPU))) {
            UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, scene.screen::capture);
            assertEquals(Map.of(CapturePath.DMABUF_GPU, "the device does not offer its planes that way"), e.reasons());
        }
    }

    @Test
    void aMappingIsTriedOncePerDeviceAndItsRefusalIsTold() throws Exception {
        try (Scene scene = new Scene(UNMAPPABLE);
                Frame frame = new Frame()) {
            assertEquals(Optional.empty(), scene.screen.stats().mappingRefusal());
            for (int i = 0; i < 5; i++) {
                assertTrue(scene.screen.capture(frame));
                assertEquals(Optional.of(CapturePath.DMABUF_GPU), frame.path());
                scene.guest().flip();
                scene.vgpu().vblank(1);
            }
            long tries = scene.host.trace().stream()
                    .filter(call -> call.startsWith("mmap"))
                    .count();
            assertEquals(1, tries);
            ScreenStats stats = scene.screen.stats();
            assertTrue(stats.mappingRefusal().orElseThrow().contains("ENODEV"), stats::toString);
            assertTrue(stats.gpu().orElseThrow().contains("software"), stats::toString);
            assertEquals(3, stats.imports());
            assertEquals(3, stats.dmaBufs());
        }
    }

    @Test
    void aMappingThatFailedForLackOfMemoryIsTriedAgain() throws Exception {
        try (Scene scene = new Scene(MAPPABLE)) {
            scene.host.faults().fail("mmap", 1, Errno.ENOMEM);
            assertEquals(
                    Optional.of(CapturePath.DMABUF_GPU),
                    scene.screen.capture().orElseThrow().path());
            assertEquals(
                    Optional.of(CapturePath.DMABUF_MAPPED),
                    scene.screen.capture().orElseThrow().path());
        }
    }

    @Test
    void withNothingPossibleEachWayIsNamedWithItsReason() throws Exception {
        try (Scene scene = new Scene(UNMAPPABLE)) {
            scene.host.faults().removeGraphics();
            for (int i = 0; i < 2; i++) {
                UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, scene.screen::capture);
                assertEquals(2, e.reasons().size());
                assertTrue(e.getMessage().contains("ENODEV") && e.getMessage().contains("libEGL"), e::getMessage);
                assertTrue(e.getMessage().contains(scene.device.name()), e::getMessage);
            }
        }
        try (Scene scene = new Scene(UNMAPPABLE.withTiling(EmulatedTiling.YF))) {
            scene.host.faults().refuseImports(image -> image.modifier() == DrmFourcc.I915_FORMAT_MOD_Yf_TILED);
            for (int i = 0; i < 2; i++) {
                UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, scene.screen::capture);
                assertTrue(e.reasons().get(CapturePath.DMABUF_GPU).contains("YF"), e::getMessage);
            }
        }
        try (Scene scene = new Scene(READABLE)) {
            scene.host.faults().failOn("pread", "", Errno.EIO);
            assertEquals(
                    Errno.EIO,
                    assertThrows(LinuxException.class, scene.screen::capture).errno());
        }
    }

    @ParameterizedTest
    @CsvSource({"card0, /dev/dri/card0", "renderD128, /dev/dri/renderD128", "card7, /dev/dri/renderD128"})
    void theGpuThatTheVgpuIsAPartOfIsTriedFirstThenAnyOther(String node, String opened) throws Exception {
        try (Scene scene = new Scene(UNMAPPABLE)) {
            String parent = scene.device.mdev().orElseThrow().parent();
            scene.host.files().put("/sys/devices/pci0000:00/" + parent + "/drm/" + node + "/dev", "226:0\n");
            scene.host.files().put("/sys/devices/pci0000:00/" + parent + "/drm/version/dev", "no node\n");
            assertTrue(scene.screen.capture().isPresent());
            String gpu = scene.screen.stats().gpu().orElseThrow();
            assertTrue(gpu.endsWith(opened), gpu);
        }
    }

    @Test
    void aGpuThatDidNotStartIsTriedAgainAfterAWhile() throws Exception {
        try (Scene scene = new Scene(UNMAPPABLE)) {
            scene.host.faults().fail("eglInitialize", 1, Errno.EIO);
            for (int i = 0; i < 2; i++) {
                UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, scene.screen::capture);
                assertTrue(e.getMessage().contains("EIO"), e::getMessage);
            }
            scene.host.clock().advance(Duration.ofSeconds(11));
            assertTrue(scene.screen.capture().isPresent());
        }
    }

    @Test
    void whereThePipeIsOffThereIsNoPictureAndTheFrameStaysAsItIs() throws Exception {
        try (Scene scene = new Scene(MAPPABLE);
                Frame frame = new Frame()) {
            assertTrue(scene.screen.capture(frame));
            int before = frame.pixel(5, 5);
            scene.guest().pipe(Pipe.A, false);
            assertFalse(scene.screen.capture(frame));
            assertEquals(before, frame.pixel(5, 5));
            assertEquals(1, frame.sequence());
            assertEquals(Optional.empty(), scene.screen.capture());
            assertEquals(Optional.empty(), scene.screen.plane(PlaneType.PRIMARY));
            assertEquals(Optional.empty(), scene.screen.lend((pixels, w, h, stride) -> {}));
            assertEquals(Optional.empty(), scene.screen.dmaBuf(PlaneType.PRIMARY));
            scene.guest().pipe(Pipe.A, true);
            assertTrue(scene.screen.capture(frame));
        }
        try (Scene scene = new Scene(MAPPABLE.withDisplayOff(true))) {
            assertEquals(Optional.empty(), scene.screen.capture());
        }
    }

    @Test
    void aFrameIsLendableAsBytesAndNumbersAndCopied() throws Exception {
        try (Scene scene = new Scene(MAPPABLE);
                Frame frame = new Frame();
                Frame copy = new Frame()) {
            assertTrue(frame.isEmpty());
            assertEquals(0, frame.bytes().remaining());
            assertEquals("0x0 pixels, UNKNOWN", frame.toString());
            scene.screen.capture(frame);
            ByteBuffer bytes = frame.bytes();
            IntBuffer pixels = frame.pixels();
            assertEquals(320 * 200 * 4, bytes.remaining());
            assertEquals(320 * 200, pixels.remaining());
            assertEquals(320 * 4, frame.strideBytes());
            assertTrue(bytes.isReadOnly() && pixels.isReadOnly() && bytes.isDirect());
            assertEquals(frame.pixel(7, 3), bytes.getInt((3 * 320 + 7) * 4));
            assertEquals(frame.pixel(7, 3), pixels.get(3 * 320 + 7));
            bytes.position(9).order(ByteOrder.BIG_ENDIAN);
            scene.screen.capture(frame);
            assertSame(bytes, frame.bytes());
            assertSame(pixels, frame.pixels());
            assertEquals(0, bytes.position());
            assertEquals(ByteOrder.LITTLE_ENDIAN, bytes.order());
            assertThrows(IndexOutOfBoundsException.class, () -> frame.pixel(320, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> frame.pixel(0, -1));
            copy.copyFrom(frame);
            assertShows(scene.guest(), copy);
            assertEquals(frame.plane(), copy.plane());
            assertEquals(frame.sequence(), copy.sequence());
            scene.guest().setMode(200, 100);
            scene.screen.capture(frame);
            assertNotSame(bytes, frame.bytes());
            assertEquals(200 * 100 * 4, frame.bytes().remaining());
            assertEquals(320, copy.width());
        }
    }

    @Test
    void plainPixelsAreLentWhereTheyAre() throws Exception {
        try (Scene scene = new Scene(MAPPABLE)) {
            int[] found = new int[1];
            Optional<Evidence> evidence = scene.screen.lend((pixels, width, height, strideBytes) -> {
                assertTrue(pixels.isReadOnly());
                assertEquals(320, width);
                assertEquals(200, height);
                assertEquals(strideBytes * height, pixels.remaining());
                found[0] = pixels.getInt(50 * strideBytes + 60 * 4);
            });
            assertEquals(Optional.of(Evidence.NO_IRQ), evidence);
            assertEquals(scene.guest().pixel(60, 50), found[0] & 0xff_ffff);
        }
        for (VgpuProfile other : List.of(
                UNMAPPABLE,
                READABLE,
                MAPPABLE.withTiling(EmulatedTiling.X),
                MAPPABLE.withFormat(EmulatedFormat.RGB565))) {
            try (Scene scene = new Scene(other)) {
                assertEquals(Optional.empty(), scene.screen.lend((pixels, w, h, stride) -> {
                    throw new AssertionError("lent");
                }));
            }
        }
    }

    @Test
    void readingAMappedDmaBufIsBracketed() throws Exception {
        try (Scene scene = new Scene(MAPPABLE)) {
            scene.screen.capture();
            scene.host.clearTrace();
            scene.host.faults().fail("DMA_BUF_IOCTL_SYNC", 1, Errno.EINTR);
            scene.host.faults().fail("DMA_BUF_IOCTL_SYNC", 3, Errno.EAGAIN);
            scene.screen.capture();
            scene.screen.lend((pixels, w, h, stride) -> {});
            // Two of six calls failed, and were made again.
            assertEquals(
                    6,
                    scene.host.trace().stream()
                            .filter(call -> call.startsWith("DMA_BUF_IOCTL_SYNC"))
                            .count());
        }
    }

    @Test
    void theRawDmaBufIsHandedOut() throws Exception {
        try (Scene scene = new Scene(UNMAPPABLE.withTiling(EmulatedTiling.X))) {
            DmaBuf buffer = scene.screen.dmaBuf(PlaneType.PRIMARY).orElseThrow();
            Plane plane = scene.screen.plane(PlaneType.PRIMARY).orElseThrow();
            assertEquals(plane, buffer.plane());
            assertEquals(DrmFourcc.DRM_FORMAT_XRGB8888, buffer.fourcc());
            assertEquals(DrmFourcc.I915_FORMAT_MOD_X_TILED, buffer.modifier());
            assertEquals(320, buffer.width());
            assertEquals(200, buffer.height());
            assertEquals(plane.strideBytes(), buffer.strideBytes());
            assertEquals(0, buffer.offsetBytes());
            assertTrue(buffer.sizeBytes() >= plane.sizeBytes());
            assertEquals(buffer.sizeBytes(), scene.host.systemCalls().size(buffer.descriptor()));
            scene.screen.close();
            assertFalse(buffer.descriptor().isClosed());
            buffer.close();
            buffer.close();
            assertTrue(buffer.descriptor().isClosed());
        }
        try (Scene scene = new Scene(REGION)) {
            assertThrows(UnreadablePixelsException.class, () -> scene.screen.dmaBuf(PlaneType.PRIMARY));
        }
    }

    @Test
    void afterClosingEverythingIsRefused() throws Exception {
        try (Scene scene = new Scene(MAPPABLE)) {
            Frame frame = new Frame();
            assertTrue(scene.screen.capture(frame));
            frame.close();
            frame.close();
            assertThrows(ClosedException.class, () -> scene.screen.capture(frame));
            assertThrows(ClosedException.class, frame::bytes);
            scene.screen.close();
            scene.screen.close();
            assertThrows(ClosedException.class, scene.screen::capture);
            assertThrows(ClosedException.class, scene.screen::cursor);
            assertThrows(ClosedException.class, () -> scene.screen.plane(PlaneType.PRIMARY));
            assertThrows(ClosedException.class, () -> scene.screen.dmaBuf(PlaneType.PRIMARY));
            assertThrows(ClosedException.class, () -> scene.screen.lend((pixels, w, h, stride) -> {}));
        }
    }
}
