package io.vfio4j.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Short tasks on a loop's thread, for somebody who does not wait for ever. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ErrandTest {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    private static EmulatedHost host() {
        return EmulatedHost.builder().vgpu(VgpuProfile.V6).realTime().build();
    }

    @Test
    void itRunsOnTheLoopsThreadAgainAndAgain() throws Exception {
        try (EmulatedHost host = host();
                EventLoop loop = EventLoop.start(host.systemCalls(), "errands")) {
            AtomicInteger runs = new AtomicInteger();
            Errand errand = new Errand(loop, () -> {
                assertTrue(loop.inLoop());
                runs.incrementAndGet();
            });
            for (int i = 1; i <= 1000; i++) {
                assertTrue(errand.run(PATIENCE));
                assertEquals(i, runs.get());
            }
            loop.run(() -> assertTrue(errand.run(0)));
            assertEquals(1001, runs.get());
        }
    }

    @Test
    void aSteppedLoopIsGivenATurnForIt() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
                EventLoop loop = EventLoop.stepped(host.systemCalls())) {
            AtomicInteger runs = new AtomicInteger();
            Errand errand = new Errand(loop, runs::incrementAndGet);
            assertTrue(errand.run(0));
            assertTrue(errand.run(0));
            assertEquals(2, runs.get());
        }
    }

    @Test
    void aLoopThatIsBusyIsLeftAloneAndTheTaskNeverRuns() throws Exception {
        try (EmulatedHost host = host();
                EventLoop loop = EventLoop.start(host.systemCalls(), "busy")) {
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            loop.execute(() -> {
                entered.countDown();
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            entered.await();
            AtomicInteger runs = new AtomicInteger();
            Errand errand = new Errand(loop, runs::incrementAndGet);
            assertFalse(errand.run(1_000_000));
            assertThrows(IllegalStateException.class, () -> errand.run(PATIENCE));
            leave.countDown();
            Errand next = new Errand(loop, runs::incrementAndGet);
            assertTrue(next.run(PATIENCE));
            assertEquals(1, runs.get());
        }
    }

    @Test
    void anInterruptDoesNotEndTheWaitAndStaysSet() throws Exception {
        try (EmulatedHost host = host();
                EventLoop loop = EventLoop.start(host.systemCalls(), "interrupted")) {
            Errand errand = new Errand(loop, () -> {});
            Thread.currentThread().interrupt();
            assertTrue(errand.run(PATIENCE));
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void anInterruptDoesNotEndTheWaitForATurnEither() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
                EventLoop loop = EventLoop.stepped(host.systemCalls())) {
            Errand errand = new Errand(loop, () -> {});
            Thread.currentThread().interrupt();
            assertTrue(errand.run(PATIENCE), "the loop is free");
            assertTrue(Thread.interrupted());
            Thread.currentThread().interrupt();
            assertTrue(errand.run(0), "the loop is free, whatever the patience");
            assertTrue(Thread.interrupted());

            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            loop.execute(() -> {
                entered.countDown();
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            Thread stepping = new Thread(loop::step);
            stepping.start();
            entered.await();
            boolean[] found = new boolean[2];
            Thread waiting = new Thread(() -> {
                found[0] = errand.run(PATIENCE);
                found[1] = Thread.interrupted();
            });
            waiting.start();
            waiting.interrupt();
            leave.countDown();
            waiting.join();
            stepping.join();
            assertTrue(found[0], "it ran");
            assertTrue(found[1], "it stays interrupted");
            // And the patience ends all the same.
            loop.run(() -> {
                Thread impatient = new Thread(() -> {
                    Thread.currentThread().interrupt();
                    found[0] = new Errand(loop, () -> {}).run(1_000_000);
                    found[1] = Thread.interrupted();
                });
                impatient.start();
                try {
                    impatient.join();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            assertFalse(found[0]);
            assertTrue(found[1]);
        }
    }

    @Test
    void aLoopThatHasEndedRunsNothing() throws Exception {
        try (EmulatedHost host = host()) {
            EventLoop threaded = EventLoop.start(host.systemCalls(), "ended");
            EventLoop stepped = EventLoop.stepped(host.systemCalls());
            threaded.close();
            stepped.close();
            for (EventLoop ended : List.of(threaded, stepped)) {
                Errand errand = new Errand(ended, () -> {
                    throw new AssertionError("ran");
                });
                assertFalse(errand.run(PATIENCE));
            }
        }
    }

    @Test
    void manyThreadsSendTheirsAtOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (EmulatedHost host = host();
                EventLoop loop = EventLoop.start(host.systemCalls(), "many")) {
            int[] runs = new int[1];
            List<Future<?>> users = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                users.add(threads.submit(() -> {
                    Errand errand = new Errand(loop, () -> runs[0]++);
                    for (int n = 0; n < 500; n++) {
                        assertTrue(errand.run(PATIENCE));
                    }
                }));
            }
            for (Future<?> user : users) {
                user.get();
            }
            loop.run(() -> assertEquals(2000, runs[0]));
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void itAllocatesNothing() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (EmulatedHost host = host();
                EventLoop loop = EventLoop.start(host.systemCalls(), "frugal")) {
            Errand errand = new Errand(loop, () -> {});
            long signal = least(threads, () -> loop.execute(() -> {}));
            long sent = least(threads, () -> errand.run(PATIENCE));
            // What waking the emulated kernel's eventfd allocates is in both; a task of the loop's queue is more than
            // an errand.
            assertTrue(sent <= signal, sent + " bytes, " + signal + " by a task");
        }
    }

    private static long least(ThreadMXBean threads, Runnable work) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 50; i++) {
                work.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }
}
