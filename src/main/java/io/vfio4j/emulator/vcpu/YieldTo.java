package io.vfio4j.emulator.vcpu;

/** The scheduler's part of a directed yield: yield_to() of kernel/sched/core.c (6.1), yield_to_task_fair() of fair.c. */
final class YieldTo {
    /** The target has been asked for. */
    static final int YIELDED = 1;
    /** The target runs, or does not want to, or cannot. */
    static final int REFUSED = 0;
    /** Both processors have nobody else: -ESRCH. */
    static final int ALONE = -3;

    private YieldTo() {}

    /**
     * What yield_to() answers.
     *
     * @param mySize how many want the yielding task's processor, itself included
     * @param targetSize how many want the target's
     * @param targetRunning whether the target runs
     * @param targetRunnable whether it wants to
     * @param targetQueued whether it is in its run queue
     */
    static int answer(int mySize, int targetSize, boolean targetRunning, boolean targetRunnable, boolean targetQueued) {
        return answer(mySize, targetSize, targetRunning, targetRunnable, targetQueued, true, false);
    }

    /**
     * The same where there are several scheduling classes and groups with quotas.
     *
     * @param sameClass whether both are of the same scheduling class
     * @param throttled whether a group that the target is in has used up its quota
     */
    static int answer(
            int mySize,
            int targetSize,
            boolean targetRunning,
            boolean targetRunnable,
            boolean targetQueued,
            boolean sameClass,
            boolean throttled) {
        if (mySize == 1 && targetSize == 1) {
            return ALONE;
        }
        return sameClass && !targetRunning && targetRunnable && targetQueued && !throttled ? YIELDED : REFUSED;
    }

    /**
     * The current task of one queue yields to a task of another one, or of the same. After {@link #YIELDED} the caller reschedules the
     * yielding task's processor at once, and the target's as soon as that is possible ({@link RunQueue#needsReschedule}).
     */
    static int yield(RunQueue mine, RunQueue theirs, int target, long now) {
        boolean queued = mine.tasks.queued[target];
        int answer = answer(mine.size(), theirs.size(), theirs.current() == target, queued, queued);
        if (answer != YIELDED) {
            return answer;
        }
        if (!theirs.hint(target)) {
            return REFUSED;
        }
        mine.skipCurrent(now);
        if (mine != theirs) {
            theirs.reschedule();
        }
        return YIELDED;
    }
}
