package io.vfio4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ends a watch before its time: at Ctrl-C or SIGTERM, when nobody reads the output any more, or when the display is closed.
 *
 * <p>The JVM ends when its shutdown hooks have returned, whatever the main thread does. So the hook asks the main thread to finish,
 * and waits until it has: not for the thread's end, because it may be in {@link System#exit}, which waits for the hooks.
 */
final class Ending implements AutoCloseable {
    /** A driver that hangs must not keep a process from being terminated. */
    private static final long PATIENCE_SECONDS = 10;

    private final CountDownLatch requested = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook = new Thread(this::terminate, "vfio4j termination");

    private Ending() {}

    /** From now on until {@link #close} a signal ends the watch in order. */
    static Ending onSignals() {
        Ending ending = new Ending();
        Runtime.getRuntime().addShutdownHook(ending.hook);
        return ending;
    }

    private void terminate() {
        request();
        awaitUninterruptibly(finished, TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
    }

    void request() {
        requested.countDown();
    }

    boolean isRequested() {
        return requested.getCount() == 0;
    }

    /** Waits for the request, at most so long; returns whether it came. */
    boolean await(long nanos) {
        return awaitUninterruptibly(requested, nanos);
    }

    /** The summary is printed; the JVM may end. */
    @Override
    public void close() {
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyEnding) {
            // The hook runs, and returns now.
        }
    }

    private static boolean awaitUninterruptibly(CountDownLatch latch, long nanos) {
        long end = System.nanoTime() + nanos;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return latch.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
