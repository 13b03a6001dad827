package io.vfio4j.kvm.probe;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** Threads that want one processor all the time. */
final class Hogs implements AutoCloseable {
    private final AtomicBoolean wanted = new AtomicBoolean(true);
    private final AtomicReference<Optional<LinuxException>> failure = new AtomicReference<>(Optional.empty());
    private final CountDownLatch running;
    private final List<Thread> threads = new ArrayList<>();

    private Hogs(int count) {
        running = new CountDownLatch(count);
    }

    /** Returns when they all have had the processor. */
    static Hogs start(SystemCalls calls, int count, int processor, ProcessorShare share)
            throws IOException, InterruptedException {
        Hogs hogs = new Hogs(count);
        boolean success = false;
        try {
            for (int i = 1; i <= count; i++) {
                Thread thread = new Thread(() -> hogs.run(calls, processor, share), "hog " + i);
                thread.setDaemon(true);
                thread.start();
                hogs.threads.add(thread);
            }
            hogs.running.await();
            if (hogs.failure.get().isPresent()) {
                throw hogs.failure.get().get();
            }
            success = true;
            return hogs;
        } finally {
            if (!success) {
                hogs.close();
            }
        }
    }

    private void run(SystemCalls calls, int processor, ProcessorShare share) {
        try {
            calls.bindThread(List.of(processor));
            share.join();
        } catch (LinuxException e) {
            failure.set(Optional.of(e));
            return;
        } finally {
            running.countDown();
        }
        // Not onSpinWait: a hog computes.
        while (wanted.get()) {
            continue;
        }
    }

    /** A hog that died would make the measurement one of fewer hogs. */
    void requireRunning() {
        for (Thread thread : threads) {
            if (!thread.isAlive()) {
                throw new IllegalStateException(thread.getName() + " has ended before its time");
            }
        }
    }

    /** Returns when they have ended; at once when interrupted. */
    @Override
    public void close() {
        wanted.set(false);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
