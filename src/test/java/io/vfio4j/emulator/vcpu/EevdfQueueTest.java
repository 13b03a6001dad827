package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.RunQueue.Arrival;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** EEVDF of kernel/sched/fair.c, Linux 6.6, and the hint of 6.14: base slice 3 ms. */
class EevdfQueueTest {
    private static final long MS = 1_000_000;
    private static final int NOBODY = RunQueue.NOBODY;

    private final HostTasks tasks = new HostTasks(16);
    private final EevdfQueue queue = queue(HostScheduler.EEVDF);
    private final EevdfQueue other = queue(HostScheduler.EEVDF);

    private EevdfQueue queue(HostScheduler scheduler) {
        return new EevdfQueue(new HostModel(8, 250, scheduler, 24 * MS, 3 * MS, 4 * MS, 3 * MS), tasks);
    }

    /** Puts a task where it is wanted, whatever its lag. */
    private void place(EevdfQueue where, int task, double vruntime, double deadline) {
        tasks.vruntime[task] = Math.round(vruntime * MS);
        tasks.deadline[task] = Math.round(deadline * MS);
        where.come(task);
    }

    private void place(int task, double vruntime, double deadline) {
        place(queue, task, vruntime, deadline);
    }

    private double lag(int task) {
        return (queue.averageVruntime() - tasks.vruntime[task]) / (double) MS;
    }

    // avg_vruntime(), entity_eligible()

    @Test
    void eligible_is_who_has_had_no_more_than_the_average() {
        place(0, 0, 3);
        place(1, 10, 13);
        place(2, 20, 23);
        assertEquals(10 * MS, queue.averageVruntime());
        assertTrue(queue.isEligible(0));
        assertTrue(queue.isEligible(1));
        assertFalse(queue.isEligible(2));
    }

    /** avg_vruntime() rounds down, entity_eligible() multiplies instead, so that nothing is lost. */
    @Test
    void the_average_is_rounded_down_and_eligibility_is_exact() {
        tasks.vruntime[0] = 0;
        tasks.vruntime[1] = -1;
        queue.come(0);
        queue.come(1);
        assertEquals(-1, queue.averageVruntime());
        assertFalse(queue.isEligible(0));
        assertTrue(queue.isEligible(1));
    }

    @Test
    void the_running_task_counts() {
        place(0, 0, 3);
        place(1, 10, 13);
        assertEquals(0, queue.pickNext(0));
        assertEquals(5 * MS, queue.averageVruntime());
        queue.charge(2 * MS);
        assertEquals(6 * MS, queue.averageVruntime());
        assertEquals(2, queue.size());
    }

    @Test
    void an_empty_queue_is_where_it_was_left() {
        place(0, 10, 13);
        queue.pickNext(0);
        queue.dequeue(0, false, 2 * MS);
        assertEquals(12 * MS, queue.averageVruntime());
        assertEquals(0, tasks.lag[0]);
    }

    // pick_eevdf()

    @Test
    void the_earliest_deadline_of_those_eligible_is_taken() {
        place(0, 0, 9);
        place(1, 4, 7);
        place(2, 8, 6);
        assertEquals(1, queue.pickNext(0));
    }

    /** RUN_TO_PARITY: who was taken goes on until its slice is over or it has had its share. */
    @Test
    void who_runs_is_not_interrupted_before_it_has_had_its_share() {
        place(0, 0, 9);
        place(1, 4, 13);
        assertEquals(0, queue.pickNext(0));
        place(2, 2, 5);
        assertFalse(queue.preempts(2, MS));
        assertEquals(0, queue.pickNext(MS));
        // At 3.1 it is ahead of the average of 3.03, and the earliest deadline is that of 2.
        assertTrue(queue.preempts(2, 31 * MS / 10));
        assertEquals(2, queue.pickNext(31 * MS / 10));
    }

    @Test
    void who_wakes_with_a_later_deadline_does_not_preempt() {
        place(0, 4, 5);
        place(1, 2, 9);
        place(2, 6, 10);
        assertEquals(0, queue.pickNext(0));
        assertFalse(queue.preempts(1, 0));
    }

    @Test
    void an_idle_processor_is_preempted_by_anybody() {
        place(0, 0, 3);
        assertTrue(queue.preempts(0, 0));
        queue.pickNext(0);
        assertFalse(queue.preempts(0, 0));
        // It has yielded, and would be taken again: that is no preemption.
        queue.charge(MS);
        tasks.deadline[0] += MS;
        assertFalse(queue.preempts(0, MS));
    }

    /** check_preempt_wakeup() returns at once, without charging. */
    @Test
    void a_processor_that_is_to_reschedule_anyway_need_not_be_preempted() {
        place(0, 0, 9);
        place(1, 4, 13);
        queue.pickNext(0);
        queue.reschedule();
        assertTrue(queue.preempts(1, MS));
        assertEquals(0, tasks.vruntime[0]);
    }

    /** update_deadline(). */
    @Test
    void a_slice_is_over_when_the_virtual_deadline_is_reached() {
        place(0, 0, 3);
        place(1, 0, 3);
        assertEquals(0, queue.pickNext(0));
        assertFalse(queue.tick(3 * MS - 1));
        assertTrue(queue.tick(3 * MS));
        assertEquals(6 * MS, tasks.deadline[0]);
        assertEquals(1, queue.pickNext(3 * MS));
    }

    @Test
    void at_the_end_of_its_slice_a_task_is_the_next_buddy_no_longer() {
        place(0, 0, 3);
        place(1, 0, 3);
        queue.pickNext(0);
        queue.hint(0);
        queue.tick(2 * MS);
        assertEquals(0, queue.hinted());
        queue.tick(3 * MS);
        assertEquals(NOBODY, queue.hinted());
    }

    @Test
    void who_is_alone_gets_one_slice_after_the_other() {
        place(0, 0, 3);
        queue.pickNext(0);
        assertFalse(queue.tick(4 * MS));
        assertEquals(7 * MS, tasks.deadline[0]);
        assertEquals(0, queue.pickNext(4 * MS));
    }

    // place_entity(), update_entity_lag()

    /** PLACE_LAG: what it was behind, it is behind again, though the others have gone on and it draws the average towards itself. */
    @Test
    void who_sleeps_keeps_its_lag() {
        place(0, 5, 8);
        place(1, 8, 11);
        place(2, 11, 14);
        assertEquals(0, queue.pickNext(0));
        assertEquals(0.0, lag(1));
        assertEquals(-3.0, lag(2));
        queue.dequeue(2, false, 0);
        assertEquals(-3 * MS, tasks.lag[2]);
        queue.charge(2 * MS);
        queue.enqueue(2, Arrival.WOKEN, 2 * MS);
        assertEquals(-3.0, lag(2), 1e-5);
        assertEquals(tasks.vruntime[2] + 3 * MS, tasks.deadline[2]);
    }

    /** The limit is twice the slice, or a tick where that is longer. */
    @Test
    void a_lag_has_its_limits() {
        place(0, 0, 3);
        place(1, 100, 103);
        queue.dequeue(0, false, 0);
        assertEquals(6 * MS, tasks.lag[0]);
        place(0, 0, 3);
        queue.dequeue(1, false, 0);
        assertEquals(-6 * MS, tasks.lag[1]);
        EevdfQueue slow =
                new EevdfQueue(new HostModel(8, 100, HostScheduler.EEVDF, 24 * MS, 3 * MS, 4 * MS, 3 * MS), tasks);
        place(slow, 2, 0, 3);
        place(slow, 3, 100, 103);
        slow.dequeue(2, false, 0);
        assertEquals(10 * MS, tasks.lag[2]);
    }

    /** e8f331bcc270 of 6.6: a move is a sleep without sleeping. */
    @Test
    void who_moves_takes_its_lag_along() {
        place(0, 0, 3);
        place(1, 4, 7);
        place(other, 2, 1000, 1003);
        queue.dequeue(1, true, 0);
        assertEquals(-2 * MS, tasks.lag[1]);
        other.enqueue(1, Arrival.MOVED, 0);
        assertEquals(1004 * MS, tasks.vruntime[1]);
        assertEquals(1002 * MS, other.averageVruntime());
    }

    @Test
    void the_first_in_an_empty_queue_has_no_lag() {
        tasks.lag[0] = -5 * MS;
        queue.enqueue(0, Arrival.WOKEN, 0);
        assertEquals(0, tasks.vruntime[0]);
        assertEquals(3 * MS, tasks.deadline[0]);
    }

    /** PLACE_DEADLINE_INITIAL. */
    @Test
    void a_new_task_begins_with_half_a_slice_and_no_lag() {
        place(0, 10, 13);
        tasks.lag[1] = -5 * MS;
        queue.enqueue(1, Arrival.NEW, 0);
        assertEquals(10 * MS, tasks.vruntime[1]);
        assertEquals(11 * MS + MS / 2, tasks.deadline[1]);
    }

    @Test
    void a_task_is_placed_where_the_others_are_now() {
        place(0, 0, 30);
        queue.pickNext(0);
        queue.enqueue(1, Arrival.WOKEN, 4 * MS);
        assertEquals(4 * MS, tasks.vruntime[1]);
    }

    @Test
    void when_who_held_it_back_leaves_min_vruntime_goes_on_to_the_next() {
        place(0, 2, 5);
        place(1, 7, 10);
        queue.pickNext(0);
        queue.dequeue(0, false, MS);
        assertEquals(7 * MS, queue.minVruntime);
    }

    // task_hot()

    @Test
    void who_comes_from_elsewhere_is_not_in_the_cache_and_who_slept_here_is() {
        place(0, 0, 3);
        queue.pickNext(10 * MS);
        queue.dequeue(0, true, 11 * MS);
        other.enqueue(0, Arrival.MOVED, 11 * MS);
        assertEquals(0, other.pullable(11 * MS));
        other.pickNext(12 * MS);
        other.dequeue(0, false, 13 * MS);
        queue.enqueue(0, Arrival.WOKEN, 13 * MS);
        assertEquals(0, queue.pullable(13 * MS));
        queue.pickNext(14 * MS);
        queue.dequeue(0, false, 15 * MS);
        queue.enqueue(0, Arrival.WOKEN, 15 * MS);
        assertEquals(NOBODY, queue.pullable(15 * MS));
    }

    @Test
    void who_moves_away_and_back_is_not_in_the_cache() {
        place(0, 0, 3);
        queue.pickNext(10 * MS);
        queue.dequeue(0, true, 11 * MS);
        queue.enqueue(0, Arrival.MOVED, 11 * MS);
        assertEquals(0, queue.pullable(11 * MS));
    }

    // The hint of a directed yield

    /** 2a77e4be12cb of 6.14, PICK_BUDDY. */
    @Test
    void since_6_14_a_hint_is_honoured_if_the_target_is_eligible() {
        place(0, 0, 3);
        place(1, 1, 4);
        place(2, 2, 9);
        place(3, 5, 6);
        assertTrue(queue.hint(2));
        assertEquals(2, queue.pickNext(0));
        assertEquals(NOBODY, queue.hinted());
    }

    @Test
    void a_target_that_is_not_eligible_waits_until_it_is() {
        place(0, 0, 3);
        place(1, 4, 7);
        queue.hint(1);
        assertEquals(0, queue.pickNext(0));
        assertEquals(1, queue.hinted());
        queue.charge(2 * MS);
        assertEquals(0, queue.pickNext(2 * MS));
        assertEquals(1, queue.hinted());
        assertEquals(0, queue.pickNext(39 * MS / 10));
        assertEquals(1, queue.pickNext(4 * MS));
    }

    /** 147f3efaa241 of 6.6 to 6.13: the target is marked and yield_to() succeeds, but only NEXT_BUDDY, off by default, would look at the mark. */
    @Test
    void from_6_6_to_6_13_a_hint_is_taken_and_ignored() {
        EevdfQueue deaf = queue(HostScheduler.EEVDF_WITHOUT_HINT);
        place(deaf, 0, 0, 3);
        place(deaf, 1, 1, 4);
        place(deaf, 2, 2, 9);
        place(deaf, 3, 5, 6);
        assertTrue(deaf.hint(2));
        assertEquals(0, deaf.pickNext(0));
        assertEquals(2, deaf.hinted());
    }

    /** yield_task_fair() of 6.6: the deadline is put off, so that RUN_TO_PARITY protects it no longer. */
    @Test
    void who_yields_puts_off_its_deadline() {
        place(0, 0, 3);
        place(1, 1, 4);
        place(2, 5, 9);
        assertEquals(0, queue.pickNext(0));
        queue.skipCurrent(MS / 2);
        assertEquals(6 * MS, tasks.deadline[0]);
        assertEquals(1, queue.pickNext(MS / 2));
    }

    @Test
    void who_yields_is_charged_and_is_the_next_buddy_no_longer() {
        place(0, 0, 3);
        place(1, 1, 4);
        queue.pickNext(0);
        queue.hint(0);
        queue.skipCurrent(MS);
        assertEquals(MS, tasks.vruntime[0]);
        assertEquals(NOBODY, queue.hinted());
    }

    /** pick_eevdf() prefers the running task only if its deadline is earlier. */
    @Test
    void of_two_with_the_same_deadline_the_waiting_one_is_taken() {
        place(0, 0, 3);
        place(1, 0, 6);
        assertEquals(0, queue.pickNext(0));
        queue.skipCurrent(0);
        assertEquals(1, queue.pickNext(0));
    }

    @Test
    void who_yields_is_taken_again_if_nobody_else_is_eligible() {
        place(0, 0, 3);
        place(1, 4, 7);
        assertEquals(0, queue.pickNext(0));
        queue.skipCurrent(MS / 2);
        assertEquals(0, queue.pickNext(MS / 2));
    }

    @Test
    void who_is_alone_cannot_yield() {
        place(0, 0, 3);
        queue.pickNext(0);
        queue.skipCurrent(MS);
        assertEquals(3 * MS, tasks.deadline[0]);
    }

    // All together

    @Test
    void everybody_gets_the_same() {
        for (int hertz : new int[] {100, 250, 1000}) {
            long tick = 1000 * MS / hertz;
            HostTasks mine = new HostTasks(3);
            EevdfQueue fresh =
                    new EevdfQueue(new HostModel(8, hertz, HostScheduler.EEVDF, 24 * MS, 3 * MS, 4 * MS, 3 * MS), mine);
            for (int task = 0; task < 3; task++) {
                fresh.enqueue(task, Arrival.NEW, 0);
            }
            fresh.pickNext(0);
            for (long now = tick; now <= 30_000 * MS; now += tick) {
                if (fresh.tick(now)) {
                    fresh.pickNext(now);
                }
            }
            assertEquals(30_000 * MS, mine.sumExec[0] + mine.sumExec[1] + mine.sumExec[2]);
            for (int task = 0; task < 3; task++) {
                assertEquals(10_000 * MS, mine.sumExec[task], 24 * MS, "task " + task + " at " + hertz + " Hz");
            }
        }
    }

    /** Whatever happens somebody is taken as long as anybody wants to run, and it is somebody who wants to. */
    @Test
    void whatever_happens_somebody_runs() {
        long seed = 20230702;
        SplittableRandom random = new SplittableRandom(seed);
        boolean[] sleeping = new boolean[16];
        for (int task = 0; task < 16; task++) {
            (task % 2 == 0 ? queue : other).enqueue(task, Arrival.NEW, 0);
        }
        long now = 0;
        for (int step = 0; step < 200_000; step++) {
            now += random.nextLong(2 * MS);
            EevdfQueue one = random.nextBoolean() ? queue : other;
            EevdfQueue two = one == queue ? other : queue;
            long least = one.minVruntime;
            int task = random.nextInt(16);
            String where = "seed " + seed + " step " + step;
            switch (random.nextInt(7)) {
                case 0 -> one.tick(now);
                case 1 -> {
                    int taken = one.pickNext(now);
                    assertEquals(one.size() == 0, taken == NOBODY, where);
                    assertTrue(taken == NOBODY || one.has(taken), where);
                }
                case 2 -> one.hint(task);
                case 3 -> one.skipCurrent(now);
                case 4 -> {
                    if (one.has(task)) {
                        one.dequeue(task, false, now);
                        sleeping[task] = true;
                    }
                }
                case 5 -> {
                    if (sleeping[task]) {
                        sleeping[task] = false;
                        one.enqueue(task, Arrival.WOKEN, now);
                        one.preempts(task, now);
                    }
                }
                default -> {
                    int pulled = one.pullable(now);
                    if (pulled != NOBODY) {
                        one.dequeue(pulled, true, now);
                        two.enqueue(pulled, Arrival.MOVED, now);
                    }
                }
            }
            assertTrue(one.minVruntime >= least, where);
            int awake = 0;
            for (int any = 0; any < 16; any++) {
                assertEquals(!sleeping[any], tasks.queued[any], where);
                awake += sleeping[any] ? 0 : 1;
            }
            assertEquals(awake, queue.size() + other.size(), where);
        }
    }
}
