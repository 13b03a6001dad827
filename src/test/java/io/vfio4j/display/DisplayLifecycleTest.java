package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How displays, their loops and their subscriptions end, whoever ends them, from wherever. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DisplayLifecycleTest {

    /** Keeps tasks until the test runs them. */
    private static final class Tasks implements Executor {
        final Queue<Runnable> kept = new ArrayDeque<>();

        @Override
        public void execute(Runnable task) {
            kept.add(task);
        }

        void runNext() {
            kept.remove().run();
        }
    }

    private static SubscriptionOptions on(Executor executor) {
        return SubscriptionOptions.DIRECT.on(executor);
    }

    @Test
    void anErrorHandlerThatThrowsDoesNotHarmTheLoop() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach(DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> {
                throw new AssertionError(what, cause);
            }));
            Notes notes = new Notes();
            display.subscribe(event -> {
                throw new IllegalStateException("broken listener");
            });
            display.subscribe(notes);
            stage.settle();
            assertEquals(1, notes.events.size());
            assertEquals(1, display.stats().errors());
            display.close();
            assertEquals(List.of(Optional.empty()), notes.closes);
        }
    }

    @Test
    void aListenerThatThrowsIsReportedAndGoesOnBeingCalled() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            List<RefreshEvent> heard = new ArrayList<>();
            display.subscribe(event -> {
                heard.add(event);
                throw new StackOverflowError("broken listener");
            });
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(160);
            assertEquals(11, heard.size());
            assertEquals(11, stage.errors.size());
            stage.errors.clear();
        }
    }

    @Test
    void aListenerThatIsBeingCalledWhenTheLoopEndsHearsOfTheEnd() throws Exception {
        Stage stage = Stage.of("v6");
        Display display = stage.attach();
        Tasks tasks = new Tasks();
        Notes notes = new Notes() {
            @Override
            public void onRefresh(RefreshEvent event) {
                super.onRefresh(event);
                stage.loop.close();
            }
        };
        display.subscribe(notes, on(tasks));
        stage.settle();
        tasks.runNext();
        assertThrows(ClosedException.class, stage.loop::step);
        assertEquals(List.of(Optional.empty()), notes.closes);
        assertEquals("closed", notes.all.get(notes.all.size() - 1));
        stage.close();
    }

    @Test
    void aQueuedTaskStillTellsOfTheEnd() throws Exception {
        Stage stage = Stage.of("v6");
        Display display = stage.attach();
        Tasks tasks = new Tasks();
        Notes notes = new Notes();
        display.subscribe(notes, on(tasks));
        stage.settle();
        stage.close();
        tasks.runNext();
        assertEquals(1, notes.events.size());
        assertEquals(1, notes.closes.size());
    }

    @Test
    void anEmulatedHostThatIsSwitchedOffFirstLeavesNobodyWaiting() throws Exception {
        for (String dialect : List.of("v2", "v6", "none")) {
            Stage stage = Stage.of(dialect);
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.settle();
            stage.host.close();
            display.close();
            stage.loop.close();
            assertEquals(1, notes.closes.size(), dialect);
            assertEquals(List.of(), stage.host.openFiles(), dialect);
        }
    }

    @Test
    void anEmulatedHostThatIsSwitchedOffUnderARunningLoopTellsItsListeners() throws Exception {
        EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V6).realTime().build();
        EventLoop loop = EventLoop.start(host.systemCalls(), "loop");
        VfioDevice device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
        Display display = Display.attach(loop, device, DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> {}));
        CountDownLatch told = new CountDownLatch(1);
        display.subscribe(new Notes() {
            @Override
            public void onClosed(Optional<Throwable> cause) {
                assertInstanceOf(ClosedException.class, cause.orElseThrow());
                told.countDown();
            }
        });
        host.close();
        told.await();
        display.close();
        loop.close();
        assertEquals(List.of(), host.openFiles());
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v5", "v6", "pageflip", "port"})
    void aSwitchOfPolicyLosesNoSignalThatIsNotReadYet(String dialect) throws Exception {
        try (Stage stage = Stage.of(dialect)) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.settle();
            stage.vgpu().stepped(true);
            long before = stage.vgpu().signalled().calls();
            stage.vgpu().guest().flip();
            stage.vgpu().vblank(1);
            display.setPolicy(RefreshPolicy.timer(Duration.ofHours(1)));
            stage.settle();
            assertEquals(
                    stage.vgpu().signalled().calls() - before,
                    notes.from(RefreshSource.IRQ).stream()
                            .mapToLong(event -> event.signals().orElseThrow())
                            .sum());
            notes.assertNothingLost();
            assertEquals(0, display.stats().dropped());
        }
    }

    @Test
    void inTimerModeTheSequenceStandsStillAlsoWhereTheIrqCannotBeMasked() throws Exception {
        try (Stage stage = Stage.of("v2")) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(100);
            display.setPolicy(RefreshPolicy.TIMER);
            stage.passMillis(300);
            assertTrue(display.stats().dropped() > 10);
            display.setPolicy(RefreshPolicy.AUTO);
            stage.passMillis(100);
            notes.assertNothingLost();
            assertEquals(
                    display.stats().reads() - display.stats().dropped(),
                    notes.last().sequence());
        }
    }

    @Test
    void closeFromTwoThreadsEndsBoth() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        for (int round = 0; round < 300; round++) {
            try (Stage stage = Stage.of("v6")) {
                Display display = stage.attach();
                Notes notes = new Notes();
                display.subscribe(notes);
                CyclicBarrier together = new CyclicBarrier(2);
                List<Future<?>> closings = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    closings.add(threads.submit(() -> {
                        together.await();
                        display.close();
                        assertEquals(1, notes.closes.size());
                        return null;
                    }));
                }
                for (Future<?> closing : closings) {
                    closing.get();
                }
                assertEquals(1, notes.closes.size());
            }
        }
        threads.shutdown();
    }

    @Test
    void whoSubscribesWhileItClosesIsRefusedOrTold() throws Exception {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        for (int round = 0; round < 100; round++) {
            EmulatedHost host =
                    EmulatedHost.builder().vgpu(VgpuProfile.MAINLINE).realTime().build();
            EventLoop loop = EventLoop.start(host.systemCalls(), "loop");
            Display display = Display.attach(
                    loop,
                    VfioDevice.open(
                            host.systemCalls(),
                            MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
            List<CountDownLatch> told = new ArrayList<>();
            CountDownLatch begun = new CountDownLatch(1);
            Future<?> subscribing = threads.submit(() -> {
                try {
                    for (int i = 0; i < 100; i++) {
                        CountDownLatch latch = new CountDownLatch(1);
                        display.subscribe(new Notes() {
                            @Override
                            public void onClosed(Optional<Throwable> cause) {
                                latch.countDown();
                            }
                        });
                        told.add(latch);
                        begun.countDown();
                    }
                } catch (ClosedException refused) {
                    // From now on every one is.
                }
                return null;
            });
            begun.await();
            if (round % 2 == 0) {
                loop.close();
            } else {
                display.close();
            }
            subscribing.get();
            for (CountDownLatch latch : told) {
                assertTrue(latch.await(20, TimeUnit.SECONDS), "one of " + told.size() + " in round " + round);
            }
            loop.close();
            host.close();
        }
        threads.shutdown();
    }

    @Test
    void displaysOnTwoLoopsMayCloseEachOtherAndEachOthersLoopsFromCallbacks() throws Exception {
        for (int round = 0; round < 50; round++) {
            EmulatedHost host = EmulatedHost.builder()
                    .vgpu(VgpuProfile.V6)
                    .vgpu(VgpuProfile.V5)
                    .realTime()
                    .build();
            EventLoop[] loops = {
                EventLoop.start(host.systemCalls(), "first"), EventLoop.start(host.systemCalls(), "second")
            };
            Display[] displays = new Display[2];
            for (int i = 0; i < 2; i++) {
                displays[i] = Display.attach(
                        loops[i],
                        VfioDevice.open(
                                host.systemCalls(),
                                MdevDevice.find(
                                        host.systemCalls(), host.vgpus().get(i).uuid())));
            }
            CyclicBarrier together = new CyclicBarrier(2);
            CountDownLatch done = new CountDownLatch(2);
            for (int i = 0; i < 2; i++) {
                int other = 1 - i;
                boolean closesLoop = round % 2 == 0;
                displays[i].subscribe(new Notes() {
                    @Override
                    public void onRefresh(RefreshEvent event) {
                        if (events.isEmpty()) {
                            super.onRefresh(event);
                            try {
                                together.await();
                            } catch (InterruptedException | BrokenBarrierException e) {
                                throw new IllegalStateException(e);
                            }
                            if (closesLoop) {
                                loops[other].close();
                            } else {
                                displays[other].close();
                            }
                        }
                    }

                    @Override
                    public void onClosed(Optional<Throwable> cause) {
                        done.countDown();
                    }
                });
            }
            assertTrue(done.await(20, TimeUnit.SECONDS), "round " + round);
            for (EventLoop loop : loops) {
                loop.close();
            }
            assertEquals(List.of(), host.openFiles());
            host.close();
        }
    }

    @Test
    void closingOnTheThreadThatTheListenersExecutorUsesDoesNotWaitForItself() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V6).realTime().build();
        EventLoop loop = EventLoop.start(host.systemCalls(), "loop");
        Display display = Display.attach(
                loop,
                VfioDevice.open(
                        host.systemCalls(),
                        MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
        CountDownLatch told = new CountDownLatch(1);
        display.subscribe(
                new Notes() {
                    @Override
                    public void onClosed(Optional<Throwable> cause) {
                        told.countDown();
                    }
                },
                on(executor));
        executor.submit(display::close).get(20, TimeUnit.SECONDS);
        assertTrue(told.await(20, TimeUnit.SECONDS));
        loop.close();
        host.close();
        executor.shutdown();
    }

    @Test
    void anInterruptDoesNotEndTheWaitForTheOrderlyEnd() throws Exception {
        EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V6).realTime().build();
        EventLoop loop = EventLoop.start(host.systemCalls(), "loop");
        Display display = Display.attach(
                loop,
                VfioDevice.open(
                        host.systemCalls(),
                        MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
        Notes notes = new Notes();
        display.subscribe(notes);
        Thread.currentThread().interrupt();
        display.close();
        assertEquals(1, notes.closes.size());
        assertTrue(Thread.interrupted(), "the flag is kept");
        assertFalse(host.vgpu().armed());
        assertEquals(0, host.vgpu().hastyDisarms());
        loop.close();
        host.close();
    }

    @Test
    void closingASubscriptionWaitsForItsRunningCallbackOnly() throws Exception {
        ExecutorService executor = Executors.newCachedThreadPool();
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            Notes notes = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    inside.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    super.onRefresh(event);
                }
            };
            Subscription subscription = display.subscribe(notes, on(executor));
            stage.settle();
            inside.await();
            Future<?> closing = executor.submit(() -> {
                subscription.close();
                assertEquals(1, notes.events.size(), "it has waited");
            });
            goOn.countDown();
            closing.get(20, TimeUnit.SECONDS);
        }
        executor.shutdown();
    }

    @Test
    void aCallbackMayCloseItsOwnSubscriptionAnotherAndTheDisplay() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Notes other = new Notes();
            Subscription[] subscriptions = new Subscription[2];
            Notes closer = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    super.onRefresh(event);
                    subscriptions[0].close();
                    subscriptions[1].close();
                }
            };
            Notes last = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    super.onRefresh(event);
                    if (event.source() == RefreshSource.IRQ) {
                        display.close();
                    }
                }
            };
            subscriptions[0] = display.subscribe(closer);
            subscriptions[1] = display.subscribe(other);
            display.subscribe(last);
            stage.settle();
            assertEquals(1, closer.events.size());
            assertEquals(0, other.events.size());
            stage.vgpu().guest().flip();
            stage.passMillis(100);
            assertEquals(List.of(), closer.closes);
            assertEquals(List.of(), other.closes);
            assertEquals(List.of(Optional.empty()), last.closes);
            assertFalse(stage.vgpu().isOpen());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v4", "v6", "port", "none"})
    void whatIsSignalledUntilTheDisarmingIsStillDelivered(String dialect) throws Exception {
        try (Stage stage = Stage.of(dialect)) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(1_001);
            stage.vgpu().guest().flip();
            display.close();
            if (!dialect.equals("none")) {
                assertEquals(
                        dialect.equals("port")
                                ? stage.vgpu().signalled().calls()
                                : stage.vgpu().signalled().primary(),
                        notes.signals());
            }
            notes.assertNothingLost();
            assertEquals("closed", notes.all.get(notes.all.size() - 1));
            int heard = notes.all.size();
            stage.passMillis(2_000);
            assertEquals(heard, notes.all.size(), "nothing comes after the end");
        }
    }

    @Test
    void afterTheEndNothingIsScheduledForTheDisplay() throws Exception {
        try (Stage stage = Stage.of("v2")) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes, SubscriptionOptions.DIRECT.withMinInterval(Duration.ofHours(1)));
            display.subscribe(new Notes());
            stage.vgpu().guest().run(Scenario.CURSOR);
            stage.passMillis(200);
            display.close();
            stage.vgpu().guest().stop();
            long end = stage.now();
            while (stage.host.clock().untilNextEvent().isPresent()) {
                stage.host.clock().advanceToNextEvent();
            }
            assertTrue(stage.now() - end <= 1_000_000_000L, () -> "until " + (stage.now() - end) + " ns after the end");
        }
    }

    @Test
    void aRequestIrqThatIsOfferedButRefusedIsReportedAndTheDriverLinkAloneTellsOfTheRemoval() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.V6.withRequestIrq(true))) {
            stage.host.faults().fail(Vfio.VFIO_DEVICE_SET_IRQS.name(), 1, Errno.EIO);
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            assertEquals(1, stage.errors.size());
            assertTrue(stage.errors.get(0).contains("REQ irq"), stage.errors.get(0));
            assertEquals(
                    Errno.EIO,
                    assertInstanceOf(LinuxException.class, stage.causes.get(0)).errno());
            stage.errors.clear();
            stage.settle();
            assertTrue(stage.vgpu().armed());
            Removal removal = stage.vgpu().remove();
            stage.passMillis(300);
            assertTrue(removal.isComplete());
            assertInstanceOf(DeviceRemovedException.class, notes.closes.get(0).orElseThrow());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRemovedDeviceIsClosedInOrderEvenInsideACallback(boolean requestIrq) throws Exception {
        try (Stage stage = new Stage(VgpuProfile.V6.withRequestIrq(requestIrq))) {
            Vgpu vgpu = stage.vgpu();
            Display display = stage.attach();
            List<Removal> removal = new ArrayList<>();
            Notes notes = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    super.onRefresh(event);
                    if (event.source() == RefreshSource.IRQ && removal.isEmpty()) {
                        removal.add(vgpu.remove());
                    }
                }
            };
            display.subscribe(notes);
            stage.settle();
            vgpu.guest().run(Scenario.FLIP);
            stage.passMillis(17);
            assertEquals(1, removal.size());
            long begun = stage.now();
            while (!removal.get(0).isComplete()) {
                stage.host.clock().advanceToNextEvent();
            }
            long took = stage.now() - begun;
            assertTrue(took <= Duration.ofMillis(requestIrq ? 50 : 300).toNanos(), () -> took + " ns");
            assertInstanceOf(DeviceRemovedException.class, notes.closes.get(0).orElseThrow());
            assertEquals(1, notes.closes.size());
            notes.assertNothingLost();
            assertThrows(ClosedException.class, () -> display.subscribe(new Notes()));
            assertEquals(0, vgpu.hastyDisarms());
            display.close();
        }
    }

    /** Holds on to a display that is being removed. */
    private static final class Holder extends Notes {
        final List<Removing> removings = new ArrayList<>();
        final List<Removing.Hold> holds = new ArrayList<>();

        @Override
        public void onRemoving(Removing removing) {
            all.add("removing");
            removings.add(removing);
            holds.add(removing.hold());
        }
    }

    private static DisplayOptions withGrace(Stage stage) {
        return stage.options().withRemovalGrace(Duration.ofSeconds(5));
    }

    @Test
    void byDefaultAListenerIsToldOfTheRemovalBeforeTheEndAndCannotDelayIt() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Holder holder = new Holder();
            stage.attach().subscribe(holder);
            stage.settle();
            Removal removal = stage.vgpu().remove();
            stage.passMillis(300);
            assertTrue(removal.isComplete());
            assertEquals(List.of("removing", "closed"), holder.all.subList(holder.all.size() - 2, holder.all.size()));
            assertEquals(Duration.ZERO, holder.removings.get(0).longest());
            holder.holds.get(0).close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHoldKeepsTheDisplayGoingUntilItIsReleased(boolean requestIrq) throws Exception {
        try (Stage stage = new Stage(VgpuProfile.V6.withRequestIrq(requestIrq))) {
            Display display = stage.attach(withGrace(stage));
            Holder holder = new Holder();
            Holder second = new Holder();
            display.subscribe(holder);
            display.subscribe(second);
            display.subscribe(new Notes());
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            Removal removal = stage.vgpu().remove();
            stage.passMillis(3_000);
            assertFalse(removal.isComplete());
            assertEquals(1, holder.removings.size());
            assertEquals(Duration.ofSeconds(5), holder.removings.get(0).longest());
            int before = holder.events.size();
            stage.passMillis(100);
            assertTrue(holder.events.size() > before, "events go on");
            holder.holds.get(0).close();
            holder.holds.get(0).close();
            stage.passMillis(1_000);
            assertFalse(removal.isComplete(), "the second one holds");
            second.holds.get(0).close();
            stage.passMillis(40);
            assertTrue(removal.isComplete());
            assertInstanceOf(DeviceRemovedException.class, holder.closes.get(0).orElseThrow());
            holder.assertNothingLost();
            holder.removings.get(0).hold().close();
        }
    }

    @Test
    void aHoldThatIsNotReleasedEndsWithTheGrace() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Holder holder = new Holder();
            stage.attach(withGrace(stage)).subscribe(holder);
            stage.settle();
            Removal removal = stage.vgpu().remove();
            stage.passMillis(5_000);
            assertFalse(removal.isComplete());
            stage.passMillis(300);
            assertTrue(removal.isComplete());
            assertEquals(1, holder.closes.size());
            assertInstanceOf(TimeoutException.class, stage.causes.get(0));
            stage.errors.clear();
            holder.holds.get(0).close();
        }
    }

    @Test
    void withAGraceTheDisplayWaitsUntilListenersOnExecutorsWereToldOrAreGone() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach(withGrace(stage));
            Tasks slow = new Tasks();
            Tasks never = new Tasks();
            Holder holder = new Holder();
            Holder leaving = new Holder();
            Holder refused = new Holder();
            display.subscribe(holder, on(slow));
            Subscription left = display.subscribe(leaving, on(never));
            display.subscribe(refused, on(task -> {
                throw new java.util.concurrent.RejectedExecutionException();
            }));
            stage.settle();
            slow.runNext();
            Removal removal = stage.vgpu().remove();
            stage.passMillis(1_000);
            left.close();
            stage.passMillis(1_000);
            assertFalse(removal.isComplete());
            while (!slow.kept.isEmpty()) {
                slow.runNext();
            }
            assertEquals(1, holder.removings.size());
            stage.passMillis(1_000);
            assertFalse(removal.isComplete());
            holder.holds.get(0).close();
            stage.passMillis(40);
            assertTrue(removal.isComplete());
            slow.runNext();
            assertEquals(1, holder.closes.size());
            assertEquals(0, leaving.removings.size());
            stage.errors.clear();
        }
    }

    @Test
    void withAGraceThatNobodyUsesTheRemovalTakesNoLonger() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Notes notes = new Notes();
            Subscription paused = stage.attach(withGrace(stage)).subscribe(notes);
            stage.settle();
            paused.pause();
            Removal removal = stage.vgpu().remove();
            stage.passMillis(300);
            assertTrue(removal.isComplete());
            assertEquals(1, notes.closes.size());
        }
    }

    @Test
    void aDisplayThatIsClosedWhileItIsHeldIsClosedAtOnce() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach(withGrace(stage));
            Holder holder = new Holder();
            display.subscribe(holder);
            stage.settle();
            Removal removal = stage.vgpu().remove();
            stage.passMillis(300);
            assertEquals(1, holder.holds.size());
            long begun = stage.now();
            display.close();
            assertTrue(removal.isComplete());
            assertTrue(stage.now() - begun < 50_000_000);
            assertEquals(List.of(Optional.empty()), holder.closes);
            holder.holds.get(0).close();
            stage.passMillis(6_000);
        }
    }

    @Test
    void aListenerThatPausesInACallbackIsToldOfTheEndThatCameMeanwhile() throws Exception {
        try (Stage stage = Stage.of("none")) {
            Display display = stage.attach();
            Tasks tasks = new Tasks();
            List<Subscription> own = new ArrayList<>();
            Notes notes = new Notes() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    super.onRefresh(event);
                    own.get(0).pause();
                    display.close();
                    stage.settle();
                }
            };
            own.add(display.subscribe(notes, on(tasks)));
            stage.settle();
            tasks.runNext();
            stage.settle();
            while (!tasks.kept.isEmpty()) {
                tasks.runNext();
            }
            assertEquals(1, notes.closes.size());
        }
    }

    @Test
    void aBlockingRemoverGoesOnWhenTheDisplayHasNoticed() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Notes notes = new Notes();
            stage.attach().subscribe(notes);
            String remove = stage.vgpu().sysfsPath() + "/remove";
            assertTimeoutPreemptively(
                    Duration.ofSeconds(20), () -> stage.host.systemCalls().writeText(remove, "1"));
            assertInstanceOf(DeviceRemovedException.class, notes.closes.get(0).orElseThrow());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v6", "none"})
    void aLoopThatFailsTellsEveryListenerOnceAndReleasesEverything(String dialect) throws Exception {
        try (Stage stage = Stage.of(dialect)) {
            Display display = stage.attach();
            Notes first = new Notes();
            Notes second = new Notes();
            display.subscribe(first);
            display.subscribe(second, on(Runnable::run));
            stage.vgpu().stepped(true);
            stage.settle();
            stage.host.faults().fail("epoll_wait", 1, Errno.EIO);
            stage.loop.step();
            for (Notes notes : List.of(first, second)) {
                LinuxException cause = assertInstanceOf(
                        LinuxException.class, notes.closes.get(0).orElseThrow());
                assertEquals("epoll_wait", cause.operation());
                assertEquals(1, notes.closes.size());
            }
            assertFalse(stage.vgpu().armed());
            assertEquals(List.of(), stage.host.openFiles());
            display.close();
            assertThrows(ClosedException.class, () -> display.subscribe(new Notes()));
            assertThrows(ClosedException.class, () -> display.setPolicy(RefreshPolicy.TIMER));
        }
    }

    @Test
    void aPausedSubscriptionHearsOfTheEndAndOfNothingElse() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Tasks tasks = new Tasks();
            Notes notes = new Notes();
            Subscription subscription = display.subscribe(notes, on(tasks));
            stage.settle();
            tasks.runNext();
            tasks.kept.clear();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(100);
            subscription.pause();
            int heard = notes.events.size();
            display.close();
            while (!tasks.kept.isEmpty()) {
                tasks.runNext();
            }
            assertEquals(heard, notes.events.size());
            assertEquals(1, notes.closes.size());
        }
    }

    @Test
    void aPipeThatGoesOffWhileItClosesIsNoTrouble() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.settle();
            stage.vgpu().guest().pipe(Pipe.A, false);
            display.close();
            assertEquals(List.of(Optional.empty()), notes.closes);
        }
    }
}
