package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.vfio4j.contract.PixelsHost.Setup;
import io.vfio4j.contract.PixelsHost.Shown;
import io.vfio4j.display.Display;
import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.Cursor;
import io.vfio4j.display.pixels.DmaBuf;
import io.vfio4j.display.pixels.Evidence;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.Tiling;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The screen shows what the guest shows, pixel by pixel, on every kernel. */
abstract class PixelsContract {
    private static final int KEPT = 5;

    private PixelsHost host;
    private long heldBefore;

    abstract PixelsHost openHost() throws IOException;

    @BeforeEach
    void open() throws IOException {
        host = openHost();
        heldBefore = host.held();
    }

    @AfterEach
    void close() throws IOException {
        try {
            assertEquals(heldBefore, host.held(), "descriptors and mappings");
        } finally {
            host.close();
        }
    }

    private interface Visit {
        void of(Shown shown, Display display, EventLoop loop) throws IOException;
    }

    private void watch(Setup setup, Visit visit) throws IOException {
        try (Shown shown = host.create(setup)) {
            shown.mode(330, 150);
            try (EventLoop loop = EventLoop.stepped(host.systemCalls());
                    Display display = Display.attach(loop, VfioDevice.open(host.systemCalls(), shown.mdev()))) {
                visit.of(shown, display, loop);
            }
            assertEquals(0, shown.framebuffers(), "framebuffers that the driver holds");
        }
    }

    private static void assertShows(Shown shown, Frame frame, String what) throws IOException {
        int tolerance = shown.tolerance();
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                int expected = shown.pixel(x, y);
                int found = frame.pixel(x, y) & 0xff_ffff;
                if (expected != found) {
                    for (int shift = 0; shift < 24; shift += 8) {
                        if (Math.abs((expected >> shift & 0xff) - (found >> shift & 0xff)) > tolerance) {
                            fail(what + " at " + x + "," + y + " is " + Integer.toHexString(found) + ", not "
                                    + Integer.toHexString(expected));
                        }
                    }
                }
            }
        }
    }

    /** Also those that one kernel offers and another does not. */
    private List<Setup> setups() {
        List<Setup> all = new ArrayList<>();
        for (CapturePath path : CapturePath.values()) {
            for (PixelFormat format : PixelFormat.values()) {
                for (Tiling tiling : Tiling.values()) {
                    Setup setup = new Setup(format, tiling, path);
                    // GVT-g, and so the emulated one, counts 32 lines for the 64 of this tile.
                    boolean tooShort = tiling == Tiling.YF && format == PixelFormat.C8;
                    if (host.offers(setup) && !tooShort) {
                        all.add(setup);
                    }
                }
            }
        }
        return all;
    }

    @Test
    void everyFormatAndLayoutComesOutByEveryWay() throws Exception {
        int checked = 0;
        for (Setup setup : setups()) {
            watch(setup, (shown, display, loop) -> {
                // Odd, and two rows of the highest tiles.
                shown.mode(139, 70);
                try (Frame frame = new Frame()) {
                    for (int i = 0; i < 2; i++) {
                        assertTrue(display.screen().capture(frame));
                        assertEquals(Optional.of(setup.path()), frame.path(), setup::toString);
                        assertEquals(Optional.of(setup.format()), frame.sourceFormat());
                        assertShows(shown, frame, setup.toString());
                        shown.flip();
                        shown.draw();
                    }
                }
            });
            checked++;
        }
        assertTrue(checked >= PixelFormat.values().length * Tiling.values().length - 1, "only " + checked);
    }

    private List<Setup> plainSetups() {
        return setups().stream()
                .filter(setup -> setup.format() == PixelFormat.XRGB8888 && setup.tiling() == Tiling.LINEAR)
                .toList();
    }

    @Test
    void theFrameFollowsTheGuestThroughFlipsDrawingAndModes() throws Exception {
        for (Setup setup : plainSetups()) {
            watch(setup, (shown, display, loop) -> {
                try (Frame frame = new Frame()) {
                    for (int i = 0; i < 12; i++) {
                        assertTrue(display.screen().capture(frame));
                        assertShows(shown, frame, setup + ", picture " + i);
                        switch (i % 3) {
                            case 0 -> shown.flip();
                            case 1 -> shown.draw();
                            default -> shown.mode(256 + 8 * i, 120 + i);
                        }
                        shown.vblank(1);
                    }
                    assertTrue(display.screen().stats().dmaBufs() <= KEPT);
                }
            });
        }
    }

    @Test
    void aPipeThatIsOffIsNoPicture() throws Exception {
        watch(Setup.plain(CapturePath.DMABUF_MAPPED), (shown, display, loop) -> {
            Screen screen = display.screen();
            try (Frame frame = new Frame()) {
                assertTrue(screen.capture(frame));
                shown.pipe(false);
                assertFalse(screen.capture(frame));
                assertFalse(frame.isEmpty());
                assertEquals(Optional.empty(), screen.plane(PlaneType.PRIMARY));
                shown.pipe(true);
                assertTrue(screen.capture(frame));
                assertShows(shown, frame, "on again");
            }
        });
    }

    @Test
    void theCursorHasItsImageAndItsPlace() throws Exception {
        watch(Setup.plain(CapturePath.DMABUF_MAPPED), (shown, display, loop) -> {
            try (Cursor cursor = new Cursor();
                    Frame frame = new Frame()) {
                for (int i = 0; i < 3; i++) {
                    shown.cursor(100 + i, 80);
                    assertTrue(display.screen().cursor(cursor));
                    assertEquals(100 + i, cursor.x());
                    assertEquals(80, cursor.y());
                    assertEquals(64, cursor.image().width());
                    for (int y = 0; y < 64; y += 7) {
                        for (int x = 0; x < 64; x += 5) {
                            assertEquals(shown.cursorPixel(x, y), cursor.image().pixel(x, y), x + "," + y);
                        }
                    }
                }
                assertTrue(display.screen().capture(frame));
                frame.drawCursor(cursor);
                assertEquals(shown.cursorPixel(30, 30) & 0xff_ffff, frame.pixel(132, 110) & 0xff_ffff);
            }
        });
    }

    @Test
    void theIrqTellsWhetherThereWasAFlip() throws Exception {
        watch(Setup.plain(CapturePath.DMABUF_MAPPED), (shown, display, loop) -> {
            Screen screen = display.screen();
            assertEquals(Optional.of(Evidence.NOT_LISTENING), screen.lend((pixels, w, h, stride) -> {}));
            display.subscribe(event -> {});
            settle(loop);
            assertEquals(Optional.of(Evidence.NO_EVENT), screen.lend((pixels, w, h, stride) -> {}));
            assertEquals(
                    Optional.of(Evidence.EVENT),
                    // Three buffers: where it began.
                    screen.lend((pixels, w, h, stride) -> flip(shown, 3)));
            assertEquals(Optional.of(Evidence.NO_EVENT), screen.lend((pixels, w, h, stride) -> {}));
            assertEquals(Optional.of(Evidence.PLANE_CHANGED), screen.lend((pixels, w, h, stride) -> flip(shown, 1)));
        });
    }

    private static void settle(EventLoop loop) {
        while (loop.step()) {}
    }

    private static void flip(Shown shown, int times) {
        try {
            for (int i = 0; i < times; i++) {
                shown.flip();
                shown.vblank(1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theDmaBufIsHandedOutAndOutlivesTheScreen() throws Exception {
        List<DmaBuf> kept = new ArrayList<>();
        try (Shown shown = host.create(Setup.plain(CapturePath.DMABUF_MAPPED))) {
            try (EventLoop loop = EventLoop.stepped(host.systemCalls());
                    Display display = Display.attach(loop, VfioDevice.open(host.systemCalls(), shown.mdev()))) {
                DmaBuf buffer = display.screen().dmaBuf(PlaneType.PRIMARY).orElseThrow();
                kept.add(buffer);
                assertEquals(PixelFormat.XRGB8888.fourcc(), buffer.fourcc());
                assertEquals(Tiling.LINEAR.modifier(), buffer.modifier());
                assertTrue(buffer.sizeBytes() >= (long) buffer.strideBytes() * buffer.height());
            }
            assertTrue(host.systemCalls().size(kept.get(0).descriptor()) > 0);
            kept.get(0).close();
            assertEquals(0, shown.framebuffers());
        }
    }

    @Test
    void aDisplayThatIsClosedHasNoPixelsAnyMore() throws Exception {
        List<Screen> screens = new ArrayList<>();
        watch(Setup.plain(CapturePath.DMABUF_MAPPED), (shown, display, loop) -> screens.add(display.screen()));
        assertThrows(ClosedException.class, () -> screens.get(0).capture());
    }
}
