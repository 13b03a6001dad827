package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.GraphicsException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thread of one GPU: a context of EGL is current on one thread only, and drivers keep much of their state there. Callers hand
 * their work over, one at a time and in the order in which they came, and wait. Nothing is allocated by that, and interrupts stay
 * with the caller for later: a driver's call cannot be stopped half-way.
 */
final class GlThread {
    /** Compilers of shaders live in drivers, and expect the stack of a thread in C. */
    private static final long STACK_BYTES = 8L << 20;

    /** Guards the handing over; fair, so that work is done in the order of the calls. */
    private final ReentrantLock turn = new ReentrantLock(true);

    private final Thread thread;

    /** What the thread has to do; null again once it is done. */
    private volatile Work work;

    private volatile Thread caller;
    private volatile boolean ended;

    /** How the work failed. */
    private volatile Throwable failure;

    /** Work that is the last. */
    private boolean last;

    private GlThread(String name) {
        thread = new Thread(null, this::run, name, STACK_BYTES);
        thread.setDaemon(true);
    }

    static GlThread start(String name) {
        GlThread started = new GlThread(name);
        started.thread.start();
        return started;
    }

    void rename(String name) {
        thread.setName(name);
    }

    /**
     * Has the thread do it, and waits.
     *
     * @throws GraphicsException when the work fails, or when the thread has ended
     */
    void call(Work next) throws GraphicsException {
        turn.lock();
        try {
            if (ended) {
                throw hasEnded();
            }
            handOver(next);
        } finally {
            turn.unlock();
        }
    }

    /** Has the thread do this and end, and waits for the end. Does nothing if it has ended. */
    void end(Work finale) {
        turn.lock();
        try {
            if (!ended) {
                last = true;
                handOver(finale);
            }
        } catch (GraphicsException leftBehind) {
            // Nobody can do anything about it: the driver frees the rest with the context, or never.
        } finally {
            turn.unlock();
        }
        join();
    }

    private void handOver(Work next) throws GraphicsException {
        boolean interrupted = false;
        caller = Thread.currentThread();
        work = next;
        LockSupport.unpark(thread);
        while (work != null && !ended) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        caller = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (work != null) {
            throw hasEnded();
        }
        Throwable reason = failure;
        if (reason != null) {
            failure = null;
            // Its trace is the thread's; the caller's belongs to it as well.
            throw new GraphicsException(
                    reason instanceof GraphicsException ? reason.getMessage() : reason.toString(), reason);
        }
    }

    private GraphicsException hasEnded() {
        return new GraphicsException("the GPU is closed");
    }

    private void join() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        boolean goesOn = true;
        try {
            while (goesOn) {
                Work next = work;
                if (next == null) {
                    LockSupport.park(this);
                    // Whoever interrupted it, maybe a group of threads: parked it would not stay.
                    Thread.interrupted();
                    continue;
                }
                goesOn = !last;
                try {
                    next.run();
                } catch (GraphicsException | RuntimeException | Error refusal) {
                    // An error too, such as memory that has run out: it is the caller's, and the GPU goes on.
                    failure = refusal;
                }
                Thread waiting = caller;
                ended = !goesOn;
                work = null;
                LockSupport.unpark(waiting);
            }
        } finally {
            ended = true;
            LockSupport.unpark(caller);
        }
    }

    /** Something to do on the thread. */
    interface Work {
        /**
         * Does it.
         *
         * @throws GraphicsException when the GPU refuses
         */
        void run() throws GraphicsException;
    }
}
