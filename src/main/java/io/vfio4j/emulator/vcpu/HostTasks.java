package io.vfio4j.emulator.vcpu;

/** The host's tasks by number, as its run queues know them: one thread for each vCPU. */
final class HostTasks {
    /** Fair schedulers: virtual run time. Relative to the queue that it has left while a task moves. */
    final long[] vruntime;
    /** EEVDF: the virtual time by which its slice is due. */
    final long[] deadline;
    /** EEVDF: what it was behind (positive) or ahead of the queue that it has left; while it runs, the deadline it was taken with. */
    final long[] lag;
    /** Up to when its running was charged. Zero, and so never cache-hot, after a move. */
    final long[] execStart;
    /** How long it has run. */
    final long[] sumExec;
    /** How long it had run when it was taken last. */
    final long[] sumExecAtPick;
    /** The order in which tasks of a queue were enqueued or taken last. */
    final long[] recency;
    /** Whether it is in a run queue, running or not. */
    final boolean[] queued;
    /** Whose queue it is or was in. */
    private final RunQueue[] home;

    HostTasks(int count) {
        vruntime = new long[count];
        deadline = new long[count];
        lag = new long[count];
        execStart = new long[count];
        sumExec = new long[count];
        sumExecAtPick = new long[count];
        recency = new long[count];
        queued = new boolean[count];
        home = new RunQueue[count];
    }

    int count() {
        return queued.length;
    }

    /** A task that has never been in a queue is at home in the first that takes it. */
    RunQueue home(int task, RunQueue otherwise) {
        return home[task] == null ? otherwise : home[task];
    }

    void setHome(int task, RunQueue queue) {
        home[task] = queue;
    }

    /** How long a task has run since it was taken. */
    long ranSincePick(int task) {
        return sumExec[task] - sumExecAtPick[task];
    }
}
