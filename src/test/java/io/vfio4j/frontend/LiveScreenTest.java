package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.ScreenStage.Copy;
import io.vfio4j.linux.ClosedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What viewers see of a screen, in virtual time. */
class LiveScreenTest {
    @ParameterizedTest
    @ValueSource(strings = {"v2", "v5", "v6", "pageflip", "port", "none", "mdpy"})
    void viewersSeeTheGuestsPicturesByWhatTheyAreTold(String dialect) throws Exception {
        VgpuProfile profile = VgpuProfile.named(dialect);
        try (ScreenStage stage = new ScreenStage(
                        dialect.equals("mdpy")
                                ? profile
                                : profile.withSize(320, 200).withMappableDmabufs(true));
                LiveScreen screen = stage.screen()) {
            screen.attach(stage.attach());
            try (Copy drawn = new Copy(screen, CursorStyle.DRAWN);
                    Copy separate = new Copy(screen, CursorStyle.SEPARATE);
                    Copy slow = new Copy(screen, CursorStyle.SEPARATE)) {
                for (Scenario scenario : dialect.equals("mdpy")
                        ? List.of(Scenario.FLIP, Scenario.CONSOLE)
                        : List.of(Scenario.values())) {
                    stage.vgpu().guest().run(scenario);
                    for (int i = 0; i < 25; i++) {
                        stage.pass(31);
                        drawn.take();
                        separate.take();
                        if (i % 5 == 4) {
                            slow.take();
                        }
                    }
                }
                stage.vgpu().guest().stop();
                if (!dialect.equals("mdpy")) {
                    stage.vgpu().guest().pipe(Pipe.A, true);
                    stage.vgpu().guest().flip();
                }
                stage.pass(1_500);
                drawn.take();
                separate.take();
                slow.take();
                assertEquals(Optional.empty(), separate.absence);
                assertTrue(separate.looks > (dialect.equals("mdpy") ? 20 : 50), separate.looks + " looks");
                assertTrue(drawn.news >= drawn.looks - 1);
                try (Viewing last = screen.view(CursorStyle.SEPARATE, () -> {})) {
                    stage.settle();
                    try (Look look = last.look().orElseThrow()) {
                        stage.assertShows(look.frame());
                    }
                }
            }
        }
    }

    @Test
    void whoLooksBeforeAnythingWasReadSeesAPlaceholder() throws Exception {
        Deque<Runnable> tasks = new ArrayDeque<>();
        try (LiveScreen screen = LiveScreen.named("first", LiveOptions.DEFAULTS.on(tasks::add));
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            assertTrue(copy.take());
            assertEquals(Optional.of("waiting for first"), copy.absence);
            assertFalse(copy.take(), "the same is no news");
            copy.viewing.forget();
            assertTrue(copy.take());
            tasks.remove().run();
            assertEquals(1, copy.news);
        }
    }

    @Test
    void whileNobodyLooksNothingIsReadAndTheIrqIsMasked() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v5");
                LiveScreen screen = stage.screen()) {
            Display display = stage.attach();
            screen.attach(display);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(500);
            assertFalse(stage.vgpu().armed(), "nobody has looked yet");
            long queries = display.stats().queries();
            assertEquals(0, screen.stats().captures());
            Copy copy = new Copy(screen, CursorStyle.DRAWN);
            stage.pass(500);
            assertFalse(stage.vgpu().masked());
            assertTrue(screen.stats().captures() > 25);
            copy.viewing.pause();
            stage.pass(50);
            assertTrue(stage.vgpu().masked());
            queries = display.stats().queries();
            LiveStats before = screen.stats();
            stage.pass(5_000);
            assertEquals(queries, display.stats().queries());
            assertEquals(before, screen.stats());
            assertEquals(0, before.viewers());
            copy.viewing.resume();
            stage.pass(100);
            assertTrue(copy.take());
            assertFalse(stage.vgpu().masked());
            copy.close();
            stage.pass(50);
            assertTrue(stage.vgpu().masked());
            copy.viewing.resume();
            copy.viewing.pause();
            copy.close();
            assertEquals(0, screen.stats().viewers());
            display.close();
        }
    }

    @Test
    void framesAreLetGoWhenNobodyHoldsThem() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen()) {
            screen.attach(stage.attach());
            Copy drawn = new Copy(screen, CursorStyle.DRAWN);
            Copy separate = new Copy(screen, CursorStyle.SEPARATE);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(200);
            Look kept = drawn.viewing.look().orElseThrow();
            assertTrue(screen.frames() >= 4);
            drawn.close();
            assertTrue(kept.frame().width() > 0, "held, and so valid");
            int left = screen.frames();
            assertTrue(left <= 2, left + " frames for one style of cursor");
            kept.close();
            assertThrows(ClosedException.class, () -> kept.frame().pixels());
            kept.close();
            separate.close();
            assertEquals(0, screen.frames());
            try (Copy again = new Copy(screen, CursorStyle.DRAWN)) {
                stage.pass(50);
                again.take();
                assertEquals(Optional.empty(), again.absence);
            }
        }
    }

    @Test
    void whoeverWaitsForTheFirstPictureSharesOnePlaceholder() {
        try (LiveScreen screen = LiveScreen.named("waiting", LiveOptions.DEFAULTS.on(task -> {}));
                Viewing one = screen.view(CursorStyle.SEPARATE, () -> {});
                Viewing other = screen.view(CursorStyle.SEPARATE, () -> {})) {
            Look first = one.look().orElseThrow();
            Look second = other.look().orElseThrow();
            assertEquals(Optional.of("waiting for waiting"), first.absence());
            assertTrue(first.frame() == second.frame());
            first.close();
            assertEquals(640, second.frame().width());
            screen.detach("out of order");
            one.forget();
            try (Look changed = one.look().orElseThrow()) {
                assertEquals(Optional.of("out of order"), changed.absence());
                assertTrue(changed.frame() != second.frame());
            }
            assertTrue(second.frame().pixel(0, 0) != 0, "it is held, and stays");
            Frame held = second.frame();
            second.close();
            assertTrue(held.isEmpty(), "and goes when it is given back");
        }
    }

    @ParameterizedTest
    @EnumSource(CursorStyle.class)
    void whoNeverClosesALookStopsThePicturesAndNotTheScreen(CursorStyle style) throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen()) {
            Display display = stage.attach();
            screen.attach(display);
            try (Copy copy = new Copy(screen, style)) {
                stage.vgpu().guest().run(Scenario.FLIP);
                List<Look> held = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    stage.pass(32);
                    copy.viewing.look().ifPresent(held::add);
                }
                assertEquals(Lane.MOST_SLOTS, held.size());
                assertTrue(screen.frames() <= 2 * Lane.MOST_SLOTS);
                assertTrue(screen.stats().skipped() > 10);
                long shown = held.get(held.size() - 1).generation();
                screen.detach("out of order");
                assertEquals(Optional.empty(), copy.viewing.look().map(Look::absence), "no frame for it");
                held.remove(0).close();
                try (Look placeholder = copy.viewing.look().orElseThrow()) {
                    assertEquals(Optional.of("out of order"), placeholder.absence());
                    assertTrue(placeholder.generation() > shown);
                }
                held.forEach(Look::close);
                screen.attach(display);
                stage.pass(100);
                copy.viewing.forget();
                assertTrue(copy.take());
                assertEquals(Optional.empty(), copy.absence);
            }
        }
    }

    @Test
    void aViewerThatThrowsDisturbsNobody() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen()) {
            screen.attach(stage.attach());
            try (Viewing broken = screen.view(CursorStyle.SEPARATE, () -> {
                        throw new AssertionError("broken");
                    });
                    Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
                stage.vgpu().guest().run(Scenario.FLIP);
                stage.pass(320);
                assertTrue(copy.news >= 18, copy.news + " news");
                assertTrue(broken.look()
                        .map(look -> {
                            look.close();
                            return true;
                        })
                        .orElse(false));
            }
        }
    }

    @Test
    void viewersMayLeaveAndComeAndCloseTheScreenWhileTheyAreTold() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6")) {
            LiveScreen screen = stage.screen();
            Display display = stage.attach();
            screen.attach(display);
            List<Viewing> seats = new ArrayList<>();
            int[] calls = new int[1];
            seats.add(screen.view(CursorStyle.SEPARATE, () -> {
                switch (calls[0]++) {
                    case 1 -> seats.add(screen.view(CursorStyle.DRAWN, () -> {}));
                    case 2 -> seats.get(1).close();
                    case 3 -> seats.get(0).pause();
                    case 4 -> screen.detach("for a moment");
                    case 5 -> screen.attach(display);
                    case 8 -> display.close();
                    case 9 -> screen.close();
                    default -> {}
                }
            }));
            stage.vgpu().guest().run(Scenario.FLIP);
            for (int i = 0; i < 20; i++) {
                stage.pass(32);
                seats.get(0).resume();
            }
            assertTrue(calls[0] >= 9, calls[0] + " calls");
            screen.close();
            seats.get(0).close();
            assertEquals(0, screen.frames());
        }
    }

    @Test
    void anotherDisplayTakesThePlaceOfTheFirst() throws Exception {
        try (ScreenStage stage = new ScreenStage(VgpuProfile.V6.withSize(320, 200), VgpuProfile.V5.withSize(200, 120));
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            Display first = stage.attach(stage.host.vgpus().get(0));
            Display second = stage.attach(stage.host.vgpus().get(1));
            screen.attach(first);
            stage.pass(100);
            copy.take();
            assertEquals(320, copy.width);
            screen.attach(second);
            stage.pass(100);
            copy.take();
            assertEquals(200, copy.width);
            assertSame(second, screen.display().orElseThrow());
            assertTrue(stage.host.vgpus().get(0).masked(), "nobody listens to the first any more");
            first.close();
            copy.take();
            assertEquals(Optional.empty(), copy.absence, "the first is no affair of this screen");
            assertThrows(ClosedException.class, () -> screen.attach(first));
            assertSame(second, screen.display().orElseThrow());
            stage.host.vgpus().get(1).guest().flip();
            stage.pass(100);
            assertTrue(copy.take(), "the second goes on");
            assertEquals(Optional.empty(), copy.absence);
        }
    }

    @Test
    void aDisplayThatIsGoneLeavesASentenceAndAnotherMayCome() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.DRAWN)) {
            screen.attach(stage.attach());
            stage.pass(100);
            stage.vgpu().remove();
            stage.pass(1_000);
            copy.take();
            assertTrue(copy.absence.orElseThrow().startsWith("screen is gone: "), copy.absence::toString);
            assertEquals(320, copy.width, "of the size that the picture had");
            assertEquals(Optional.empty(), screen.display());
        }
    }

    @Test
    void whatIsOffOrCannotBeReadIsSaidAndReadAgainLater() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.pass(100);
            stage.vgpu().guest().pipe(Pipe.A, false);
            stage.pass(3_000);
            copy.take();
            assertEquals(Optional.of(Placeholder.NOTHING_YET), copy.absence);
            stage.vgpu().guest().pipe(Pipe.A, true);
            stage.vgpu().guest().flip();
            stage.pass(1_500);
            copy.take();
            assertEquals(Optional.empty(), copy.absence);
            stage.host.faults().failOn("VFIO_DEVICE_QUERY_GFX_PLANE", "", 5);
            stage.vgpu().guest().flip();
            stage.pass(100);
            copy.take();
            assertTrue(copy.absence.orElseThrow().contains("EIO"), copy.absence::toString);
            assertTrue(screen.stats().failures() > 0);
            stage.host.faults().clear();
            stage.vgpu().guest().flip();
            stage.pass(1_500);
            copy.take();
            assertEquals(Optional.empty(), copy.absence);
            stage.errors.clear();
        }
    }

    @Test
    void aChangeOfModeDuringALookLeavesTheLookAsItWas() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.pass(100);
            try (Look old = copy.viewing.look().orElseThrow()) {
                int corner = old.frame().pixel(319, 199);
                for (int width = 200; width < 500; width += 50) {
                    stage.vgpu().guest().setMode(width, 100);
                    stage.pass(300);
                    copy.take();
                    assertEquals(width, copy.width);
                }
                assertEquals(320, old.frame().width());
                assertEquals(corner, old.frame().pixel(319, 199));
            }
        }
    }

    @Test
    void aClosedScreenRefusesAndSaysSoToItsViewers() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6")) {
            Display display = stage.attach();
            LiveScreen screen = stage.screen();
            screen.attach(display);
            Copy copy = new Copy(screen, CursorStyle.DRAWN);
            stage.pass(50);
            screen.close();
            screen.close();
            copy.take();
            assertEquals(Optional.of("screen is closed"), copy.absence);
            assertThrows(ClosedException.class, () -> screen.attach(display));
            assertThrows(ClosedException.class, () -> screen.view(CursorStyle.DRAWN, () -> {}));
            screen.detach("ignored");
            screen.nudge();
            stage.vgpu().guest().flip();
            stage.pass(100);
            assertFalse(copy.take());
            copy.close();
            assertEquals(0, screen.frames());
            display.subscribe(event -> {}).close();
        }
    }

    @Test
    void bothStylesAreReadOnceAndAMovingCursorReadsNoPicture() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen();
                Copy drawn = new Copy(screen, CursorStyle.DRAWN);
                Copy separate = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.pass(50);
            stage.vgpu().stepped(true);
            stage.vgpu().guest().cursor();
            stage.vgpu().vblank(1);
            stage.settle();
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            long captures = screen.stats().captures();
            stage.settle();
            assertEquals(captures + 1, screen.stats().captures(), "once for both");
            drawn.take();
            separate.take();
            captures = screen.stats().captures();
            long generation = separate.generation;
            drawn.changedPixels = 0;
            separate.changedPixels = 0;
            for (int i = 0; i < 20; i++) {
                int x = -20 + 17 * i;
                stage.vgpu().guest().cursor();
                stage.vgpu().guest().moveCursor(Math.max(x, 0), 5 * i);
                stage.vgpu().vblank(1);
                stage.settle();
                drawn.take();
                separate.take();
                assertEquals(Math.max(x, 0), separate.cursor.x());
                assertTrue(separate.cursor.visible());
                assertFalse(drawn.cursor.visible());
                int under = drawn.pixels[(5 * i + 30) * drawn.width + Math.min(Math.max(x, 0) + 30, 300)];
                if (Math.max(x, 0) + 30 < 300 && 5 * i + 30 < 200) {
                    assertEquals(stage.vgpu().guest().cursorPixel(30, 30) & 0xff_ffff, under & 0xff_ffff);
                }
            }
            assertEquals(captures, screen.stats().captures());
            assertEquals(generation, separate.generation, "the picture is the same");
            assertEquals(0, separate.changedPixels);
            assertTrue(drawn.changedPixels < 20L * 2 * 128 * 128, drawn.changedPixels + " pixels");
        }
    }

    @Test
    void whatIsCountedIsWhatHappened() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(320);
            LiveStats stats = screen.stats();
            assertEquals(1, stats.events().get(RefreshSource.RESYNC));
            assertEquals(RefreshSource.values().length, stats.events().size());
            assertTrue(stats.events().get(RefreshSource.IRQ) >= 19);
            assertEquals(stats.events().get(RefreshSource.IRQ), stats.reads());
            assertEquals(320L * 200 * stats.captures(), stats.totalPixels());
            assertEquals(1, stats.viewers());
            assertEquals(
                    stats.latency().count(),
                    stats.latency().buckets().stream()
                            .mapToLong(Long::longValue)
                            .sum());
            assertTrue(stats.latency().count() >= 19);
            assertEquals(0, stats.latency().maxNanos(), "in virtual time it takes none");
            assertEquals(0, stats.failures());
            assertTrue(copy.news >= 20);
        }
    }
}
