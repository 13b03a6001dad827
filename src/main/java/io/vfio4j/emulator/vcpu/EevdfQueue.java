package io.vfio4j.emulator.vcpu;

/**
 * Earliest eligible virtual deadline first, by the rules of Linux 6.6 (kernel/sched/fair.c), without groups: every task has nice 0.
 *
 * <p>As by default: PLACE_LAG, PLACE_DEADLINE_INITIAL, RUN_TO_PARITY; no NEXT_BUDDY. With the hint honoured, pick_next_entity() is that of 6.14
 * (2a77e4be12cb, PICK_BUDDY): the next buddy is taken if it is eligible. Nothing else of later kernels is in here: not DELAY_DEQUEUE,
 * PLACE_REL_DEADLINE and PREEMPT_SHORT of 6.12, and a yield puts off the deadline by a slice without forfeiting the rest of this one
 * (79104becf42b, after 6.17), so that the two schedulers of the model differ in the hint alone.
 */
final class EevdfQueue extends FairQueue {
    private final long slice;
    private final long greatestLag;
    private final boolean honoursHint;

    EevdfQueue(HostModel host, HostTasks tasks) {
        super(tasks);
        this.slice = host.sliceNanos();
        this.greatestLag = Math.max(2 * slice, 1_000_000_000L / host.hertz());
        this.honoursHint = host.scheduler() == HostScheduler.EEVDF;
    }

    /** avg_vruntime(): the virtual time at which nobody is behind or ahead, rounded down. */
    long averageVruntime() {
        int running = size();
        return running == 0 ? minVruntime : minVruntime + Math.floorDiv(sumOfKeys(), running);
    }

    private long sumOfKeys() {
        long[] vruntime = tasks.vruntime;
        long sum = current == NOBODY ? 0 : vruntime[current] - minVruntime;
        for (int i = 0; i < waiters; i++) {
            sum += vruntime[waiting[i]] - minVruntime;
        }
        return sum;
    }

    /** entity_eligible(): whether a task of this queue has had no more than its share. */
    boolean isEligible(int task) {
        return isEligible(task, sumOfKeys());
    }

    private boolean isEligible(int task, long sumOfKeys) {
        return sumOfKeys >= (tasks.vruntime[task] - minVruntime) * size();
    }

    /** enqueue_entity(), place_entity(): as far behind or ahead as it was when it left, here or elsewhere. */
    @Override
    void enqueue(int task, Arrival how, long now) {
        charge(now);
        boolean elsewhere = tasks.home(task, this) != this;
        if (how == Arrival.NEW) {
            tasks.lag[task] = 0;
        }
        if (how == Arrival.MOVED || elsewhere) {
            tasks.execStart[task] = 0;
        }
        int running = size();
        // Its own weight will draw the average towards it; so the lag is made greater, to be right afterwards.
        long lag = running == 0 ? 0 : tasks.lag[task] * (running + 1) / running;
        tasks.vruntime[task] = averageVruntime() - lag;
        tasks.deadline[task] = tasks.vruntime[task] + (how == Arrival.NEW ? slice / 2 : slice);
        come(task);
    }

    /** dequeue_entity(), update_entity_lag(). */
    @Override
    void dequeue(int task, boolean moves, long now) {
        charge(now);
        clearBuddies(task);
        long lag = averageVruntime() - tasks.vruntime[task];
        tasks.lag[task] = Math.max(-greatestLag, Math.min(greatestLag, lag));
        leave(task);
        updateMinVruntime();
    }

    /** update_deadline(): a slice is over when the virtual deadline is reached. */
    @Override
    void charged(int task) {
        if (tasks.vruntime[task] < tasks.deadline[task]) {
            return;
        }
        tasks.deadline[task] = tasks.vruntime[task] + slice;
        if (waiters > 0) {
            reschedule();
            clearBuddies(task);
        }
    }

    /** set_next_entity(): remembers the deadline, by which RUN_TO_PARITY knows that the slice is not over. */
    @Override
    void taken(int task) {
        tasks.lag[task] = tasks.deadline[task];
    }

    @Override
    void clearBuddies(int task) {
        if (next == task) {
            next = NOBODY;
        }
    }

    /** pick_next_entity(). */
    @Override
    int choose() {
        if (honoursHint && next != NOBODY && isEligible(next)) {
            return next;
        }
        return earliestEligible();
    }

    /** pick_eevdf(). */
    private int earliestEligible() {
        long sum = sumOfKeys();
        boolean currentToo = current != NOBODY && isEligible(current, sum);
        if (currentToo && tasks.lag[current] == tasks.deadline[current]) {
            return current;
        }
        int best = NOBODY;
        // In the order of virtual run time: behind the first that is not eligible nobody is.
        for (int i = 0; i < waiters && isEligible(waiting[i], sum); i++) {
            if (best == NOBODY || tasks.deadline[waiting[i]] < tasks.deadline[best]) {
                best = waiting[i];
            }
        }
        if (best == NOBODY || (currentToo && tasks.deadline[current] < tasks.deadline[best])) {
            best = current;
        }
        return best;
    }

    @Override
    boolean tick(long now) {
        charge(now);
        return needsReschedule();
    }

    /** check_preempt_wakeup(): preempts if it would be taken now. */
    @Override
    boolean preempts(int arrived, long now) {
        if (current == NOBODY) {
            reschedule();
        }
        if (needsReschedule() || arrived == current) {
            return needsReschedule();
        }
        charge(now);
        if (earliestEligible() == arrived) {
            reschedule();
        }
        return needsReschedule();
    }

    /** yield_task_fair(). */
    @Override
    void skipCurrent(long now) {
        if (current == NOBODY || size() == 1) {
            return;
        }
        clearBuddies(current);
        charge(now);
        tasks.deadline[current] += slice;
    }
}
