package io.vfio4j.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A short task on a loop's thread for somebody who waits for it, but not for ever: a listener that keeps the loop may be waiting for that
 * very thread. Running it again and again allocates nothing.
 *
 * <p>One thread at a time.
 */
public final class Errand {
    private enum State {
        AT_HOME,
        WAITING,
        RUNNING,
        DONE,
        GIVEN_UP
    }

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Errand.class, "state", State.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final EventLoop loop;
    private final Runnable task;
    private volatile State state = State.AT_HOME;
    private volatile @Nullable Thread waiter;
    /** What the loop does with it; made once, so that arriving allocates nothing. */
    final Runnable arrival = this::arrive;
    /** The one that was sent before it; the loop's list of them. */
    @Nullable
    Errand next;

    /**
     * Prepares it.
     *
     * @param loop on whose thread it runs
     * @param task must not block
     */
    public Errand(EventLoop loop, Runnable task) {
        this.loop = loop;
        this.task = task;
    }

    /**
     * Runs it and waits for its end: at once on the loop's thread, in a turn of its own where the loop is stepped. An interrupt does not
     * end the wait; the thread's flag stays set.
     *
     * @param patienceNanos how long to wait for its beginning at most
     * @return whether it ran; if not, it never will, neither can this errand be run again
     * @throws IllegalStateException when it did not run before
     */
    public boolean run(long patienceNanos) {
        if (state != State.AT_HOME) {
            throw new IllegalStateException("an errand that is on its way, or was given up");
        }
        if (loop.inLoop()) {
            task.run();
            return true;
        }
        if (!loop.hasThread()) {
            return loop.runInTurn(task, patienceNanos) || giveUp();
        }
        return send(patienceNanos);
    }

    private boolean send(long patienceNanos) {
        waiter = Thread.currentThread();
        state = State.WAITING;
        if (!loop.send(this)) {
            return giveUp();
        }
        boolean interrupted = false;
        long start = System.nanoTime();
        while (state != State.DONE) {
            long left = patienceNanos - (System.nanoTime() - start);
            if (state == State.WAITING && left <= 0 && STATE.compareAndSet(this, State.WAITING, State.GIVEN_UP)) {
                break;
            }
            // Once it runs it ends soon.
            LockSupport.parkNanos(this, Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (state == State.DONE) {
            state = State.AT_HOME;
            return true;
        }
        return false;
    }

    private boolean giveUp() {
        state = State.GIVEN_UP;
        return false;
    }

    /** The loop's thread. */
    private void arrive() {
        if (STATE.compareAndSet(this, State.WAITING, State.RUNNING)) {
            Thread waiting = waiter;
            try {
                task.run();
            } finally {
                state = State.DONE;
                LockSupport.unpark(waiting);
            }
        }
    }
}
