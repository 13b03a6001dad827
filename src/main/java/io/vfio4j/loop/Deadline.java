package io.vfio4j.loop;

/**
 * Something to do at a time that can be moved. Reused for as long as its owner lives, so that moving it allocates nothing. Only
 * for the loop's thread.
 */
public final class Deadline {
    private final EventLoop loop;
    private final Runnable action;
    private long nanoTime;
    private boolean set;

    Deadline(EventLoop loop, Runnable action) {
        this.loop = loop;
        this.action = action;
    }

    /**
     * Sets or moves the deadline.
     *
     * @param nanoTime when, on the clock of the loop's system calls; what lies in the past is due at once
     */
    public void set(long nanoTime) {
        cancel();
        this.nanoTime = nanoTime;
        this.set = true;
        loop.add(this);
    }

    /** Unsets the deadline; does nothing where it is not set. */
    public void cancel() {
        if (set) {
            set = false;
            loop.remove(this);
        }
    }

    /**
     * Whether the action is still to come.
     *
     * @return false before {@link #set}, after {@link #cancel}, and from the time the action runs
     */
    public boolean isSet() {
        return set;
    }

    /**
     * When the action is due.
     *
     * @return the time of the last {@link #set}
     */
    public long nanoTime() {
        return nanoTime;
    }

    void run() {
        set = false;
        action.run();
    }
}
