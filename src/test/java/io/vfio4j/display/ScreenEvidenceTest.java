package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.Consistency;
import io.vfio4j.display.pixels.Cursor;
import io.vfio4j.display.pixels.DmaBuf;
import io.vfio4j.display.pixels.Evidence;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.SignalCounts;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A frame says whether the guest flipped while it was read, and never more than was checked. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScreenEvidenceTest {
    /** The second of the two calls that bracket reading: everything is read, and nothing is checked yet. */
    private static final String BRACKET = "DMA_BUF_IOCTL_SYNC";

    private static Stage stage(String dialect) throws IOException {
        Stage stage = new Stage(
                VgpuProfile.named(dialect).withSize(128, 64).withBuffers(2).withMappableDmabufs(true));
        stage.vgpu().stepped(true);
        return stage;
    }

    private static Display watched(Stage stage, RefreshListener listener) throws IOException {
        Display display = stage.attach();
        display.subscribe(listener);
        stage.settle();
        return display;
    }

    private static Evidence capture(Display display) {
        try (Frame frame = new Frame()) {
            assertTrue(display.screen().capture(frame));
            return frame.evidence();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void whileReading(Stage stage, Runnable happening) {
        stage.host.faults().before(BRACKET, 2, happening);
    }

    /** Back at the same buffer, of two: no query can tell. */
    private static void flipTwice(Stage stage) {
        for (int i = 0; i < 2; i++) {
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "v2, NOT_EVERY_FLIP",
        "v3, NO_EVENT",
        "v4, NO_EVENT",
        "v5, NO_EVENT",
        "v6, NO_EVENT",
        "pageflip, NOT_EVERY_FLIP",
        "port, NO_EVENT",
        "port-display, NO_EVENT",
        "none, NO_IRQ"
    })
    void silenceMeansWhatTheDialectLetsItMean(String dialect, Evidence expected) throws Exception {
        try (Stage stage = stage(dialect)) {
            Display display = watched(stage, new Notes());
            assertEquals(expected, capture(display));
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            assertEquals(expected, capture(display), "an event that waited since before is read first");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "v2, EVENT",
        "v3, EVERY_VBLANK",
        "v4, EVENT",
        "v5, EVENT",
        "v6, EVENT",
        "pageflip, EVENT",
        "port, EVENT",
        "port-display, EVENT",
        "none, NO_IRQ"
    })
    void twoFlipsThatNoQueryCanTellAreToldByTheIrq(String dialect, Evidence expected) throws Exception {
        try (Stage stage = stage(dialect)) {
            Display display = watched(stage, new Notes());
            whileReading(stage, () -> flipTwice(stage));
            assertEquals(expected, capture(display));
            assertEquals(
                    dialect.equals("none") || dialect.equals("v3") ? Consistency.UNKNOWN : Consistency.OVERTAKEN,
                    expected.consistency());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3", "v6", "port", "none"})
    void anotherBufferAfterwardsIsSeenEvenWithoutTheIrq(String dialect) throws Exception {
        try (Stage stage = stage(dialect)) {
            Display display = watched(stage, new Notes());
            whileReading(stage, () -> stage.vgpu().guest().flip());
            assertEquals(Evidence.PLANE_CHANGED, capture(display));
            whileReading(stage, () -> stage.vgpu().guest().pipe(Pipe.A, false));
            assertEquals(Evidence.PLANE_CHANGED, capture(display));
        }
    }

    @Test
    void whileNobodySubscribesTheIrqTellsNothing() throws Exception {
        try (Stage stage = stage("v6")) {
            Display display = stage.attach();
            assertEquals(Evidence.NOT_LISTENING, capture(display));
            Subscription subscription = display.subscribe(new Notes());
            stage.settle();
            assertEquals(Evidence.NO_EVENT, capture(display));
            subscription.pause();
            stage.settle();
            assertEquals(Evidence.NOT_LISTENING, capture(display));
            subscription.resume();
            stage.settle();
            assertEquals(Evidence.NO_EVENT, capture(display));
            display.setPolicy(RefreshPolicy.timer(Duration.ofSeconds(1)));
            stage.settle();
            assertEquals(Evidence.NO_IRQ, capture(display));
            display.setPolicy(RefreshPolicy.AUTO);
            stage.settle();
            assertEquals(Evidence.NO_EVENT, capture(display));
        }
    }

    @Test
    void aMaskInBetweenIsNotedEvenWhenItIsGoneAgain() throws Exception {
        try (Stage stage = stage("v6")) {
            Display display = stage.attach();
            Subscription subscription = display.subscribe(new Notes());
            stage.settle();
            assertEquals(Evidence.NO_EVENT, capture(display));
            Evidence found = display.screen()
                    .lend((pixels, width, height, stride) -> {
                        subscription.pause();
                        stage.settle();
                        subscription.resume();
                        stage.settle();
                    })
                    .orElseThrow();
            assertEquals(Evidence.NOT_LISTENING, found);
        }
    }

    @Test
    void theCursorsEventsAreNotThePrimarys() throws Exception {
        try (Stage stage = stage("v6")) {
            Display display = watched(stage, new Notes());
            stage.vgpu().guest().cursor();
            stage.vgpu().vblank(1);
            whileReading(stage, () -> {
                stage.vgpu().guest().cursor();
                stage.vgpu().vblank(1);
            });
            assertEquals(Evidence.NO_EVENT, capture(display));
            try (Cursor cursor = new Cursor()) {
                whileReading(stage, () -> flipTwice(stage));
                assertTrue(display.screen().cursor(cursor));
                // The carry of 256 cursor events cannot be told from a primary one, so a primary event speaks for both.
                assertEquals(Evidence.EVENT, cursor.image().evidence());
                assertTrue(display.screen().cursor(cursor));
                assertEquals(Evidence.NO_EVENT, cursor.image().evidence());
            }
        }
    }

    @Test
    void insideACallbackItIsAsExact() throws Exception {
        try (Stage stage = stage("v6")) {
            List<Evidence> found = new ArrayList<>();
            Display[] display = new Display[1];
            display[0] = watched(stage, event -> {
                if (display[0] != null && found.size() < 3) {
                    if (found.size() == 1) {
                        whileReading(stage, () -> flipTwice(stage));
                    }
                    found.add(capture(display[0]));
                }
            });
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            stage.settle();
            assertEquals(List.of(Evidence.NO_EVENT), found);
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            stage.settle();
            assertEquals(List.of(Evidence.NO_EVENT, Evidence.EVENT, Evidence.NO_EVENT), found);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v5", "v6", "port"})
    void whatIsReadAheadIsDeliveredAllTheSame(String dialect, TestReporter reporter) throws Exception {
        long seed = Long.getLong("vfio4j.seed", 20260118L);
        reporter.publishEntry("seed", Long.toString(seed));
        SplittableRandom random = new SplittableRandom(seed);
        try (Stage stage = stage(dialect)) {
            Notes notes = new Notes();
            Display display = stage.attach();
            display.subscribe(notes);
            boolean[] nested = new boolean[1];
            display.subscribe(event -> {
                if (random.nextInt(3) == 0 && !nested[0]) {
                    nested[0] = true;
                    if (random.nextBoolean()) {
                        whileReading(stage, () -> flipTwice(stage));
                    }
                    capture(display);
                    nested[0] = false;
                }
            });
            stage.settle();
            for (int i = 0; i < 200; i++) {
                stage.vgpu().guest().flip();
                if (random.nextBoolean()) {
                    stage.vgpu().guest().cursor();
                }
                stage.vgpu().vblank(1 + random.nextInt(2));
                if (random.nextBoolean()) {
                    capture(display);
                }
                if (random.nextBoolean()) {
                    stage.settle();
                }
                stage.host.faults().clear();
            }
            stage.settle();
            long told = notes.events.stream()
                    .filter(event -> event.source() == RefreshSource.IRQ)
                    .mapToLong(event -> event.signals().orElseThrow())
                    .sum();
            assertEquals(total(stage), told, () -> "seed " + seed);
            long merged = notes.events.stream().mapToLong(RefreshEvent::merged).sum();
            assertEquals(notes.last().sequence(), merged, () -> "seed " + seed);
        }
    }

    /** A listener that looks at once when the mode is new, while the guest goes on. */
    private static final class Looker extends Notes {
        private final Runnable guestGoesOn;
        private Display display;

        Looker(Runnable guestGoesOn) {
            this.guestGoesOn = guestGoesOn;
        }

        @Override
        public void onModeChanged(DisplayMode mode) {
            super.onModeChanged(mode);
            if (modes.size() > 1) {
                guestGoesOn.run();
                capture(display);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v4", "v5", "v6"})
    void aPictureInModeChangedTakesNothingFromTheEventBehindIt(String dialect) throws Exception {
        try (Stage stage = stage(dialect)) {
            boolean[] flips = new boolean[1];
            Looker looker = new Looker(() -> {
                if (flips[0]) {
                    stage.vgpu().guest().flip();
                }
                stage.vgpu().guest().cursor();
                stage.vgpu().vblank(1);
            });
            // Nothing but the irq has the mode looked at.
            looker.display = stage.attach(
                    stage.options().withWatchdog(Duration.ofMinutes(1)).withPrimaryStaleness(Duration.ofMinutes(1)));
            looker.display.subscribe(looker);
            stage.settle();
            for (int round = 1; round <= 3; round++) {
                // Long enough for the mode to be looked at with the next event, and not later.
                stage.passMillis(600);
                int before = looker.events.size();
                flips[0] = round == 3;
                stage.vgpu().guest().setMode(128 + 8 * round, 64);
                for (int flip = 0; flip < round; flip++) {
                    stage.vgpu().guest().flip();
                    stage.vgpu().vblank(1);
                }
                stage.settle();
                assertEquals(1 + round, looker.modes.size());
                List<RefreshEvent> told = looker.events.subList(before, looker.events.size());
                assertTrue(told.stream().anyMatch(event -> event.planes().contains(PlaneType.PRIMARY)), told::toString);
            }
            SignalCounts counts = stage.vgpu().signalled();
            assertEquals(counts.primary(), looker.primary(), () -> counts + " as " + looker.events);
            assertEquals(counts.cursor(), looker.cursor(), () -> counts + " as " + looker.events);
            looker.assertNothingLost();
        }
    }

    @Test
    void theResyncOfSomebodyNewComesBeforeTheReadThatItIsGivenIn() throws Exception {
        try (Stage stage = stage("v6")) {
            Display display = watched(stage, new Notes());
            Notes late = new Notes();
            stage.passMillis(300);
            stage.vgpu().guest().setMode(136, 64);
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            // Between the turn's tasks and its reads: the read finds somebody who was not greeted yet.
            stage.host.faults().before("epoll_wait", 1, () -> display.subscribe(late));
            stage.settle();
            assertEquals(RefreshSource.RESYNC, late.events.get(0).source());
            assertEquals(RefreshSource.IRQ, late.events.get(1).source());
            late.assertNothingLost();
        }
    }

    private static long total(Stage stage) {
        SignalCounts counts = stage.vgpu().signalled();
        return counts.primary() + counts.cursor() > 0 ? counts.primary() + counts.cursor() : counts.raw();
    }

    @Test
    void aLoopThatIsKeptBusyIsNotWaitedForForEver() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder()
                        .vgpu(VgpuProfile.V6.withSize(128, 64).withMappableDmabufs(true))
                        .realTime()
                        .build();
                EventLoop loop = EventLoop.start(host.systemCalls(), "busy");
                Display display = Display.attach(
                        loop,
                        VfioDevice.open(
                                host.systemCalls(),
                                MdevDevice.find(host.systemCalls(), host.vgpu().uuid())))) {
            host.vgpu().stepped(true);
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch captured = new CountDownLatch(1);
            display.subscribe(event -> {
                entered.countDown();
                await(captured);
            });
            await(entered);
            // The listener waits for this very frame.
            assertEquals(Evidence.LOOP_BUSY, capture(display));
            captured.countDown();
            for (int tries = 0; capture(display) != Evidence.NO_EVENT; tries++) {
                assertTrue(tries < 100);
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anIdleGuestOfVFiveKeepsSignallingWhichIsOnlyAGuess() throws Exception {
        try (Stage stage = stage("v5")) {
            Display display = watched(stage, new Notes());
            stage.vgpu().guest().run(Scenario.IDLE);
            stage.vgpu().vblank(20);
            whileReading(stage, () -> stage.vgpu().vblank(1));
            assertEquals(Evidence.EVENT, capture(display));
        }
    }

    @Test
    void aDeviceThatIsBeingRemovedHasNoPixelsAnyMore() throws Exception {
        try (Stage stage = stage("v6")) {
            Display display = watched(stage, new Notes());
            assertEquals(Evidence.NO_EVENT, capture(display));
            DmaBuf kept = display.screen().dmaBuf(PlaneType.PRIMARY).orElseThrow();
            stage.vgpu().remove();
            assertEquals(Evidence.NO_EVENT, capture(display), "it works until it is let go");
            stage.passMillis(1000);
            assertThrows(ClosedException.class, display.screen()::capture);
            assertEquals(0, stage.host.mappings());
            kept.close();
            assertEquals(0, stage.host.dmaBufs());
        }
    }

    @Test
    void theOptionsOfTheDisplayAreThoseOfItsScreen() throws Exception {
        try (Stage stage = stage("v6")) {
            Display display =
                    stage.attach(stage.options().withScreen(ScreenOptions.DEFAULTS.withPath(CapturePath.DMABUF_GPU)));
            Frame frame = display.screen().capture().orElseThrow();
            assertEquals(Optional.of(CapturePath.DMABUF_GPU), frame.path());
        }
    }
}
