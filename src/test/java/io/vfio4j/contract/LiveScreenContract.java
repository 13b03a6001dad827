package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.contract.PixelsHost.Setup;
import io.vfio4j.contract.PixelsHost.Shown;
import io.vfio4j.display.Display;
import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Move;
import io.vfio4j.frontend.Viewing;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A screen's viewers have the guest's pictures, by what they are told has changed, on every kernel. */
abstract class LiveScreenContract {
    private static final int CURSOR_SIZE = 64;

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
        void of(Shown shown, LiveScreen screen, EventLoop loop) throws IOException;
    }

    private void watch(CapturePath path, Visit visit) throws IOException {
        try (Shown shown = host.create(Setup.plain(path))) {
            shown.mode(330, 150);
            try (EventLoop loop = EventLoop.stepped(host.systemCalls());
                    Display display = Display.attach(loop, VfioDevice.open(host.systemCalls(), shown.mdev()));
                    LiveScreen screen = LiveScreen.named("contract", LiveOptions.DEFAULTS.on(Runnable::run))) {
                screen.attach(display);
                visit.of(shown, screen, loop);
            }
            assertEquals(0, shown.framebuffers(), "framebuffers that the driver holds");
        }
    }

    private static void settle(EventLoop loop) {
        while (loop.step()) {}
    }

    /** A viewer's own picture. */
    private static final class Copy {
        private final Viewing viewing;
        private int width;
        private int height;
        private int[] pixels = {};
        private Optional<String> absence = Optional.empty();
        private CursorLook cursor = CursorLook.HIDDEN;

        Copy(Viewing viewing) {
            this.viewing = viewing;
        }

        void take() {
            Optional<Look> taken = viewing.look();
            if (taken.isEmpty()) {
                return;
            }
            try (Look look = taken.get()) {
                if (look.frame().width() != width || look.frame().height() != height) {
                    width = look.frame().width();
                    height = look.frame().height();
                    pixels = new int[width * height];
                }
                absence = look.absence();
                cursor = look.cursor();
                look.moves().forEach(this::move);
                for (Rectangle area : look.changes()) {
                    for (int y = area.y(); y < area.y() + area.height(); y++) {
                        for (int x = area.x(); x < area.x() + area.width(); x++) {
                            pixels[y * width + x] = look.frame().pixel(x, y) & 0xff_ffff;
                        }
                    }
                }
            }
        }

        private void move(Move move) {
            int[] before = pixels.clone();
            Rectangle target = move.target();
            for (int y = 0; y < target.height(); y++) {
                System.arraycopy(
                        before,
                        (move.sourceY() + y) * width + move.sourceX(),
                        pixels,
                        (target.y() + y) * width + target.x(),
                        target.width());
            }
        }

        void assertShows(Shown shown, String what) throws IOException {
            assertShows(shown, CursorLook.HIDDEN, what);
        }

        /** With a cursor drawn into it, where it is seen. */
        void assertShows(Shown shown, CursorLook cursor, String what) throws IOException {
            assertEquals(Optional.empty(), absence, what);
            // The first pixel makes a real guest look what it shows.
            shown.pixel(0, 0);
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int over = cursorPixel(shown, cursor, x, y);
                    int expected = over >>> 24 == 0xff ? over & 0xff_ffff : shown.pixel(x, y);
                    if (expected != pixels[y * width + x]) {
                        assertEquals(
                                Integer.toHexString(expected),
                                Integer.toHexString(pixels[y * width + x]),
                                what + " at " + x + "," + y);
                    }
                }
            }
        }

        private static int cursorPixel(Shown shown, CursorLook cursor, int x, int y) throws IOException {
            int left = x - cursor.x();
            int top = y - cursor.y();
            boolean covers = cursor.visible() && left >= 0 && left < CURSOR_SIZE && top >= 0 && top < CURSOR_SIZE;
            return covers ? shown.cursorPixel(left, top) : 0;
        }
    }

    private void follow(CapturePath path) throws IOException {
        watch(path, (shown, screen, loop) -> {
            shown.cursor(20, 10);
            shown.vblank(1);
            Copy quick = new Copy(screen.view(CursorStyle.SEPARATE, () -> {}));
            Copy slow = new Copy(screen.view(CursorStyle.SEPARATE, () -> {}));
            Copy drawn = new Copy(screen.view(CursorStyle.DRAWN, () -> {}));
            settle(loop);
            for (int i = 0; i < 18; i++) {
                switch (i % 3) {
                    case 0 -> shown.flip();
                    case 1 -> shown.draw();
                    default -> {
                        if (i % 9 == 8) {
                            shown.mode(256 + 8 * i, 120 + i);
                        } else {
                            shown.flip();
                        }
                    }
                }
                shown.vblank(1);
                settle(loop);
                // No irq tells of drawing; who comes or comes back has everything read anew.
                quick.viewing.pause();
                quick.viewing.resume();
                settle(loop);
                quick.take();
                drawn.take();
                quick.assertShows(shown, path + ", picture " + i);
                drawn.assertShows(shown, quick.cursor, path + ", picture " + i + " with its cursor");
                if (i % 6 == 5) {
                    slow.take();
                    slow.assertShows(shown, path + ", picture " + i + ", seen by a slow viewer");
                }
            }
            assertEquals(0, screen.stats().failures());
            assertTrue(screen.stats().captures() >= 18);
            quick.viewing.close();
            slow.viewing.close();
            drawn.viewing.close();
        });
    }

    @Test
    void picturesOfDmaBufsAreExact() throws Exception {
        follow(CapturePath.DMABUF_MAPPED);
    }

    @Test
    void picturesOfMappedRegionsAreExact() throws Exception {
        follow(CapturePath.REGION_MAPPED);
    }

    @Test
    void picturesOfRegionsThatAreReadAreExact() throws Exception {
        follow(CapturePath.REGION_READ);
    }

    @Test
    void theCursorIsDrawnWhereItIs() throws Exception {
        watch(CapturePath.DMABUF_MAPPED, (shown, screen, loop) -> {
            try (Viewing viewing = screen.view(CursorStyle.DRAWN, () -> {})) {
                Copy copy = new Copy(viewing);
                settle(loop);
                for (int i = 0; i < 4; i++) {
                    shown.cursor(100 + 20 * i, 40 + i);
                    shown.vblank(1);
                    settle(loop);
                    copy.take();
                    int at = (40 + i + 30) * copy.width + 100 + 20 * i + 30;
                    assertEquals(shown.cursorPixel(30, 30) & 0xff_ffff, copy.pixels[at], "place " + i);
                    assertEquals(
                            shown.pixel(0, 0), copy.pixels[0], "where the cursor is not, the picture is the guest's");
                    int left = (40 + i + 30) * copy.width + 90;
                    shown.pixel(0, 0);
                    assertEquals(shown.pixel(90, 40 + i + 30), copy.pixels[left], "beside the cursor " + i);
                }
            }
        });
    }

    @Test
    void aPipeThatIsOffIsAPlaceholder() throws Exception {
        watch(CapturePath.DMABUF_MAPPED, (shown, screen, loop) -> {
            try (Viewing viewing = screen.view(CursorStyle.SEPARATE, () -> {})) {
                Copy copy = new Copy(viewing);
                settle(loop);
                copy.take();
                copy.assertShows(shown, "on");
                shown.pipe(false);
                viewing.pause();
                viewing.resume();
                settle(loop);
                copy.take();
                assertEquals(Optional.of(Placeholder.NOTHING_YET), copy.absence);
                shown.pipe(true);
                viewing.pause();
                viewing.resume();
                settle(loop);
                copy.take();
                copy.assertShows(shown, "on again");
            }
        });
    }
}
