package io.vfio4j.linux;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Counts the uses of a resource so that closing it waits for the last of them: a descriptor's number must not be closed,
 * nor memory freed, under a system call that another thread is in.
 */
final class References {
    private static final int CLOSED = 1 << 31;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(References.class, "state", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Runnable whenUnused;
    private volatile int state;

    References(Runnable whenUnused) {
        this.whenUnused = whenUnused;
    }

    /** Returns false when closed. */
    boolean tryAcquire() {
        while (true) {
            int seen = state;
            if (seen < 0) {
                return false;
            }
            if (STATE.compareAndSet(this, seen, seen + 1)) {
                return true;
            }
        }
    }

    void release() {
        int before = (int) STATE.getAndAdd(this, -1);
        if (before == (CLOSED | 1)) {
            whenUnused.run();
        }
    }

    /** Marks as closed, once; the resource goes with its last use, or now. Returns false when it was closed already. */
    boolean close() {
        while (true) {
            int seen = state;
            if (seen < 0) {
                return false;
            }
            if (STATE.compareAndSet(this, seen, seen | CLOSED)) {
                if (seen == 0) {
                    whenUnused.run();
                }
                return true;
            }
        }
    }

    boolean isClosed() {
        return state < 0;
    }
}
