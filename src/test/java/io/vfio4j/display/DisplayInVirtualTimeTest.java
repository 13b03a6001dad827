package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.SignalCounts;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.PlaneType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a display delivers over time: policies, timer, watchdog, bounds and merging, to the nanosecond. */
class DisplayInVirtualTimeTest {
    private static final long MILLI = 1_000_000;
    private static final Set<PlaneType> ALL = Set.of(PlaneType.PRIMARY, PlaneType.CURSOR);

    @ParameterizedTest
    @CsvSource({"v2, 313", "v3, 312", "v4, 312", "v5, 312", "v6, 312", "pageflip, 312"})
    void aGuestThatFlipsInEachVblankIsHeardInEachOfThem(String dialect, long flips) throws Exception {
        try (Stage stage = Stage.of(dialect)) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(Duration.ofSeconds(5));
            assertEquals(flips, notes.signals());
            assertEquals(flips, stage.vgpu().signalled().calls());
            assertEquals(flips, notes.from(RefreshSource.IRQ).size());
            notes.assertNothingLost();
            assertEquals(List.of(new DisplayMode(1920, 1200, "XR24")), notes.modes);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"port", "port-display"})
    void thePortsFlipAtTheGuestsRate(String dialect) throws Exception {
        try (Stage stage = new Stage(VgpuProfile.named(dialect).withRefreshRate(50))) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(Duration.ofSeconds(5));
            assertEquals(stage.vgpu().signalled().calls(), notes.signals());
            assertEquals(250, notes.signals());
            notes.assertNothingLost();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display"})
    void inEveryScenarioTheSumsAreTheDriversAndNothingIsLost(String dialect) throws Exception {
        for (Scenario scenario : Scenario.values()) {
            try (Stage stage = new Stage(VgpuProfile.named(dialect).withSize(320, 200))) {
                Notes notes = new Notes();
                Display display = stage.attach();
                display.subscribe(notes);
                stage.settle();
                stage.vgpu().guest().run(scenario);
                stage.pass(Duration.ofSeconds(3));
                SignalCounts driver = stage.vgpu().signalled();
                boolean planes = Set.of("v2", "v4", "v5", "v6").contains(dialect);
                assertEquals(
                        planes ? driver.primary() + driver.cursor() : driver.calls(),
                        notes.signals(),
                        scenario.label());
                if (planes) {
                    assertEquals(driver.primary(), notes.primary(), scenario.label());
                    assertEquals(driver.cursor(), notes.cursor(), scenario.label());
                }
                notes.assertNothingLost();
                assertEquals(display.stats().reads(), notes.last().sequence());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v5", "v6"})
    void thePrimaryPlaneIsNeverOlderThanItsBoundWhileTheCursorMoves(String dialect) throws Exception {
        try (Stage stage = Stage.of(dialect)) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.settle();
            stage.vgpu().guest().run(Scenario.CURSOR);
            stage.pass(Duration.ofSeconds(4));
            List<RefreshEvent> primaries = notes.events.stream()
                    .filter(event -> event.planes().contains(PlaneType.PRIMARY))
                    .toList();
            for (int i = 1; i < primaries.size(); i++) {
                long age = primaries.get(i).timeNanos() - primaries.get(i - 1).timeNanos();
                assertTrue(age <= 100 * MILLI, "primary " + i + " after " + age);
            }
            assertTrue(stage.now() - primaries.get(primaries.size() - 1).timeNanos() <= 100 * MILLI);
            assertTrue(notes.from(RefreshSource.WATCHDOG).size() >= 38);
            assertTrue(notes.from(RefreshSource.WATCHDOG).stream()
                    .allMatch(event -> event.planes().equals(Set.of(PlaneType.PRIMARY)) && event.merged() == 0));
        }
    }

    @Test
    void thePipeGoingOffIsNoticedAfterASecondAndItsComingBackWithinAQuarter() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(1_000);
            stage.vgpu().guest().stop();
            stage.vgpu().guest().pipe(Pipe.A, false);
            int before = notes.events.size();
            stage.passMillis(5_000);
            assertEquals(1, notes.offs);
            assertEquals(before, notes.events.size(), "nothing to look at");
            stage.vgpu().guest().pipe(Pipe.A, true);
            stage.vgpu().guest().flip();
            stage.passMillis(267);
            assertEquals(2, notes.modes.size());
            assertEquals(1, notes.offs);
            int back = notes.all.lastIndexOf(notes.modes.get(1));
            assertTrue(notes.all.get(back + 1) instanceof RefreshEvent, "the mode comes before the refresh");
        }
    }

    @Test
    void aConsoleOnTheTreeWithoutAHeuristicIsSeenByTheWatchdog() throws Exception {
        try (Stage stage = Stage.of("pageflip")) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.vgpu().guest().run(Scenario.CONSOLE);
            stage.passMillis(5_500);
            assertEquals(List.of(), notes.from(RefreshSource.IRQ));
            List<RefreshEvent> looks = notes.from(RefreshSource.WATCHDOG);
            assertEquals(5, looks.size());
            for (int i = 1; i < looks.size(); i++) {
                assertEquals(
                        1_000 * MILLI,
                        looks.get(i).timeNanos() - looks.get(i - 1).timeNanos());
                assertEquals(ALL, looks.get(i).planes());
                assertEquals(0, looks.get(i).sequence());
            }
        }
    }

    @Test
    void theTimerKeepsItsRateWithAJitterOfAnEighth() throws Exception {
        try (Stage stage = Stage.of("none")) {
            Notes notes = new Notes();
            Display display = stage.attach();
            display.subscribe(notes);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(Duration.ofSeconds(20));
            List<RefreshEvent> ticks = notes.from(RefreshSource.TIMER);
            long period = 1_000_000_000 / 60;
            long start = ticks.get(0).timeNanos();
            boolean moved = false;
            for (int i = 0; i < ticks.size(); i++) {
                long off = ticks.get(i).timeNanos() - (start + i * period);
                assertTrue(off >= 0 && off <= period / 8, "tick " + i + " is off by " + off);
                moved |= off != 0;
            }
            assertTrue(moved);
            assertTrue(Math.abs(ticks.size() - 1200) <= 1, ticks.size() + " ticks");
            assertTrue(ticks.stream()
                            .filter(tick -> tick.buffer() == BufferChange.NEW_BUFFER)
                            .count()
                    > 1100);
            stage.vgpu().guest().stop();
            int before = notes.events.size();
            stage.passMillis(500);
            assertTrue(notes.events.subList(before + 2, notes.events.size()).stream()
                    .allMatch(tick -> tick.buffer() == BufferChange.SAME_BUFFER));
            assertEquals(0, display.stats().reads());
        }
    }

    @Test
    void theTimerStandsStillWhileAllArePausedAndBeginsAnewWithAResync() throws Exception {
        try (Stage stage = Stage.of("none")) {
            Notes notes = new Notes();
            Display display = stage.attach();
            Subscription subscription = display.subscribe(notes);
            stage.passMillis(500);
            subscription.pause();
            stage.settle();
            long queries = display.stats().queries();
            int heard = notes.all.size();
            stage.passMillis(5_000);
            assertEquals(queries, display.stats().queries());
            assertEquals(heard, notes.all.size());
            subscription.resume();
            stage.settle();
            assertEquals(notes.modes.get(0), notes.all.get(heard), "the mode is told again");
            assertEquals(RefreshSource.RESYNC, ((RefreshEvent) notes.all.get(heard + 1)).source());
        }
    }

    @Test
    void aTimerOfTheCallersPeriodKeepsIt() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Notes notes = new Notes();
            Display display = stage.attach(stage.options().withPolicy(RefreshPolicy.timer(Duration.ofMillis(30))));
            display.subscribe(notes);
            stage.pass(Duration.ofSeconds(3));
            assertEquals(101, notes.from(RefreshSource.TIMER).size(), 1);
            assertFalse(stage.vgpu().armed(), "the irq is not touched");
            display.setPolicy(RefreshPolicy.IRQ);
            stage.settle();
            assertTrue(stage.vgpu().armed());
            assertFalse(stage.vgpu().masked());
        }
    }

    @Test
    void aChangeOfModeIsToldWithinAQuarterOfASecondBeforeTheRefreshThatShowsIt() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(1_000);
            for (int width = 800; width < 1000; width += 20) {
                stage.vgpu().guest().setMode(width, 600);
                stage.passMillis(267);
                assertEquals(width, notes.modes.get(notes.modes.size() - 1).width());
            }
            assertEquals(11, notes.modes.size());
        }
    }

    @Test
    void aModeThatChangesUnderAMovingCursorIsToldToo() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.vgpu().guest().run(Scenario.CURSOR);
            stage.passMillis(1_000);
            // The driver signals nothing of it, as long as the cursor moves.
            stage.host.faults().rewrite(Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(Vfio.DeviceGfxPlaneInfo.WIDTH, 640);
                return reply;
            });
            stage.passMillis(400);
            assertEquals(640, notes.modes.get(notes.modes.size() - 1).width());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v5", "port"})
    void aMinimumIntervalMergesAndKeepsTheSums(String dialect) throws Exception {
        try (Stage stage = Stage.of(dialect)) {
            List<Long> heardAt = new ArrayList<>();
            boolean[] closing = new boolean[1];
            Notes slow = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    super.onRefresh(event);
                    if (!closing[0]) {
                        heardAt.add(stage.now());
                    }
                }
            };
            Notes fast = new Notes();
            Display display = stage.attach();
            display.subscribe(slow, SubscriptionOptions.DIRECT.withMinInterval(Duration.ofMillis(100)));
            display.subscribe(fast);
            stage.settle();
            stage.vgpu().guest().run(Scenario.BURST);
            stage.pass(Duration.ofSeconds(4));
            closing[0] = true;
            display.close();
            assertEquals(fast.signals(), slow.signals());
            slow.assertNothingLost();
            for (int i = 1; i < heardAt.size(); i++) {
                assertTrue(heardAt.get(i) - heardAt.get(i - 1) >= 100 * MILLI, "event " + i);
            }
            assertTrue(slow.events.size() <= 43, slow.events.size() + " events in 4 s");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theMinimumIntervalCanBeChangedAtAnyTime(boolean executor) throws Exception {
        try (Stage stage = Stage.of("v6")) {
            List<Long> heardAt = new ArrayList<>();
            Notes notes = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    super.onRefresh(event);
                    heardAt.add(stage.now());
                }
            };
            Display display = stage.attach();
            Subscription subscription = display.subscribe(
                    notes, executor ? SubscriptionOptions.DIRECT.on(Runnable::run) : SubscriptionOptions.DIRECT);
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(160);
            int every = heardAt.size();
            assertTrue(every >= 10, every + " events");
            long last = heardAt.get(every - 1);
            subscription.setMinInterval(Duration.ofMillis(100));
            stage.passMillis(500);
            List<Long> slow = List.copyOf(heardAt.subList(every, heardAt.size()));
            assertTrue(slow.size() >= 4 && slow.size() <= 5, slow.size() + " events in half a second");
            assertTrue(slow.get(0) - last >= 100 * MILLI, "counted from the last one before the change");
            for (int i = 1; i < slow.size(); i++) {
                assertTrue(slow.get(i) - slow.get(i - 1) >= 100 * MILLI);
            }
            subscription.setMinInterval(Duration.ofHours(1));
            stage.passMillis(500);
            int before = heardAt.size();
            assertTrue(before - every - slow.size() <= 1, "the old interval does not end it");
            long now = stage.now();
            subscription.setMinInterval(Duration.ZERO);
            stage.settle();
            assertEquals(before + 1, heardAt.size(), "what was pending comes at once");
            assertEquals(now, heardAt.get(before));
            assertTrue(notes.last().merged() >= 25, () -> notes.last().toString());
            stage.passMillis(160);
            assertTrue(heardAt.size() >= before + 10);
            notes.assertNothingLost();
            assertEquals(stage.vgpu().signalled().calls(), notes.signals());
        }
    }

    @Test
    void aMinimumIntervalOutOfBoundsIsRefusedAndOneAfterTheEndIsIgnored() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Subscription subscription = display.subscribe(new Notes());
            assertThrows(IllegalArgumentException.class, () -> subscription.setMinInterval(Duration.ofMillis(-1)));
            assertThrows(IllegalArgumentException.class, () -> subscription.setMinInterval(Duration.ofDays(366)));
            display.close();
            subscription.setMinInterval(Duration.ofMillis(1));
            stage.loop.close();
            subscription.setMinInterval(Duration.ofMillis(2));
        }
    }

    /** Keeps tasks until the test runs them; refuses while told to. */
    private static final class Tasks implements Executor {
        final Queue<Runnable> kept = new ArrayDeque<>();
        boolean refusing;

        @Override
        public void execute(Runnable task) {
            if (refusing) {
                throw new RejectedExecutionException("full");
            }
            kept.add(task);
        }
    }

    @Test
    void withAnExecutorOneTaskIsInFlightAndTheRestMerges() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Tasks tasks = new Tasks();
            Notes notes = new Notes();
            Display display = stage.attach();
            display.subscribe(notes, SubscriptionOptions.DIRECT.on(tasks));
            stage.vgpu().guest().run(Scenario.FLIP);
            for (int round = 0; round < 10; round++) {
                stage.passMillis(160);
                assertEquals(1, tasks.kept.size(), "round " + round);
                tasks.kept.remove().run();
            }
            assertEquals(10, notes.events.size());
            assertEquals(100, notes.signals());
            assertEquals(RefreshSource.IRQ, notes.events.get(0).source());
            assertEquals(ALL, notes.events.get(0).planes(), "the RESYNC is in it");
            notes.assertNothingLost();
            stage.settle();
            tasks.kept.clear();
        }
    }

    @Test
    void aRefusedTaskIsReportedAndItsEventsGoWithTheNext() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Tasks tasks = new Tasks();
            Notes notes = new Notes();
            Display display = stage.attach();
            display.subscribe(notes, SubscriptionOptions.DIRECT.on(tasks));
            stage.settle();
            tasks.kept.remove().run();
            stage.vgpu().stepped(true);
            tasks.refusing = true;
            for (int i = 0; i < 3; i++) {
                stage.vgpu().guest().flip();
                stage.vgpu().vblank(1);
                stage.settle();
            }
            assertEquals(3, stage.errors.size());
            tasks.refusing = false;
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            stage.settle();
            assertEquals(1, tasks.kept.size());
            tasks.kept.remove().run();
            assertEquals(4, notes.last().merged());
            assertEquals(4, notes.last().primary().orElseThrow());
            tasks.refusing = true;
            display.close();
            assertEquals(1, notes.closes.size(), "told on the loop's thread");
            stage.errors.clear();
        }
    }

    @Test
    void eachSubscriptionThatBeginsOrResumesGetsOneResyncOfItsOwn() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Notes first = new Notes();
            display.subscribe(first);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(100);
            Notes second = new Notes();
            Subscription subscription = display.subscribe(second);
            stage.passMillis(100);
            assertEquals(1, first.from(RefreshSource.RESYNC).size());
            assertEquals(RefreshSource.RESYNC, second.events.get(0).source());
            assertEquals(ALL, second.events.get(0).planes());
            second.assertNothingLost();
            subscription.pause();
            stage.passMillis(100);
            subscription.resume();
            stage.passMillis(100);
            assertEquals(2, second.from(RefreshSource.RESYNC).size());
            assertEquals(1, first.from(RefreshSource.RESYNC).size());
            first.assertNothingLost();
            int before = first.events.size();
            display.setPolicy(RefreshPolicy.IRQ);
            stage.settle();
            assertEquals(RefreshSource.RESYNC, first.events.get(before).source(), "after each switch");
        }
    }

    @Test
    void aPauseOfAnIrqThatCannotBeMaskedDropsWhatComes() throws Exception {
        try (Stage stage = Stage.of("v2")) {
            Display display = stage.attach();
            Notes notes = new Notes();
            Subscription subscription = display.subscribe(notes);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(161);
            subscription.pause();
            stage.settle();
            long signals = notes.signals();
            stage.passMillis(160);
            assertEquals(signals, notes.signals());
            assertEquals(10, display.stats().dropped());
            assertTrue(stage.vgpu().armed());
            subscription.resume();
            stage.passMillis(160);
            assertEquals(signals + 10, notes.signals());
            notes.assertNothingLost();
        }
    }

    @Test
    void queriesRunOnThePollExecutorAndTheModeStillComesFirst() throws Exception {
        try (Stage stage = Stage.of("none")) {
            Tasks tasks = new Tasks();
            Display display = stage.attach(stage.options().withPollExecutor(tasks));
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.passMillis(100);
            assertEquals(1, tasks.kept.size(), "at most one query at a time");
            assertEquals(List.of(), notes.all);
            tasks.kept.remove().run();
            stage.settle();
            assertTrue(notes.all.get(0) instanceof DisplayMode);
            assertEquals(RefreshSource.RESYNC, notes.events.get(0).source());
            stage.passMillis(100);
            tasks.kept.remove().run();
            stage.settle();
            assertEquals(RefreshSource.TIMER, notes.last().source());
            assertEquals(BufferChange.SAME_BUFFER, notes.last().buffer());
            tasks.refusing = true;
            stage.passMillis(34);
            assertFalse(stage.errors.isEmpty());
            assertEquals(BufferChange.NOT_QUERIED, notes.last().buffer());
            stage.errors.clear();
        }
    }

    @Test
    void aQueryThatFailsIsToldOnceAndTheTicksGoOn() throws Exception {
        try (Stage stage = Stage.of("none")) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.passMillis(100);
            stage.host.faults().failOn("VFIO_DEVICE_QUERY_GFX_PLANE", "", 22);
            int before = notes.events.size();
            stage.passMillis(1_000);
            assertEquals(1, stage.errors.size());
            assertTrue(notes.events.size() - before >= 59);
            assertEquals(BufferChange.NOT_QUERIED, notes.last().buffer());
            stage.host.faults().clear();
            stage.passMillis(100);
            assertTrue(notes.last().buffer() != BufferChange.NOT_QUERIED);
            stage.errors.clear();
        }
    }

    @Test
    void theDmaBufsOfTheLastFiveFramebuffersAreKeptAndNoMore() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.MAINLINE.withBuffers(8))) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            stage.vgpu().guest().run(Scenario.FLIP);
            for (int i = 0; i < 20; i++) {
                stage.passMillis(100);
                long dmaBufs = stage.host.openFiles().stream()
                        .filter(file -> file.startsWith("dma-buf"))
                        .count();
                assertTrue(dmaBufs <= 5, () -> dmaBufs + " dma-bufs");
            }
            assertTrue(notes.from(RefreshSource.TIMER).stream()
                            .filter(tick -> tick.buffer() == BufferChange.NEW_BUFFER)
                            .count()
                    > 100);
        }
    }

    @Test
    void manyDisplaysShareALoop() throws Exception {
        try (Stage stage = new Stage(
                VgpuProfile.V2, VgpuProfile.V3, VgpuProfile.V5, VgpuProfile.V6, VgpuProfile.PORT, VgpuProfile.MDPY)) {
            List<Notes> all = new ArrayList<>();
            for (var vgpu : stage.host.vgpus()) {
                Notes notes = new Notes();
                Display.attach(stage.loop, stage.open(vgpu), stage.options()).subscribe(notes);
                vgpu.guest().run(Scenario.FLIP);
                all.add(notes);
            }
            stage.pass(Duration.ofSeconds(1));
            for (Notes notes : all) {
                notes.assertNothingLost();
                assertTrue(notes.events.size() >= 50, notes.events.size() + " events");
            }
        }
    }
}
