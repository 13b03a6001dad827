package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.RunQueue.Arrival;
import org.junit.jupiter.api.Test;

/** yield_to() of kernel/sched/core.c and yield_to_task_fair() of fair.c, Linux 6.1, on queues set up by hand. Task 0 runs and yields. */
class YieldToTest {
    private static final long MS = 1_000_000;

    private final HostModel host = new HostModel(8, 250, HostScheduler.CFS, 24 * MS, 3 * MS, 4 * MS, 3 * MS);
    private final HostTasks tasks = new HostTasks(4);
    private final RunQueue mine = RunQueue.of(host, tasks);
    private final RunQueue theirs = RunQueue.of(host, tasks);

    /** Puts tasks into a queue with virtual run times in milliseconds, and lets the first run. */
    private void fill(RunQueue queue, int[] numbers, long... vruntimes) {
        for (int i = 0; i < numbers.length; i++) {
            tasks.vruntime[numbers[i]] = vruntimes[i] * MS;
            queue.enqueue(numbers[i], Arrival.MOVED, 0);
        }
        assertEquals(numbers[0], queue.pickNext(0));
    }

    private static int[] tasks(int... numbers) {
        return numbers;
    }

    @Test
    void esrch_when_nobody_else_wants_either_processor() {
        assertEquals(YieldTo.ALONE, YieldTo.answer(1, 1, true, true, true));
        assertEquals(YieldTo.ALONE, YieldTo.answer(1, 1, false, false, false));
        fill(mine, tasks(0), 0);
        fill(theirs, tasks(1), 0);
        assertEquals(-3, YieldTo.yield(mine, theirs, 1, MS));
        assertFalse(theirs.needsReschedule());
    }

    @Test
    void zero_when_the_target_runs() {
        assertEquals(0, YieldTo.answer(1, 2, true, true, true));
        fill(mine, tasks(0, 2), 0, 0);
        fill(theirs, tasks(1), 0);
        assertEquals(0, YieldTo.yield(mine, theirs, 1, MS));
        assertFalse(theirs.needsReschedule());
    }

    @Test
    void zero_when_the_target_does_not_want_to_run() {
        assertEquals(0, YieldTo.answer(2, 0, false, false, false));
        fill(mine, tasks(0, 2), 0, 0);
        assertEquals(0, YieldTo.yield(mine, theirs, 1, MS));
    }

    /** On its way from one queue to another a task is runnable and in no queue: se->on_rq is 0. */
    @Test
    void zero_when_the_target_is_in_no_queue() {
        assertEquals(0, YieldTo.answer(2, 2, false, true, false));
        assertFalse(theirs.hint(1));
    }

    /** Throttled groups and other scheduling classes are refused; the model has neither, but the rule does. */
    @Test
    void zero_when_the_target_is_throttled_or_of_another_class() {
        assertEquals(0, YieldTo.answer(2, 2, false, true, true, false, false));
        assertEquals(0, YieldTo.answer(2, 2, false, true, true, true, true));
        assertEquals(1, YieldTo.answer(2, 2, false, true, true, true, false));
        // Being alone is asked first.
        assertEquals(-3, YieldTo.answer(1, 1, false, true, true, false, true));
    }

    @Test
    void one_when_only_one_of_the_two_processors_is_wanted_by_others() {
        assertEquals(1, YieldTo.answer(1, 2, false, true, true));
        assertEquals(1, YieldTo.answer(2, 1, false, true, true));
    }

    @Test
    void the_target_becomes_the_next_buddy_of_its_own_queue_which_reschedules() {
        fill(mine, tasks(0), 0);
        fill(theirs, tasks(2, 3, 1), 0, 1, 2);
        assertEquals(1, YieldTo.yield(mine, theirs, 1, MS));
        assertEquals(1, theirs.hinted());
        assertEquals(RunQueue.NOBODY, mine.hinted());
        assertTrue(theirs.needsReschedule());
        assertFalse(mine.needsReschedule());
        assertEquals(1, theirs.pickNext(MS));
        assertFalse(theirs.needsReschedule());
    }

    @Test
    void in_the_same_queue_the_target_is_taken_next_and_no_other_processor_is_disturbed() {
        fill(mine, tasks(0, 2, 1), 0, 1, 2);
        assertEquals(1, YieldTo.yield(mine, mine, 1, MS / 2));
        assertFalse(mine.needsReschedule());
        assertEquals(1, mine.pickNext(MS / 2));
    }

    /** yield_task_fair() returns early when rq->nr_running is 1, and schedule() then takes the same task again: a yield in name only. */
    @Test
    void alone_on_its_processor_it_does_not_skip_itself() {
        fill(mine, tasks(0), 0);
        fill(theirs, tasks(2, 1), 0, 1);
        assertEquals(1, YieldTo.yield(mine, theirs, 1, MS));
        assertEquals(0, mine.pickNext(MS));
        // No skip buddy was left behind: one that comes in near it is not taken instead.
        tasks.vruntime[3] = 2 * MS;
        mine.enqueue(3, Arrival.MOVED, MS);
        assertEquals(0, mine.pickNext(MS));
    }

    @Test
    void among_others_it_skips_itself() {
        fill(mine, tasks(0, 3), 0, 2);
        fill(theirs, tasks(2, 1), 0, 1);
        assertEquals(1, YieldTo.yield(mine, theirs, 1, MS));
        assertEquals(3, mine.pickNext(MS));
    }

    /** fair.c: the yielding task is charged for what it has run before it skips itself. */
    @Test
    void the_yielding_task_is_charged() {
        fill(mine, tasks(0, 3), 0, 2);
        fill(theirs, tasks(2, 1), 0, 1);
        YieldTo.yield(mine, theirs, 1, MS);
        assertEquals(MS, tasks.vruntime[0]);
        assertEquals(MS, tasks.sumExec[0]);
    }

    /** The hint is one: pick_next_entity() leaves the target where it is when it is too far ahead of the leftmost (wake-up granularity). */
    @Test
    void a_target_too_far_ahead_is_hinted_at_but_not_taken() {
        fill(mine, tasks(0), 0);
        fill(theirs, tasks(2, 3, 1), 0, 1, 10);
        assertEquals(1, YieldTo.yield(mine, theirs, 1, MS / 2));
        assertEquals(2, theirs.pickNext(MS / 2));
        assertEquals(1, theirs.hinted());
    }
}
