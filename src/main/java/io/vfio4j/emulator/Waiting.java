package io.vfio4j.emulator;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** Calls that block: in virtual time they let it pass, because nothing else may happen to do so. */
final class Waiting {
    /** Long enough for any shutdown, short enough to end a test that would hang. */
    private static final long LONGEST_NANOS = 600_000_000_000L;
    /** How long, in real time, other threads get to act after each instant. */
    private static final long OTHERS_TURN_NANOS = 1_000_000L;

    private final Kernel kernel;
    private final EmulatedClock clock;

    Waiting(Kernel kernel, EmulatedClock clock) {
        this.kernel = kernel;
        this.clock = clock;
    }

    void until(FileTree.Pending pending) {
        if (!isComplete(pending) && clock.isAdvancing()) {
            throw new IllegalStateException("a step of virtual time has made a call that blocks: it waits for itself");
        }
        long start = kernel.nanoTime();
        while (!isComplete(pending)) {
            if (kernel.isVirtual() && clock.advanceToNextEvent()) {
                if (kernel.nanoTime() - start > LONGEST_NANOS) {
                    throw new IllegalStateException("after ten minutes of virtual time somebody still has it open");
                }
                if (!clock.hasSteps()) {
                    awaitOthers(pending);
                }
            } else {
                awaitChange(pending);
            }
        }
    }

    /**
     * The same with an end. In virtual time, too, others get their turn before it comes: those that are stepped at each instant, and
     * threads for a moment.
     *
     * @return whether it was completed
     */
    boolean until(FileTree.Pending pending, Duration patience) {
        long nanos = nanos(patience);
        if (isComplete(pending) || nanos == 0) {
            return isComplete(pending);
        }
        AtomicBoolean over = new AtomicBoolean();
        kernel.lock();
        EventQueue.Event end;
        try {
            end = kernel.events().after(nanos, () -> {
                over.set(true);
                kernel.signalChange();
            });
        } finally {
            kernel.unlock();
        }
        try {
            if (kernel.isVirtual() && !clock.isAdvancing()) {
                awaitOthers(pending);
            }
            until(() -> over.get() || pending.isComplete());
        } finally {
            kernel.lock();
            end.cancel();
            kernel.unlock();
        }
        return isComplete(pending);
    }

    private static long nanos(Duration patience) {
        try {
            return Math.max(0, patience.toNanos());
        } catch (ArithmeticException beyondAllTime) {
            return Long.MAX_VALUE;
        }
    }

    private boolean isComplete(FileTree.Pending pending) {
        kernel.lock();
        try {
            kernel.checkOpen();
            return pending.isComplete();
        } finally {
            kernel.unlock();
        }
    }

    /** Nobody is stepped, so whoever acts is a thread, for which virtual time must not run away. */
    private void awaitOthers(FileTree.Pending pending) {
        kernel.lock();
        try {
            if (!pending.isComplete() && !kernel.isClosed()) {
                kernel.awaitChange(OTHERS_TURN_NANOS);
            }
        } finally {
            kernel.unlock();
        }
    }

    /** In real time, or when nothing is scheduled: only another thread can change anything. */
    private void awaitChange(FileTree.Pending pending) {
        kernel.lock();
        try {
            if (!pending.isComplete()
                    && !kernel.isClosed()
                    && (!kernel.isVirtual() || kernel.events().next().isEmpty())) {
                kernel.awaitChange();
            }
        } finally {
            kernel.unlock();
        }
    }
}
