package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import io.vfio4j.loop.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the event loop does, stepped and with a thread of its own; a subclass says on which kernel. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class EventLoopContract {
    private static final long MILLI = 1_000_000;

    private SystemCalls calls;
    private EventLoop loop;

    /** The kernel to run on. */
    protected abstract SystemCalls systemCalls();

    /** Lets time pass where it does not pass by itself; where it does, the loop's own waiting takes it. */
    protected abstract void letPass(Duration time);

    @BeforeEach
    void openLoop() throws LinuxException {
        calls = systemCalls();
        loop = EventLoop.stepped(calls);
    }

    @AfterEach
    void closeLoop() {
        loop.close();
    }

    private void settle() {
        boolean worked = true;
        while (worked) {
            worked = loop.step();
        }
    }

    @Test
    void deadlinesComeInTheOrderOfTheirTimes() throws Exception {
        List<String> done = new ArrayList<>();
        CountDownLatch last = new CountDownLatch(1);
        loop.run(() -> {
            long now = calls.nanoTime();
            loop.deadline(() -> {
                        done.add("third");
                        last.countDown();
                    })
                    .set(now + 9 * MILLI);
            loop.deadline(() -> done.add("first")).set(now + 3 * MILLI);
            Deadline moved = loop.deadline(() -> done.add("second"));
            moved.set(now + 20 * MILLI);
            moved.set(now + 6 * MILLI);
            assertTrue(moved.isSet());
            assertEquals(now + 6 * MILLI, moved.nanoTime());
            Deadline cancelled = loop.deadline(() -> done.add("never"));
            cancelled.set(now + 4 * MILLI);
            cancelled.cancel();
            cancelled.cancel();
            assertFalse(cancelled.isSet());
        });
        letPass(Duration.ofMillis(30));
        loop.await(last);
        assertEquals(List.of("first", "second", "third"), done);
    }

    @Test
    void aDeadlineIsNeverEarlyAndOneInThePastIsDueAtOnce() throws Exception {
        long[] at = new long[2];
        CountDownLatch last = new CountDownLatch(2);
        loop.run(() -> {
            at[0] = calls.nanoTime() + 2 * MILLI;
            loop.deadline(() -> {
                        at[1] = calls.nanoTime();
                        last.countDown();
                    })
                    .set(at[0]);
            loop.deadline(last::countDown).set(calls.nanoTime() - MILLI);
        });
        loop.step();
        assertEquals(1, last.getCount());
        letPass(Duration.ofMillis(5));
        loop.await(last);
        assertTrue(at[1] - at[0] >= 0);
    }

    @Test
    void aDeadlineThatSetsItselfIntoThePastDoesNotKeepTheLoop() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        Deadline[] self = new Deadline[1];
        loop.run(() -> {
            self[0] = loop.deadline(() -> {
                runs.incrementAndGet();
                self[0].set(calls.nanoTime() - 1);
            });
            self[0].set(calls.nanoTime() - 1);
        });
        for (int turn = 1; turn <= 3; turn++) {
            loop.step();
            assertEquals(turn, runs.get());
        }
        loop.run(self[0]::cancel);
        settle();
        assertEquals(3, runs.get());
    }

    @Test
    void tasksRunInTheirOrderAndThoseThatTheyAddInTheNextTurn() {
        List<Integer> done = new ArrayList<>();
        loop.execute(() -> {
            done.add(1);
            loop.execute(() -> done.add(3));
        });
        loop.execute(() -> done.add(2));
        loop.step();
        assertEquals(List.of(1, 2), done);
        loop.step();
        assertEquals(List.of(1, 2, 3), done);
        assertFalse(loop.step());
    }

    @Test
    void aTaskThatThrowsKeepsNobodyElse() {
        List<Integer> done = new ArrayList<>();
        loop.execute(() -> {
            throw new IllegalStateException("expected by a test");
        });
        loop.execute(() -> done.add(1));
        settle();
        assertEquals(List.of(1), done);
    }

    @Test
    void aWatchedCounterIsDrainedAndItsHandlerCalled() throws Exception {
        try (Descriptor counter = calls.eventFd("counter")) {
            List<Long> read = new ArrayList<>();
            Watch[] watch = new Watch[1];
            loop.run(() -> watch[0] = loop.watch(counter, (value, nanoTime) -> read.add(value)));
            calls.signal(counter, 3);
            calls.signal(counter, 4);
            settle();
            calls.signal(counter, Long.MIN_VALUE);
            loop.run(() -> loop.drain(watch[0]));
            loop.run(() -> loop.drain(watch[0]));
            settle();
            assertEquals(List.of(7L, Long.MIN_VALUE), read);
            loop.run(() -> loop.unwatch(watch[0]));
            loop.run(() -> loop.unwatch(watch[0]));
            calls.signal(counter, 1);
            settle();
            assertEquals(2, read.size());
        }
    }

    @Test
    void anEventOfAWatchThatEndedInTheSameTurnFindsNobody() throws Exception {
        try (Descriptor first = calls.eventFd("first");
                Descriptor second = calls.eventFd("second");
                Descriptor third = calls.eventFd("third")) {
            List<String> called = new ArrayList<>();
            Watch[] watches = new Watch[3];
            // Whichever of the two comes first ends the other, and gives its slot away.
            loop.run(() -> {
                watches[0] = loop.watch(first, (value, nanoTime) -> {
                    called.add("first");
                    end(watches[1]);
                    replace(third, watches, called);
                });
                watches[1] = loop.watch(second, (value, nanoTime) -> {
                    called.add("second");
                    end(watches[0]);
                    replace(third, watches, called);
                });
            });
            calls.signal(first, 1);
            calls.signal(second, 1);
            settle();
            assertEquals(1, called.size(), called::toString);
            calls.signal(third, 1);
            settle();
            assertEquals("third", called.get(1));
            loop.run(() -> {
                for (Watch watch : watches) {
                    loop.unwatch(watch);
                }
            });
        }
    }

    private void end(Watch watch) {
        try {
            loop.unwatch(watch);
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    private void replace(Descriptor counter, Watch[] watches, List<String> called) {
        try {
            watches[2] = loop.watch(counter, (value, nanoTime) -> called.add("third"));
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void moreCountersThanATurnReadsAreAllRead() throws Exception {
        List<Descriptor> counters = new ArrayList<>();
        List<Watch> watches = new ArrayList<>();
        AtomicInteger read = new AtomicInteger();
        for (int i = 0; i < 150; i++) {
            Descriptor counter = calls.eventFd("counter " + i);
            counters.add(counter);
            loop.run(() -> watches.add(loop.watch(counter, (value, nanoTime) -> read.incrementAndGet())));
            calls.signal(counter, 1);
        }
        settle();
        assertEquals(150, read.get());
        loop.run(() -> {
            for (Watch watch : watches) {
                loop.unwatch(watch);
            }
        });
        counters.forEach(Descriptor::close);
    }

    @Test
    void whatBelongsToTheLoopsThreadIsRefusedElsewhere() throws Exception {
        try (Descriptor counter = calls.eventFd("counter")) {
            assertThrows(IllegalStateException.class, () -> loop.watch(counter, (value, nanoTime) -> {}));
            assertThrows(
                    IllegalStateException.class, () -> loop.deadline(() -> {}).set(0));
            assertFalse(loop.inLoop());
            assertFalse(EventLoop.inAnyLoop());
            loop.run(() -> {
                assertTrue(loop.inLoop());
                assertTrue(EventLoop.inAnyLoop());
                assertThrows(IllegalStateException.class, () -> loop.await(new CountDownLatch(1)));
            });
        }
    }

    @Test
    void whatATaskThrowsIsThrownToWhoeverWaitsForIt() throws Exception {
        LinuxException refusal = new LinuxException(Errno.EIO, "test", "test");
        try (EventLoop threaded = EventLoop.start(calls, "loop")) {
            for (EventLoop any : List.of(loop, threaded)) {
                assertSame(
                        refusal,
                        assertThrows(
                                LinuxException.class,
                                () -> any.run(() -> {
                                    throw refusal;
                                })));
                assertThrows(
                        IllegalArgumentException.class,
                        () -> any.run(() -> {
                            throw new IllegalArgumentException("expected by a test");
                        }));
                assertThrows(
                        AssertionError.class,
                        () -> any.run(() -> {
                            throw new AssertionError("expected by a test");
                        }));
            }
        }
    }

    /** Leaves some steps after it was asked to. */
    private static class Slow implements Resident {
        private final EventLoop home;
        final List<Throwable> failures = new ArrayList<>();
        int asked;

        Slow(EventLoop home) {
            this.home = home;
        }

        @Override
        public void shutDown() {
            asked++;
            home.execute(() -> home.execute(() -> home.leave(this)));
        }

        @Override
        public void loopFailed(Throwable cause) {
            failures.add(cause);
        }
    }

    @Test
    void closingShutsDownTheResidentsFirst() throws Exception {
        try (EventLoop threaded = EventLoop.start(calls, "loop")) {
            for (EventLoop any : List.of(loop, threaded)) {
                Slow resident = new Slow(any);
                Resident broken = new Resident() {
                    @Override
                    public void shutDown() {
                        any.leave(this);
                        throw new IllegalStateException("expected by a test");
                    }

                    @Override
                    public void loopFailed(Throwable cause) {}
                };
                any.run(() -> {
                    any.enter(broken);
                    any.enter(resident);
                });
                any.close();
                any.close();
                assertEquals(1, resident.asked);
                assertEquals(List.of(), resident.failures);
                assertThrows(ClosedException.class, () -> any.execute(() -> {}));
                assertThrows(ClosedException.class, () -> any.run(() -> {}));
            }
        }
        assertThrows(ClosedException.class, loop::step);
    }

    @Test
    void aLoopThatClosesTakesNoMoreResidents() throws Exception {
        Slow resident = new Slow(loop);
        loop.run(() -> {
            loop.enter(resident);
            loop.close();
        });
        loop.step();
        assertThrows(ClosedException.class, () -> loop.run(() -> loop.enter(new Slow(loop))));
        loop.close();
    }

    @Test
    void anErrorInATaskEndsTheLoopAndTellsItsResidentsOnce() throws Exception {
        EventLoop threaded = EventLoop.start(calls, "loop");
        Slow first = new Slow(threaded);
        Slow second = new Slow(threaded) {
            @Override
            public void loopFailed(Throwable cause) {
                super.loopFailed(cause);
                throw new AssertionError("expected by a test");
            }
        };
        threaded.run(() -> {
            threaded.enter(second);
            threaded.enter(first);
        });
        AssertionError error = new AssertionError("expected by a test");
        threaded.execute(() -> {
            throw error;
        });
        threaded.close();
        assertEquals(List.of(error), first.failures);
        assertEquals(List.of(error), second.failures);
        assertEquals(0, first.asked);
    }

    @Test
    void aThreadIsWokenByATaskWhileItWaits() throws Exception {
        try (EventLoop threaded = EventLoop.start(calls, "what it serves")) {
            List<String> names = Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < 200; i++) {
                CountDownLatch done = new CountDownLatch(1);
                threaded.execute(() -> {
                    names.add(Thread.currentThread().getName());
                    assertTrue(Thread.currentThread().isDaemon());
                    done.countDown();
                });
                done.await();
            }
            assertTrue(names.stream().allMatch("what it serves"::equals));
            assertThrows(IllegalStateException.class, threaded::step);
        }
    }

    @Test
    void aDeadlineThatATaskSetsEndsTheWaitOfTheThread() throws Exception {
        try (EventLoop threaded = EventLoop.start(calls, "loop")) {
            for (int i = 0; i < 20; i++) {
                CountDownLatch due = new CountDownLatch(1);
                threaded.run(() -> threaded.deadline(due::countDown).set(calls.nanoTime() + MILLI));
                letPass(Duration.ofMillis(2));
                assertTrue(due.await(20, TimeUnit.SECONDS), "deadline " + i);
            }
        }
    }

    @Test
    void noTaskOfManyThreadsIsLost() throws Exception {
        int threads = 4;
        int each = 2_000;
        AtomicInteger ran = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        EventLoop threaded = EventLoop.start(calls, "loop");
        CyclicBarrier together = new CyclicBarrier(threads);
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            boolean closes = i == 0;
            Thread sender = new Thread(() -> {
                try {
                    together.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                for (int n = 0; n < each; n++) {
                    if (closes && n == each / 2) {
                        threaded.close();
                    }
                    try {
                        threaded.execute(ran::incrementAndGet);
                    } catch (ClosedException e) {
                        refused.incrementAndGet();
                    }
                }
            });
            senders.add(sender);
            sender.start();
        }
        for (Thread sender : senders) {
            sender.join();
        }
        threaded.close();
        assertEquals(threads * each, ran.get() + refused.get(), "each is run or refused");
        assertTrue(refused.get() >= each / 2);
    }

    @Test
    void anInterruptDoesNotEndAWaitButIsKept() throws Exception {
        try (EventLoop threaded = EventLoop.start(calls, "loop")) {
            Thread.currentThread().interrupt();
            AtomicInteger ran = new AtomicInteger();
            threaded.run(ran::incrementAndGet);
            assertEquals(1, ran.get());
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void loopsThatCloseEachOtherDoNotWaitForEachOther() throws Exception {
        EventLoop first = EventLoop.start(calls, "first");
        EventLoop second = EventLoop.start(calls, "second");
        CyclicBarrier together = new CyclicBarrier(2);
        first.execute(() -> closeTogether(together, second));
        second.execute(() -> closeTogether(together, first));
        first.close();
        second.close();
        assertThrows(ClosedException.class, () -> first.execute(() -> {}));
    }

    private static void closeTogether(CyclicBarrier together, EventLoop other) {
        try {
            together.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        other.close();
    }
}
