package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.frontend.ScreenStage.Copy;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How often a screen is read while nothing changes, and how soon when something does. */
class BackOffTest {
    /** The timer; an irq at each vblank. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "v3", "v5"})
    void whatDoesNotChangeIsReadFourTimesASecond(String dialect) throws Exception {
        try (ScreenStage stage = ScreenStage.of(dialect);
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.pass(2_000);
            long before = screen.stats().captures();
            stage.pass(10_000);
            long captures = screen.stats().captures() - before;
            assertTrue(captures >= 19 && captures <= 41, captures + " captures in 10 s");
            copy.take();
            assertFalse(copy.take());
        }
    }

    @Test
    void theIntervalDoublesStepByStep() {
        Pace pace = new Pace(Duration.ofMillis(250));
        Duration before = Duration.ZERO;
        int steps = 0;
        while (!pace.interval().equals(Duration.ofMillis(250))) {
            pace.nothingNew();
            Duration now = pace.interval();
            assertTrue(before.isZero() || now.compareTo(before.multipliedBy(2)) <= 0);
            assertTrue(now.compareTo(before) >= 0);
            before = now;
            steps++;
        }
        assertTrue(steps > 5 && steps < 12, steps + " steps");
        assertTrue(pace.reset());
        assertEquals(Duration.ZERO, pace.interval());
        assertFalse(pace.reset());
        Pace never = new Pace(Duration.ZERO);
        for (int i = 0; i < 100; i++) {
            never.nothingNew();
            assertFalse(never.isBackedOff());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "v3", "v5", "v6"})
    void anotherBufferIsSeenAtOnce(String dialect) throws Exception {
        try (ScreenStage stage = ScreenStage.of(dialect);
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            for (int round = 0; round < 5; round++) {
                stage.pass(3_007);
                copy.take();
                stage.vgpu().guest().flip();
                stage.pass(60);
                assertTrue(copy.take(), "round " + round);
                try (Viewing other = screen.view(CursorStyle.SEPARATE, () -> {})) {
                    Look look = other.look().orElseThrow();
                    stage.assertShows(look.frame());
                    look.close();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "v5", "v6"})
    void aCursorThatMovesIsSeenAtOnce(String dialect) throws Exception {
        try (ScreenStage stage = ScreenStage.of(dialect);
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.vgpu().guest().cursor();
            for (int round = 1; round < 5; round++) {
                stage.pass(3_007);
                copy.take();
                stage.vgpu().guest().cursor();
                stage.vgpu().guest().moveCursor(10 * round, 20);
                stage.pass(60);
                assertTrue(copy.take(), "round " + round);
                assertEquals(10 * round, copy.cursor.x());
            }
        }
    }

    @Test
    void aNudgeOrAViewerEndsTheWaiting() throws Exception {
        try (ScreenStage stage = ScreenStage.of("none");
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            screen.attach(stage.attach());
            stage.pass(3_000);
            long idle = screen.stats().captures();
            stage.pass(100);
            assertTrue(screen.stats().captures() - idle <= 1);
            screen.nudge();
            idle = screen.stats().captures();
            stage.pass(100);
            assertTrue(screen.stats().captures() - idle >= 3, "nudged");
            stage.pass(3_000);
            idle = screen.stats().captures();
            try (Viewing another = screen.view(CursorStyle.SEPARATE, () -> {})) {
                stage.pass(100);
                assertTrue(screen.stats().captures() - idle >= 3, "somebody came");
                assertTrue(another.look()
                        .map(look -> {
                            look.close();
                            return true;
                        })
                        .orElse(false));
            }
            stage.vgpu().guest().draw();
            stage.pass(250);
            assertTrue(copy.take(), "drawn into the buffer that is shown");
        }
    }

    /** What nobody is told of is not asked for either; and then is asked for again at once. */
    @Test
    void aTimerAsksNoMoreOftenThanSomebodyWantsToKnow() throws Exception {
        try (ScreenStage stage = ScreenStage.of("none");
                LiveScreen screen = stage.screen();
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            Display display = stage.attach();
            screen.attach(display);
            stage.pass(3_000);
            long before = display.stats().queries();
            stage.pass(1_000);
            long idle = display.stats().queries() - before;
            screen.nudge();
            stage.pass(10);
            before = screen.stats().captures();
            stage.pass(50);
            assertTrue(screen.stats().captures() - before >= 2, "the timer goes on as it did");
            assertTrue(idle <= 90, idle + " questions in a second");
            copy.take();
        }
    }

    @Test
    void whatChangesIsReadAsItComes() throws Exception {
        try (ScreenStage stage = ScreenStage.of("v5");
                LiveScreen screen =
                        LiveScreen.named("hasty", ScreenStage.DIRECT.withLongestIdle(Duration.ofSeconds(10)));
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            Display display = stage.attach();
            screen.attach(display);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(5_000);
            assertTrue(screen.stats().captures() >= 310, screen.stats()::toString);
            assertTrue(copy.news >= 310, copy.news + " news");
            display.close();
        }
    }
}
