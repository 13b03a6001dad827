package io.vfio4j.emulator.vcpu;

/**
 * The completely fair scheduler of Linux 6.1 (kernel/sched/fair.c, features.h), without groups: every task has nice 0.
 *
 * <p>As by default: GENTLE_FAIR_SLEEPERS, START_DEBIT, LAST_BUDDY, WAKEUP_PREEMPTION, BASE_SLICE; no NEXT_BUDDY (which is about wake-ups; a
 * directed yield sets the next buddy always), no HRTICK.
 */
final class CfsQueue extends FairQueue {
    private final long latency;
    private final long minimumGranularity;
    private final long wakeUpGranularity;
    /** sched_nr_latency: up to how many tasks share one latency. */
    private final int latencyTasks;

    private int last = NOBODY;
    private int skip = NOBODY;

    CfsQueue(HostModel host, HostTasks tasks) {
        super(tasks);
        this.latency = host.latencyNanos();
        this.minimumGranularity = host.minimumGranularityNanos();
        this.wakeUpGranularity = host.wakeUpGranularityNanos();
        long least = Math.max(1, minimumGranularity);
        this.latencyTasks = (int) Math.min(Integer.MAX_VALUE, latency / least + (latency % least == 0 ? 0 : 1));
    }

    /** sched_slice(): for how long a task may run when so many want to. */
    long slice(int running) {
        long period = running > latencyTasks ? running * minimumGranularity : latency;
        return Math.max(period / running, minimumGranularity);
    }

    @Override
    void enqueue(int task, Arrival how, long now) {
        RunQueue before = tasks.home(task, this);
        if (how == Arrival.WOKEN && before != this) {
            // migrate_task_rq_fair(): it takes along how far it was from the others of the queue where it slept.
            tasks.vruntime[task] -= ((CfsQueue) before).minVruntime;
        }
        charge(now);
        switch (how) {
            case NEW -> tasks.vruntime[task] = minVruntime + slice(size() + 1);
            case WOKEN -> {
                if (before != this) {
                    tasks.vruntime[task] += minVruntime;
                    tasks.execStart[task] = 0;
                }
                // place_entity(): a long sleep counts as half a latency.
                tasks.vruntime[task] = Math.max(tasks.vruntime[task], minVruntime - latency / 2);
            }
            case MOVED -> {
                tasks.vruntime[task] += minVruntime;
                tasks.execStart[task] = 0;
            }
        }
        come(task);
    }

    @Override
    void dequeue(int task, boolean moves, long now) {
        charge(now);
        clearBuddies(task);
        leave(task);
        if (moves) {
            tasks.vruntime[task] -= minVruntime;
        }
        updateMinVruntime();
    }

    @Override
    void charged(int task) {}

    @Override
    void taken(int task) {}

    @Override
    void clearBuddies(int task) {
        if (next == task) {
            next = NOBODY;
        }
        if (last == task) {
            last = NOBODY;
        }
        if (skip == task) {
            skip = NOBODY;
        }
    }

    /** pick_next_entity(). */
    @Override
    int choose() {
        int left = waiters == 0 ? NOBODY : waiting[0];
        if (left == NOBODY || (current != NOBODY && before(current, left))) {
            left = current;
        }
        if (left == NOBODY) {
            return NOBODY;
        }
        int chosen = left;
        if (skip == chosen) {
            int second = secondOf(chosen);
            if (second != NOBODY && !unfairTo(left, second)) {
                chosen = second;
            }
        }
        if (next != NOBODY && !unfairTo(left, next)) {
            return next;
        }
        if (last != NOBODY && !unfairTo(left, last)) {
            return last;
        }
        return chosen;
    }

    private int secondOf(int first) {
        if (first == current) {
            return waiters == 0 ? NOBODY : waiting[0];
        }
        int second = waiters < 2 ? NOBODY : waiting[1];
        return second == NOBODY || (current != NOBODY && before(current, second)) ? current : second;
    }

    private boolean before(int one, int other) {
        return tasks.vruntime[one] < tasks.vruntime[other];
    }

    /** wakeup_preempt_entity(other, left) == 1: taking the other one would put it too far ahead of the leftmost. */
    private boolean unfairTo(int left, int other) {
        return tasks.vruntime[other] - tasks.vruntime[left] > wakeUpGranularity;
    }

    /** entity_tick(), check_preempt_tick(). */
    @Override
    boolean tick(long now) {
        charge(now);
        if (current != NOBODY && waiters > 0) {
            long slice = slice(size());
            long ran = tasks.ranSincePick(current);
            if (ran > slice) {
                reschedule();
                clearBuddies(current);
            } else if (ran >= minimumGranularity && tasks.vruntime[current] - tasks.vruntime[waiting[0]] > slice) {
                reschedule();
            }
        }
        return needsReschedule();
    }

    /** check_preempt_wakeup(). */
    @Override
    boolean preempts(int arrived, long now) {
        if (current == NOBODY) {
            reschedule();
        }
        if (needsReschedule() || arrived == current) {
            return needsReschedule();
        }
        charge(now);
        if (unfairTo(arrived, current)) {
            nominate(arrived);
            reschedule();
            if (size() >= latencyTasks) {
                last = current;
            }
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
        skip = current;
    }
}
