package io.vfio4j.emulator.vcpu;

/**
 * Who wants one of the host's processors, and whom it takes next. No method allocates, but {@link #enqueue} where the queue grows.
 *
 * <p>The caller asks {@link #preempts} after each {@link #enqueue} to a queue that has a current task, and calls {@link #pickNext} when
 * {@link #needsReschedule} says so, or when the current task has left.
 */
abstract class RunQueue {
    /** No task. */
    static final int NOBODY = -1;

    /** sysctl_sched_migration_cost of kernel/sched/fair.c: a task that ran so recently stays where its cache is. */
    static final long MIGRATION_COST_NANOS = 500_000;

    /** Why a task comes into a queue. */
    enum Arrival {
        /** It has just been made. */
        NEW,
        /** It blocked, here or elsewhere, and was woken. */
        WOKEN,
        /** It comes out of another queue, where it was taken by {@code dequeue(task, true, now)}. */
        MOVED
    }

    final HostTasks tasks;
    private boolean reschedule;
    private long recency;

    RunQueue(HostTasks tasks) {
        this.tasks = tasks;
    }

    static RunQueue of(HostModel host, HostTasks tasks) {
        return switch (host.scheduler()) {
            case CFS -> new CfsQueue(host, tasks);
            case EEVDF, EEVDF_WITHOUT_HINT -> new EevdfQueue(host, tasks);
            case ROUND_ROBIN -> new RoundRobinQueue(host, tasks);
        };
    }

    /** How many want the processor, the current one included: nr_running. */
    abstract int size();

    /** Who has the processor, or {@link #NOBODY}. */
    abstract int current();

    /** Takes a task in, and places it. */
    abstract void enqueue(int task, Arrival how, long now);

    /** Lets a task go, the current one as well: it blocks, or moves to another queue. */
    abstract void dequeue(int task, boolean moves, long now);

    /** Puts the current task back, takes the next one and makes it the current one. {@link #NOBODY} when nobody wants to run. */
    abstract int pickNext(long now);

    /** The timer's tick: charges the current task. Whether it is to be descheduled. */
    abstract boolean tick(long now);

    /** Charges the current task for what it has run: update_curr(). */
    abstract void charge(long now);

    /** Whether the current task is to be descheduled now that another one has come in. An idle processor is always preempted. */
    abstract boolean preempts(int arrived, long now);

    /** Asks that a task be taken next, though it is not this queue that decides to yield. False if it is not in this queue. */
    abstract boolean hint(int target);

    /** Whom {@link #hint} asked for last and who has neither run nor left since, or {@link #NOBODY}; not whom a wake-up has put first. */
    abstract int hinted();

    /** The current task yields: it is not to be taken next if there is another. Nothing when it is alone. */
    abstract void skipCurrent(long now);

    /** Whom an idle processor may take: the one that has waited longest and is not cache-hot, never the current one. */
    abstract int pullable(long now);

    /** Asks for a reschedule as soon as that is possible: resched_curr(). */
    final void reschedule() {
        reschedule = true;
    }

    /** Whether the current task is to be descheduled as soon as that is possible. {@link #pickNext} has done it. */
    final boolean needsReschedule() {
        return reschedule;
    }

    final void rescheduled() {
        reschedule = false;
    }

    final void touch(int task) {
        tasks.recency[task] = recency++;
    }
}
