package io.vfio4j.emulator.vcpu;

import java.util.Arrays;

/**
 * What the two fair schedulers have in common: who waits, ordered by virtual run time (equal ones in the order of their arrival, as
 * rb_add_cached() has it), the charging of the current task, and min_vruntime, which never goes back. All tasks have nice 0, so that virtual
 * time passes as fast as time.
 */
abstract class FairQueue extends RunQueue {
    int current = NOBODY;
    int[] waiting = new int[4];
    int waiters;
    long minVruntime;
    /** The next buddy: it is to be taken next, if that is fair. */
    int next = NOBODY;
    /** Whether a directed yield made it that, and not a wake-up. */
    private boolean nextIsHinted;

    FairQueue(HostTasks tasks) {
        super(tasks);
    }

    @Override
    final int size() {
        return waiters + (current == NOBODY ? 0 : 1);
    }

    @Override
    final int current() {
        return current;
    }

    @Override
    final int hinted() {
        return nextIsHinted ? next : NOBODY;
    }

    @Override
    final void charge(long now) {
        int task = current;
        if (task == NOBODY) {
            return;
        }
        long delta = now - tasks.execStart[task];
        if (delta <= 0) {
            return;
        }
        tasks.execStart[task] = now;
        tasks.sumExec[task] += delta;
        tasks.vruntime[task] += delta;
        charged(task);
        updateMinVruntime();
    }

    /** What else update_curr() does. */
    abstract void charged(int task);

    /** Forgets that anybody wanted this task to be taken, or not to be taken: clear_buddies(). */
    abstract void clearBuddies(int task);

    /** Whom to take among those who wait and the current one, or {@link #NOBODY}. */
    abstract int choose();

    /** The task has been taken. */
    abstract void taken(int task);

    /** update_min_vruntime(). */
    final void updateMinVruntime() {
        long least = minVruntime;
        if (current != NOBODY) {
            least = tasks.vruntime[current];
            if (waiters > 0) {
                least = Math.min(least, tasks.vruntime[waiting[0]]);
            }
        } else if (waiters > 0) {
            least = tasks.vruntime[waiting[0]];
        }
        minVruntime = Math.max(minVruntime, least);
    }

    final void insert(int task) {
        if (waiters == waiting.length) {
            waiting = Arrays.copyOf(waiting, 2 * waiters);
        }
        long[] vruntime = tasks.vruntime;
        long mine = vruntime[task];
        int at = waiters++;
        while (at > 0 && vruntime[waiting[at - 1]] > mine) {
            waiting[at] = waiting[at - 1];
            at--;
        }
        waiting[at] = task;
    }

    final void remove(int task) {
        int at = 0;
        while (waiting[at] != task) {
            at++;
        }
        waiters--;
        for (int i = at; i < waiters; i++) {
            waiting[i] = waiting[i + 1];
        }
    }

    final boolean has(int task) {
        return tasks.queued[task] && tasks.home(task, this) == this;
    }

    final void come(int task) {
        tasks.queued[task] = true;
        tasks.setHome(task, this);
        touch(task);
        insert(task);
    }

    final void leave(int task) {
        if (task == current) {
            current = NOBODY;
        } else {
            remove(task);
        }
        tasks.queued[task] = false;
    }

    /**
     * pick_next_task_fair(): the current task competes from where it is; one that is taken again keeps what it has run and its buddies, as if
     * nothing had happened.
     */
    @Override
    final int pickNext(long now) {
        charge(now);
        rescheduled();
        int chosen = choose();
        if (chosen == NOBODY) {
            return NOBODY;
        }
        if (chosen != current) {
            clearBuddies(chosen);
            remove(chosen);
            if (current != NOBODY) {
                insert(current);
            }
            current = chosen;
            tasks.execStart[chosen] = now;
            tasks.sumExecAtPick[chosen] = tasks.sumExec[chosen];
            taken(chosen);
        }
        touch(chosen);
        return chosen;
    }

    @Override
    final boolean hint(int target) {
        if (!has(target)) {
            return false;
        }
        next = target;
        nextIsHinted = true;
        return true;
    }

    /** set_next_buddy() for somebody who preempts by waking. */
    final void nominate(int woken) {
        next = woken;
        nextIsHinted = false;
    }

    /** detach_tasks() takes from the end of the list where the tasks used last stand first; task_hot() spares those that ran just now. */
    @Override
    final int pullable(long now) {
        int best = NOBODY;
        for (int i = 0; i < waiters; i++) {
            int task = waiting[i];
            boolean hot = tasks.execStart[task] != 0 && now - tasks.execStart[task] < MIGRATION_COST_NANOS;
            if (!hot && (best == NOBODY || tasks.recency[task] < tasks.recency[best])) {
                best = task;
            }
        }
        return best;
    }
}
