package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.vfio.PlaneType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the guest shows comes out, by whatever way, and nothing stays behind. */
class ScreenTest {
    static final VgpuProfile MAPPABLE = VgpuProfile.V6.withSize(320, 200).withMappableDmabufs(true);
    static final VgpuProfile REGION = VgpuProfile.MDPY.withSize(320, 200);

    static List<Map.Entry<VgpuProfile, CapturePath>> waysToXrgb8888() {
        return List.of(
                Map.entry(MAPPABLE, CapturePath.DMABUF_MAPPED),
                // Only mapped: the driver copies from the beginning of its memory, whatever the position of a pread.
                Map.entry(REGION, CapturePath.REGION_MAPPED));
    }

    static void assertShows(EmulatedGuest guest, Frame frame) {
        assertEquals(guest.width(), frame.width());
        assertEquals(guest.height(), frame.height());
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                if (guest.pixel(x, y) != (frame.pixel(x, y) & 0xff_ffff)) {
                    assertEquals(
                            Integer.toHexString(guest.pixel(x, y)),
                            Integer.toHexString(frame.pixel(x, y)),
                            "pixel " + x + "," + y);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("waysToXrgb8888")
    void everyPixelIsAsTheGuestDrewIt(Map.Entry<VgpuProfile, CapturePath> way) throws Exception {
        try (Scene scene = new Scene(way.getKey(), ScreenOptions.DEFAULTS.withPath(way.getValue()));
                Frame frame = new Frame()) {
            for (int i = 0; i < 7; i++) {
                assertTrue(scene.screen.capture(frame));
                assertShows(scene.guest(), frame);
                assertEquals(Optional.of(way.getValue()), frame.path());
                assertEquals(i + 1, frame.sequence());
                assertEquals(Optional.of(PixelFormat.XRGB8888), frame.sourceFormat());
                scene.guest().flip();
                scene.vgpu().vblank(1);
                if (i == 3 && way.getKey() != REGION) {
                    scene.guest().setMode(200, 100);
                }
            }
            assertEquals(7, scene.screen.stats().captures());
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
            assertEquals(Optional.empty(), scene.screen.capture());
            assertEquals(Optional.empty(), scene.screen.plane(PlaneType.PRIMARY));
            assertEquals(Optional.empty(), scene.screen.lend((pixels, w, h, stride) -> {}));
            assertEquals(Optional.empty(), scene.screen.dmaBuf(PlaneType.PRIMARY));
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
