package io.vfio4j.frontend;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs one task again and again as it is asked for, never twice at once. What is asked for meanwhile is one more time, not many. */
final class Turns {
    /** Then somebody else on the executor gets a turn. */
    private static final int MOST_IN_A_ROW = 8;

    private static final System.Logger LOG = System.getLogger(Turns.class.getName());

    private final Executor executor;
    private final Runnable task;
    private final AtomicBoolean wanted = new AtomicBoolean();
    private final AtomicBoolean inFlight = new AtomicBoolean();
    private volatile boolean last;

    Turns(Executor executor, Runnable task) {
        this.executor = executor;
        this.task = task;
    }

    /** Any thread; where the executor is direct, the task runs here, unless it is running already. */
    void request() {
        wanted.set(true);
        if (!inFlight.compareAndSet(false, true)) {
            return;
        }
        try {
            executor.execute(this::run);
        } catch (RuntimeException | Error rejected) {
            if (last) {
                run();
            } else {
                // What is wanted stays so, and the next request tries again.
                inFlight.set(false);
                LOG.log(System.Logger.Level.WARNING, "the executor of a screen refused a task", rejected);
            }
        }
    }

    /** The executor may refuse from now on; then the task runs where it is asked for. */
    void expectEnd() {
        last = true;
    }

    private void run() {
        try {
            for (int i = 0; i < MOST_IN_A_ROW && wanted.getAndSet(false); i++) {
                task.run();
            }
        } finally {
            inFlight.set(false);
            if (wanted.get()) {
                request();
            }
        }
    }
}
