package io.vfio4j.emulator.vcpu;

import java.util.Arrays;

/** Each in turn for a fixed time. Nobody preempts by waking; a hint puts a task first. */
final class RoundRobinQueue extends RunQueue {
    private final long sliceNanos;
    private int[] waiting = new int[4];
    private int waiters;
    private int current = NOBODY;
    private int hinted = NOBODY;

    RoundRobinQueue(HostModel host, HostTasks tasks) {
        super(tasks);
        this.sliceNanos = host.sliceNanos();
    }

    @Override
    int size() {
        return waiters + (current == NOBODY ? 0 : 1);
    }

    @Override
    int current() {
        return current;
    }

    @Override
    void enqueue(int task, Arrival how, long now) {
        tasks.queued[task] = true;
        tasks.setHome(task, this);
        append(task);
    }

    private void append(int task) {
        if (waiters == waiting.length) {
            waiting = Arrays.copyOf(waiting, 2 * waiters);
        }
        waiting[waiters++] = task;
    }

    @Override
    void dequeue(int task, boolean moves, long now) {
        charge(now);
        if (task == current) {
            current = NOBODY;
        } else {
            remove(indexOf(task));
        }
        if (task == hinted) {
            hinted = NOBODY;
        }
        tasks.queued[task] = false;
    }

    private int indexOf(int task) {
        for (int i = 0; i < waiters; i++) {
            if (waiting[i] == task) {
                return i;
            }
        }
        return -1;
    }

    private void remove(int index) {
        System.arraycopy(waiting, index + 1, waiting, index, --waiters - index);
    }

    @Override
    int pickNext(long now) {
        charge(now);
        rescheduled();
        if (current != NOBODY) {
            append(current);
        }
        if (waiters == 0) {
            return NOBODY;
        }
        current = waiting[0];
        remove(0);
        if (hinted == current) {
            hinted = NOBODY;
        }
        tasks.execStart[current] = now;
        tasks.sumExecAtPick[current] = tasks.sumExec[current];
        return current;
    }

    @Override
    void charge(long now) {
        if (current != NOBODY && now > tasks.execStart[current]) {
            tasks.sumExec[current] += now - tasks.execStart[current];
            tasks.execStart[current] = now;
        }
    }

    @Override
    boolean tick(long now) {
        charge(now);
        if (current != NOBODY && waiters > 0 && tasks.ranSincePick(current) >= sliceNanos) {
            reschedule();
        }
        return needsReschedule();
    }

    @Override
    boolean preempts(int arrived, long now) {
        if (current == NOBODY) {
            reschedule();
        }
        return needsReschedule();
    }

    @Override
    boolean hint(int target) {
        int index = indexOf(target);
        if (index < 0) {
            return false;
        }
        System.arraycopy(waiting, 0, waiting, 1, index);
        waiting[0] = target;
        hinted = target;
        return true;
    }

    @Override
    int hinted() {
        return hinted;
    }

    @Override
    void skipCurrent(long now) {
        charge(now);
    }

    @Override
    int pullable(long now) {
        return waiters == 0 ? NOBODY : waiting[waiters - 1];
    }
}
