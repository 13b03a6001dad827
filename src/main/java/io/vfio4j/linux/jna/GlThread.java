package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.GraphicsException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thread of one GPU: a context of EGL is current on one thread only, and drivers keep much of their state there. Callers hand
 * their work over, one at a time and in the order in which they came, and wait. Nothing is allocated by that, and interrupts stay
 * with the caller for later: a driver's call cannot be stopped half-way.
 *
 * <p>What closes something is left with the thread, and nobody waits for it.
 */
final class GlThread {
    private static final System.Logger LOG = System.getLogger(GlThread.class.getName());

    /** How long an exit of the process is held up for a driver that is being closed. */
    private static final long EXIT_PATIENCE_MILLIS = TimeUnit.SECONDS.toMillis(5);

    /** Compilers of shaders live in drivers, and expect the stack of a thread in C. */
    private static final long STACK_BYTES = 8L << 20;

    /** Guards the handing over; fair, so that work is done in the order of the calls. */
    private final ReentrantLock turn = new ReentrantLock(true);

    private final Thread thread;

    /** What the thread has to do; null again once it is done. */
    private volatile Work work;

    private volatile Thread caller;

    /** How the work failed. */
    private volatile Throwable failure;

    /** What nobody waits for. */
    private final Queue<Work> posted = new ConcurrentLinkedQueue<>();

    /** The last that it does; from then on nothing else is taken. */
    private final AtomicReference<Work> finale = new AtomicReference<>();

    /** Nothing that is handed over is done any more. */
    private volatile boolean closed;

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
     * @throws GraphicsException when the work fails, or when the thread is to end
     */
    void call(Work next) throws GraphicsException {
        turn.lock();
        try {
            if (finale.get() != null) {
                throw isClosed();
            }
            handOver(next);
        } finally {
            turn.unlock();
        }
    }

    /** Has the thread do it after what it is doing, and before what this caller has it do next; does not wait. Not if it is to end. */
    void post(Work next) {
        if (finale.get() == null) {
            posted.add(next);
            LockSupport.unpark(thread);
        }
    }

    /**
     * Has the thread do this after what it is doing, and end; does not wait. Who waits for his turn is refused. Does nothing if it is to
     * end already.
     */
    void end(Work last) {
        if (finale.compareAndSet(null, last)) {
            LockSupport.unpark(thread);
        }
    }

    private void handOver(Work next) throws GraphicsException {
        boolean interrupted = false;
        caller = Thread.currentThread();
        work = next;
        LockSupport.unpark(thread);
        while (work != null && !closed) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        caller = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (work != null) {
            throw isClosed();
        }
        Throwable reason = failure;
        if (reason != null) {
            failure = null;
            // Its trace is the thread's; the caller's belongs to it as well.
            throw new GraphicsException(
                    reason instanceof GraphicsException ? reason.getMessage() : reason.toString(), reason);
        }
    }

    private GraphicsException isClosed() {
        return new GraphicsException("the GPU is closed");
    }

    /** Waits until it has ended. */
    void join() {
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
        try {
            serve();
        } finally {
            closed = true;
            LockSupport.unpark(caller);
        }
        finish();
    }

    private void serve() {
        while (true) {
            Work next = work;
            for (Work waiting = posted.poll(); waiting != null; waiting = posted.poll()) {
                attempt(waiting);
            }
            if (next != null) {
                serve(next);
            } else if (finale.get() != null) {
                return;
            } else {
                LockSupport.park(this);
                // Whoever interrupted it, maybe a group of threads: parked it would not stay.
                Thread.interrupted();
            }
        }
    }

    private void serve(Work next) {
        try {
            next.run();
        } catch (GraphicsException | RuntimeException | Error refusal) {
            // An error too, such as memory that has run out: it is the caller's, and the GPU goes on.
            failure = refusal;
        }
        Thread waiting = caller;
        work = null;
        LockSupport.unpark(waiting);
    }

    /** Libraries undo themselves at exit(3), and a driver in the middle of being closed does not survive that. */
    private void finish() {
        Runtime process = Runtime.getRuntime();
        Thread exit = new Thread(this::holdUpExit, thread.getName() + " exit");
        try {
            process.addShutdownHook(exit);
        } catch (IllegalStateException exiting) {
            // The process takes everything with it.
            return;
        }
        attempt(finale.get());
        try {
            process.removeShutdownHook(exit);
        } catch (IllegalStateException exiting) {
            // It waits for us to return.
        }
    }

    private void holdUpExit() {
        try {
            thread.join(EXIT_PATIENCE_MILLIS);
        } catch (InterruptedException hurry) {
            // Then without.
        }
    }

    /** Nobody can do anything about a failure: the driver frees the rest with the context, or never. */
    private static void attempt(Work unattended) {
        try {
            unattended.run();
        } catch (GraphicsException | RuntimeException | Error failure) {
            LOG.log(System.Logger.Level.WARNING, "a GPU was not closed in order", failure);
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
