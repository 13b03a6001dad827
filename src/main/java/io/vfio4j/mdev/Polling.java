package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * Asks again and again whether something is so. Sysfs tells nobody when it changes; so the question is put at growing intervals,
 * on the clock of the host, which may be virtual.
 */
final class Polling implements Resident {
    private static final long FIRST_INTERVAL_NANOS = 2_000_000;
    private static final Duration FOREVER = Duration.ofDays(10_000);
    private static final long LONGEST_INTERVAL_NANOS = 100_000_000;

    /** What is waited for. */
    interface Condition {
        boolean holds() throws LinuxException;
    }

    private final EventLoop loop;
    private final SystemCalls calls;
    private final Condition condition;
    private final Thread waiter = Thread.currentThread();
    private final CountDownLatch done = new CountDownLatch(1);
    private final Deadline next;
    private final long end;
    private long interval = FIRST_INTERVAL_NANOS;
    private boolean held;
    private Optional<Throwable> failure = Optional.empty();

    private Polling(EventLoop loop, Duration patience, Condition condition) {
        this.loop = loop;
        this.calls = loop.systemCalls();
        this.condition = condition;
        this.next = loop.deadline(this::ask);
        this.end = calls.nanoTime() + nanos(patience);
    }

    /** What nanoseconds cannot hold is as good as for ever. */
    private static long nanos(Duration patience) {
        return patience.compareTo(FOREVER) < 0 ? patience.toNanos() : FOREVER.toNanos();
    }

    /**
     * Waits until it is so, or until the time is over; asks once at least.
     *
     * @return whether it is so
     * @throws LinuxException what the condition throws
     * @throws InterruptedException when the calling thread is interrupted; it may be interrupted before
     * @throws IllegalStateException on the thread of a loop, which must not wait
     */
    static boolean until(SystemCalls calls, Duration patience, Condition condition)
            throws LinuxException, InterruptedException {
        if (EventLoop.inAnyLoop()) {
            throw new IllegalStateException("waiting on the thread of a loop");
        }
        if (condition.holds()) {
            return true;
        }
        if (patience.isZero() || patience.isNegative()) {
            return false;
        }
        boolean virtual = calls.virtualTime().isPresent();
        try (EventLoop loop = virtual ? EventLoop.stepped(calls) : EventLoop.start(calls, "mdev wait")) {
            Polling polling = new Polling(loop, patience, condition);
            loop.run(polling::begin);
            if (virtual) {
                loop.await(polling.done);
            } else {
                polling.done.await();
            }
            return polling.outcome();
        }
    }

    private void begin() {
        loop.enter(this);
        arrange();
    }

    @Override
    public void shutDown() {
        next.cancel();
        done.countDown();
        loop.leave(this);
    }

    @Override
    public void loopFailed(Throwable cause) {
        fail(cause);
    }

    private void fail(Throwable cause) {
        failure = Optional.of(cause);
        done.countDown();
    }

    private void arrange() {
        long now = calls.nanoTime();
        next.set(now + Math.min(interval, end - now));
        interval = Math.min(2 * interval, LONGEST_INTERVAL_NANOS);
    }

    private void ask() {
        try {
            held = condition.holds();
        } catch (LinuxException | RuntimeException e) {
            fail(e);
            return;
        }
        if (held || calls.nanoTime() - end >= 0 || waiter.isInterrupted()) {
            done.countDown();
        } else {
            arrange();
        }
    }

    private boolean outcome() throws LinuxException, InterruptedException {
        if (failure.isPresent()) {
            rethrow(failure.get());
        }
        // Where time is virtual, the waiting thread has stepped the loop, and noticed it only there.
        if (!held && Thread.interrupted()) {
            throw new InterruptedException();
        }
        return held;
    }

    private static void rethrow(Throwable cause) throws LinuxException {
        if (cause instanceof LinuxException refusal) {
            throw refusal;
        }
        if (cause instanceof RuntimeException unforeseen) {
            throw unforeseen;
        }
        throw new IllegalStateException("the loop that waited has failed", cause);
    }
}
