package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.Cursor;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.vfio.PlaneType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An hour of 60 Hz, in virtual time, and ten minutes through the GPU: nothing that a screen holds grows. */
class ScreenSoakTest {
    /** Five of each plane, and one that is being let go. */
    private static final int MOST = 11;

    private static List<Integer> held(EmulatedHost host) {
        return List.of(
                host.openDescriptors(),
                host.mappings(),
                host.dmaBufs(),
                host.imports(),
                host.vgpu().framebuffers());
    }

    /** Each event is followed by a picture, each tenth by the cursor, and now and then by a dma-buf that somebody keeps for a while. */
    private static final class Viewer implements RefreshListener {
        private final Display display;
        private final Frame frame = new Frame();
        private final Cursor cursor = new Cursor();
        private int pictures;
        private int cursors;
        private int events;
        private final List<AutoCloseable> kept = new ArrayList<>();

        Viewer(Display display) {
            this.display = display;
        }

        @Override
        public void onRefresh(RefreshEvent event) {
            try {
                pictures += display.screen().capture(frame) ? 1 : 0;
                if (++events % 10 == 0) {
                    cursors += display.screen().cursor(cursor) ? 1 : 0;
                    frame.drawCursor(cursor);
                }
                if (events % 1000 == 0) {
                    letGo();
                    display.screen().dmaBuf(PlaneType.PRIMARY).ifPresent(kept::add);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void letGo() {
            kept.forEach(each -> {
                try {
                    each.close();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            kept.clear();
        }

        void end() {
            letGo();
            frame.close();
            cursor.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"true, 3600", "false, 600"})
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void nothingGrowsThroughFlipsCursorsAndModes(boolean mappable, int seconds, TestReporter reporter)
            throws Exception {
        long begun = System.nanoTime();
        try (Stage stage =
                new Stage(VgpuProfile.V6.withRefreshRate(60).withSize(64, 64).withMappableDmabufs(mappable))) {
            List<Integer> before = held(stage.host);
            Display display = stage.attach();
            Viewer viewer = new Viewer(display);
            display.subscribe(viewer);
            List<Integer> most = new ArrayList<>(before);
            for (int second = 0; second < seconds; second++) {
                if (second % 7 == 0) {
                    stage.vgpu().guest().setMode(64 + 8 * (second % 5), 64 + second % 3);
                }
                // Flips at 60 Hz; and in between an idle guest, whose driver signals as often, while nothing has to be
                // drawn.
                stage.vgpu().guest().run(second % 4 == 0 ? Scenario.FLIP : Scenario.IDLE);
                stage.vgpu().guest().cursor();
                if (second % 50 == 0) {
                    stage.vgpu().guest().pipe(Pipe.A, false);
                    stage.passMillis(100);
                    stage.vgpu().guest().pipe(Pipe.A, true);
                    stage.passMillis(900);
                } else {
                    stage.pass(Duration.ofSeconds(1));
                }
                List<Integer> now = held(stage.host);
                for (int i = 0; i < now.size(); i++) {
                    most.set(i, Math.max(most.get(i), now.get(i)));
                }
            }
            reporter.publishEntry("pictures", Integer.toString(viewer.pictures));
            reporter.publishEntry("most of descriptors, mappings, dma-bufs, imports, framebuffers", most.toString());
            assertTrue(viewer.pictures > seconds * 55, () -> viewer.pictures + " pictures");
            assertTrue(viewer.cursors > seconds, () -> viewer.cursors + " cursors");
            for (int i = 1; i < most.size(); i++) {
                int found = most.get(i);
                assertTrue(found <= MOST, () -> "held: " + most);
            }
            assertEquals(mappable, most.get(3) == 0, "imports");
            viewer.end();
            display.close();
            assertEquals(before, held(stage.host));
        }
        reporter.publishEntry("seconds", Long.toString((System.nanoTime() - begun) / 1_000_000_000));
    }
}
