package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Closing against using, with several threads: a signal reaches the eventfd that it was meant for, or is refused because that
 * is closed; never another one that got its number. {@code -Dio.vfio4j.seed=N} repeats a run's choices.
 */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DescriptorStressTest {
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int THREADS = 4;
    private static final int STEPS = 20_000;
    /** Few, so that threads meet. */
    private static final int SLOTS = 3;
    /** One step in so many replaces an eventfd; each replaced one leaves a second descriptor open, to count by. */
    private static final int REPLACE_ONE_IN = 200;

    private final SystemCalls linux = JnaLinux.withoutBridge();
    private final AtomicReferenceArray<Counted> slots = new AtomicReferenceArray<>(SLOTS);
    private final Queue<Counted> all = new ConcurrentLinkedQueue<>();

    /**
     * An eventfd that is signalled through one descriptor, which is closed at some time, and counted through another.
     */
    private record Counted(Descriptor signalled, Descriptor read, AtomicLong signals) {}

    private Counted open() throws Exception {
        Descriptor signalled = linux.eventFd("stressed");
        int copy = LibC.fcntl(signalled.acquire(), F_DUPFD_CLOEXEC, 0);
        signalled.release();
        Counted counted = new Counted(signalled, linux.adopt(copy, "its reader"), new AtomicLong());
        all.add(counted);
        return counted;
    }

    @Test
    void no_signal_goes_astray(TestReporter reporter) throws Exception {
        long seed = Long.getLong("io.vfio4j.seed", System.nanoTime());
        reporter.publishEntry("seed", Long.toString(seed));
        for (int slot = 0; slot < SLOTS; slot++) {
            slots.set(slot, open());
        }
        AtomicLong refused = new AtomicLong();
        SplittableRandom seeds = new SplittableRandom(seed);
        List<FutureTask<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            SplittableRandom random = seeds.split();
            FutureTask<Void> task = new FutureTask<>(() -> {
                for (int step = 0; step < STEPS; step++) {
                    int slot = random.nextInt(SLOTS);
                    if (random.nextInt(REPLACE_ONE_IN) == 0) {
                        slots.getAndSet(slot, open()).signalled().close();
                        continue;
                    }
                    Counted counted = slots.get(slot);
                    try {
                        linux.signal(counted.signalled(), 1);
                        counted.signals().incrementAndGet();
                    } catch (ClosedException replaced) {
                        refused.incrementAndGet();
                    }
                }
                return null;
            });
            tasks.add(task);
            new Thread(task, "stress-" + i).start();
        }
        for (FutureTask<Void> task : tasks) {
            task.get();
        }
        long sum = 0;
        for (Counted counted : all) {
            assertEquals(counted.signals().get(), linux.drain(counted.read()), () -> "seed " + seed);
            sum += counted.signals().get();
            counted.signalled().close();
            counted.read().close();
        }
        assertTrue(all.size() > SLOTS, () -> "nothing was replaced; seed " + seed);
        assertTrue(sum + refused.get() + all.size() - SLOTS == (long) THREADS * STEPS, () -> "seed " + seed);
    }
}
