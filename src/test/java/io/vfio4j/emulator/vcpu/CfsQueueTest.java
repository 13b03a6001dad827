package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.RunQueue.Arrival;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The completely fair scheduler of kernel/sched/fair.c, Linux 6.1, rule by rule: latency 24 ms, granularity 3 ms, wake-up granularity 4 ms. */
class CfsQueueTest {
    private static final long MS = 1_000_000;
    private static final int NOBODY = RunQueue.NOBODY;

    private final HostModel host = new HostModel(8, 250, HostScheduler.CFS, 24 * MS, 3 * MS, 4 * MS, 3 * MS);
    private final HostTasks tasks = new HostTasks(16);
    private final CfsQueue queue = new CfsQueue(host, tasks);
    private final CfsQueue other = new CfsQueue(host, tasks);

    /** Tasks 0, 1, 2 … with these virtual run times in milliseconds, none of which runs yet. */
    private void fill(double... vruntimes) {
        for (int task = 0; task < vruntimes.length; task++) {
            arrive(task, vruntimes[task]);
        }
    }

    /** A task with a virtual run time relative to the queue's. */
    private void arrive(int task, double vruntime) {
        tasks.vruntime[task] = Math.round(vruntime * MS);
        queue.enqueue(task, Arrival.MOVED, 0);
    }

    private double vruntime(int task) {
        return tasks.vruntime[task] / (double) MS;
    }

    // Slices: __sched_period(), sched_slice()

    @Test
    void up_to_8_tasks_share_the_latency_and_more_get_the_granularity_each() {
        assertEquals(24 * MS, queue.slice(1));
        assertEquals(12 * MS, queue.slice(2));
        assertEquals(8 * MS, queue.slice(3));
        assertEquals(3 * MS, queue.slice(8));
        assertEquals(3 * MS, queue.slice(9));
        assertEquals(3 * MS, queue.slice(4000));
    }

    /** BASE_SLICE: where the latency was set so that a share is shorter than the granularity, the granularity holds. */
    @Test
    void no_slice_is_shorter_than_the_granularity() {
        CfsQueue odd = new CfsQueue(new HostModel(8, 250, HostScheduler.CFS, 10 * MS, 4 * MS, MS, MS), tasks);
        assertEquals(5 * MS, odd.slice(2));
        assertEquals(4 * MS, odd.slice(3));
        assertEquals(4 * MS, odd.slice(4));
    }

    // update_curr(), update_min_vruntime()

    @Test
    void running_makes_virtual_time_pass() {
        fill(0);
        assertEquals(0, queue.pickNext(MS));
        queue.charge(6 * MS);
        assertEquals(5.0, vruntime(0));
        assertEquals(5 * MS, tasks.sumExec[0]);
        queue.charge(6 * MS);
        queue.charge(5 * MS);
        assertEquals(5 * MS, tasks.sumExec[0]);
        assertEquals(5 * MS, queue.minVruntime);
    }

    @Test
    void min_vruntime_is_the_least_of_those_who_want_to_run_and_never_goes_back() {
        fill(2, 7);
        assertEquals(0, queue.pickNext(0));
        queue.charge(MS);
        assertEquals(3 * MS, queue.minVruntime);
        queue.charge(6 * MS);
        assertEquals(7 * MS, queue.minVruntime);
        queue.dequeue(1, false, 6 * MS);
        assertEquals(8 * MS, queue.minVruntime);
        // A sleeper is placed before the others; the queue's time does not follow it back.
        tasks.vruntime[2] = -20 * MS;
        queue.enqueue(2, Arrival.WOKEN, 6 * MS);
        assertEquals(-4.0, vruntime(2));
        queue.charge(7 * MS);
        assertEquals(8 * MS, queue.minVruntime);
    }

    @Test
    void when_who_held_it_back_leaves_min_vruntime_goes_on_to_the_next() {
        fill(2, 7);
        queue.pickNext(0);
        queue.dequeue(0, false, MS);
        assertEquals(7 * MS, queue.minVruntime);
    }

    @Test
    void an_empty_queue_keeps_its_min_vruntime() {
        fill(2, 7);
        assertEquals(0, queue.pickNext(0));
        assertEquals(1, queue.pickNext(6 * MS));
        queue.dequeue(0, false, 6 * MS);
        queue.dequeue(1, false, 6 * MS);
        assertEquals(7 * MS, queue.minVruntime);
        tasks.vruntime[0] = 50 * MS;
        queue.charge(9 * MS);
        queue.enqueue(2, Arrival.MOVED, 9 * MS);
        queue.dequeue(2, false, 9 * MS);
        assertEquals(7 * MS, queue.minVruntime);
        tasks.vruntime[2] = 90 * MS;
        queue.updateMinVruntime();
        assertEquals(7 * MS, queue.minVruntime);
    }

    // place_entity()

    /** GENTLE_FAIR_SLEEPERS. */
    @Test
    void who_slept_long_is_placed_half_a_latency_before_the_others() {
        fill(100);
        queue.pickNext(0);
        queue.charge(MS);
        tasks.setHome(1, queue);
        tasks.vruntime[1] = 20 * MS;
        queue.enqueue(1, Arrival.WOKEN, MS);
        assertEquals(101 - 12.0, vruntime(1));
    }

    @Test
    void who_slept_briefly_keeps_its_place() {
        fill(100, 95);
        assertEquals(1, queue.pickNext(0));
        queue.dequeue(1, false, 2 * MS);
        assertEquals(97.0, vruntime(1));
        assertEquals(0, queue.pickNext(2 * MS));
        queue.enqueue(1, Arrival.WOKEN, 4 * MS);
        assertEquals(97.0, vruntime(1));
    }

    /** START_DEBIT. */
    @Test
    void a_new_task_is_placed_a_slice_behind_the_others() {
        fill(100);
        queue.pickNext(0);
        queue.charge(MS);
        queue.enqueue(1, Arrival.NEW, MS);
        assertEquals(101 + 12.0, vruntime(1));
        queue.enqueue(2, Arrival.NEW, MS);
        assertEquals(101 + 8.0, vruntime(2));
    }

    // Moves: dequeue_entity(), enqueue_entity(), migrate_task_rq_fair()

    @Test
    void who_moves_keeps_its_distance_to_the_others() {
        fill(100, 103);
        queue.pickNext(0);
        queue.charge(MS);
        tasks.vruntime[2] = 5000 * MS;
        other.enqueue(2, Arrival.MOVED, 0);
        other.pickNext(0);
        other.charge(MS);
        queue.dequeue(1, true, MS);
        assertFalse(tasks.queued[1]);
        other.enqueue(1, Arrival.MOVED, MS);
        assertEquals(5001 + 2.0, vruntime(1));
        assertEquals(2, other.size());
        assertEquals(1, queue.size());
    }

    @Test
    void who_is_woken_elsewhere_takes_its_distance_along() {
        fill(100, 97);
        assertEquals(1, queue.pickNext(0));
        queue.dequeue(1, false, MS);
        assertEquals(0, queue.pickNext(MS));
        queue.charge(2 * MS);
        tasks.vruntime[2] = 5000 * MS;
        other.enqueue(2, Arrival.MOVED, 0);
        other.pickNext(0);
        other.charge(MS);
        // It is 98 where the others are 101.
        other.enqueue(1, Arrival.WOKEN, 2 * MS);
        assertEquals(5002 - 3.0, vruntime(1));
    }

    // pick_next_entity()

    @Test
    void the_leftmost_is_taken_and_equal_ones_in_the_order_of_their_arrival() {
        fill(3, 1, 2, 1);
        assertEquals(1, queue.pickNext(0));
        queue.dequeue(1, false, 0);
        assertEquals(3, queue.pickNext(0));
        queue.dequeue(3, false, 0);
        assertEquals(2, queue.pickNext(0));
        queue.dequeue(2, false, 0);
        assertEquals(0, queue.pickNext(0));
        queue.dequeue(0, false, 0);
        assertEquals(NOBODY, queue.pickNext(0));
        assertEquals(0, queue.size());
        assertEquals(NOBODY, queue.current());
    }

    @Test
    void who_runs_goes_on_only_while_nobody_is_left_of_it() {
        fill(0, 1);
        assertEquals(0, queue.pickNext(0));
        assertEquals(0, queue.pickNext(MS / 2));
        assertEquals(1, queue.pickNext(MS));
        assertEquals(1, queue.current());
        assertEquals(2, queue.size());
    }

    /** pick_next_task_fair(): set_next_entity() is not called for a task that is taken again. */
    @Test
    void who_is_taken_again_keeps_what_it_has_run_of_its_slice() {
        fill(0, 30);
        queue.pickNext(0);
        assertEquals(0, queue.pickNext(10 * MS));
        assertEquals(10 * MS, tasks.ranSincePick(0));
        assertTrue(queue.tick(13 * MS));
    }

    // Buddies

    @Test
    void the_next_buddy_is_taken_before_the_leftmost_if_that_is_not_unfair() {
        fill(0, 1, 4);
        assertTrue(queue.hint(2));
        assertEquals(2, queue.pickNext(0));
        assertEquals(NOBODY, queue.hinted());
    }

    @Test
    void a_next_buddy_too_far_ahead_waits_until_the_others_have_caught_up() {
        fill(0, 1, 4.000001);
        assertTrue(queue.hint(2));
        assertEquals(0, queue.pickNext(0));
        assertEquals(2, queue.hinted());
        queue.dequeue(0, false, 0);
        assertEquals(2, queue.pickNext(0));
    }

    @Test
    void who_is_not_in_the_queue_cannot_be_hinted_at() {
        fill(0, 1);
        assertFalse(queue.hint(2));
        queue.dequeue(1, true, 0);
        assertFalse(queue.hint(1));
        other.enqueue(1, Arrival.MOVED, 0);
        assertFalse(queue.hint(1));
        assertTrue(other.hint(1));
        assertEquals(NOBODY, queue.hinted());
    }

    @Test
    void a_buddy_that_leaves_is_forgotten() {
        fill(0, 1);
        queue.hint(1);
        queue.dequeue(1, false, 0);
        assertEquals(NOBODY, queue.hinted());
        assertEquals(0, queue.pickNext(0));
    }

    @Test
    void who_yields_is_skipped_if_the_second_is_near() {
        fill(0, 3);
        queue.pickNext(0);
        queue.skipCurrent(0);
        assertEquals(1, queue.pickNext(0));
    }

    @Test
    void who_yields_is_taken_again_if_the_second_is_too_far_ahead() {
        fill(0, 5);
        queue.pickNext(0);
        queue.skipCurrent(0);
        assertEquals(0, queue.pickNext(0));
        // It is still the one to skip, as soon as the second is near enough.
        assertEquals(1, queue.pickNext(MS));
    }

    /** The second leftmost may be the one that runs. */
    @Test
    void if_the_leftmost_is_skipped_the_running_one_may_be_second() {
        fill(0, 9);
        queue.pickNext(0);
        queue.skipCurrent(0);
        queue.hint(1);
        tasks.vruntime[2] = 3 * MS;
        queue.enqueue(2, Arrival.MOVED, 0);
        assertEquals(2, queue.pickNext(0));
        // Task 0, leftmost and to be skipped; 1 is at 9; 2, which runs, at 3.
        assertEquals(2, queue.pickNext(0));
    }

    @Test
    void if_the_leftmost_is_skipped_the_second_leftmost_is_taken_before_the_running_one() {
        fill(0, 2);
        queue.pickNext(0);
        queue.skipCurrent(0);
        arrive(2, 3);
        queue.hint(2);
        assertEquals(2, queue.pickNext(0));
        // Task 0, leftmost and to be skipped; 1 is at 2; 2, which runs, at 3.
        assertEquals(1, queue.pickNext(0));
    }

    /** yield_task_fair() clears the buddy marks of who yields: it does not want to be preferred. */
    @Test
    void who_yields_is_the_last_buddy_no_longer() {
        fill(10, 12, 12, 12, 12, 12, 12);
        assertEquals(0, queue.pickNext(0));
        arrive(15, 0);
        assertTrue(queue.preempts(15, 3 * MS));
        queue.skipCurrent(3 * MS);
        assertEquals(15, queue.pickNext(3 * MS));
        queue.dequeue(15, false, 3 * MS);
        assertEquals(1, queue.pickNext(3 * MS));
    }

    @Test
    void who_is_alone_cannot_yield() {
        fill(0);
        queue.pickNext(0);
        queue.skipCurrent(0);
        arrive(1, 1);
        assertEquals(0, queue.pickNext(0));
    }

    /** LAST_BUDDY: with 8 tasks or more the one that was preempted by a wake-up is preferred afterwards. */
    @Test
    void the_last_buddy_gets_its_processor_back_after_a_wake_up_if_there_are_8_tasks() {
        assertEquals(0, afterAWakeUpAmong(8));
        assertEquals(1, afterAWakeUpAmong(7));
    }

    private int afterAWakeUpAmong(int count) {
        CfsQueue fresh = new CfsQueue(host, tasks);
        for (int task = 0; task < count - 1; task++) {
            tasks.vruntime[task] = task == 0 ? 10 * MS : 12 * MS;
            fresh.enqueue(task, Arrival.MOVED, 0);
        }
        assertEquals(0, fresh.pickNext(0));
        int woken = 15;
        tasks.setHome(woken, fresh);
        tasks.vruntime[woken] = 0;
        fresh.enqueue(woken, Arrival.WOKEN, 3 * MS);
        assertTrue(fresh.preempts(woken, 3 * MS));
        assertEquals(woken, fresh.pickNext(3 * MS));
        // Meanwhile task 0 is at 13, the others are at 12.
        fresh.dequeue(woken, false, 4 * MS);
        return fresh.pickNext(4 * MS);
    }

    // check_preempt_tick()

    @Test
    void a_slice_is_over_at_the_first_tick_after_it() {
        fill(0, 100, 100);
        queue.pickNext(0);
        assertFalse(queue.tick(4 * MS));
        assertFalse(queue.tick(8 * MS));
        assertTrue(queue.tick(12 * MS));
        assertTrue(queue.needsReschedule());
        queue.pickNext(12 * MS);
        assertFalse(queue.needsReschedule());
    }

    @Test
    void who_is_taken_anew_has_a_new_slice() {
        fill(0, 8);
        queue.pickNext(0);
        assertTrue(queue.tick(13 * MS));
        assertEquals(1, queue.pickNext(13 * MS));
        assertTrue(queue.tick(26 * MS));
        assertEquals(0, queue.pickNext(26 * MS));
        assertFalse(queue.tick(30 * MS));
        assertFalse(queue.tick(38 * MS));
        assertTrue(queue.tick(39 * MS));
    }

    @Test
    void who_is_alone_has_no_slice() {
        fill(0);
        queue.pickNext(0);
        assertFalse(queue.tick(1000 * MS));
        assertEquals(1000 * MS, tasks.sumExec[0]);
    }

    @Test
    void who_is_far_ahead_of_the_leftmost_is_descheduled_early_but_not_before_the_granularity() {
        fill(20);
        queue.pickNext(0);
        arrive(1, 0);
        assertFalse(queue.tick(2 * MS));
        assertTrue(queue.tick(3 * MS));
    }

    @Test
    void who_is_ahead_of_the_leftmost_by_a_slice_may_go_on() {
        fill(7);
        queue.pickNext(0);
        arrive(1, 0);
        assertFalse(queue.tick(4 * MS));
        assertFalse(queue.tick(5 * MS));
        assertTrue(queue.tick(5 * MS + 1));
    }

    @Test
    void at_the_end_of_its_slice_a_task_loses_its_buddies() {
        fill(0, 1);
        queue.pickNext(0);
        queue.skipCurrent(0);
        assertTrue(queue.tick(13 * MS));
        queue.dequeue(1, false, 13 * MS);
        arrive(2, 1);
        // Were it still to be skipped, the other one, a millisecond ahead, would be taken.
        assertEquals(0, queue.pickNext(13 * MS));
    }

    // check_preempt_wakeup()

    @Test
    void who_wakes_preempts_if_it_is_behind_by_more_than_the_wake_up_granularity() {
        fill(10);
        queue.pickNext(0);
        arrive(1, 6);
        assertFalse(queue.preempts(1, 0));
        assertTrue(queue.preempts(1, 1));
        assertEquals(1, queue.next);
        assertEquals(NOBODY, queue.hinted());
        assertEquals(1, queue.pickNext(1));
    }

    @Test
    void a_processor_that_is_to_reschedule_anyway_nominates_nobody() {
        fill(10);
        queue.pickNext(0);
        queue.reschedule();
        arrive(1, 0);
        assertTrue(queue.preempts(1, 0));
        assertEquals(NOBODY, queue.next);
    }

    /** There is one next buddy: a wake-up that preempts takes the place of a directed yield's target, and the other way round. */
    @Test
    void a_wake_up_that_preempts_displaces_the_hint() {
        fill(10, 11);
        queue.pickNext(0);
        queue.hint(1);
        arrive(2, 5);
        assertTrue(queue.preempts(2, 0));
        assertEquals(NOBODY, queue.hinted());
        queue.hint(1);
        assertEquals(1, queue.hinted());
    }

    @Test
    void an_idle_processor_is_preempted_by_anybody() {
        arrive(0, 0);
        assertTrue(queue.preempts(0, 0));
        assertEquals(0, queue.pickNext(0));
        assertFalse(queue.preempts(0, 0));
    }

    // detach_tasks(), task_hot()

    @Test
    void an_idle_processor_takes_who_has_neither_run_nor_come_for_longest() {
        fill(5, 1, 2);
        assertEquals(1, queue.pickNext(10 * MS));
        assertEquals(0, queue.pullable(10 * MS));
        assertEquals(2, queue.pickNext(12 * MS));
        // Task 1 has just run: it came before 2, but is in the cache. Task 0 has been there longest.
        assertEquals(0, queue.pullable(12 * MS));
        queue.dequeue(0, true, 12 * MS);
        assertEquals(NOBODY, queue.pullable(12 * MS));
        assertEquals(1, queue.pullable(12 * MS + RunQueue.MIGRATION_COST_NANOS));
    }

    /** The list that detach_tasks() goes through has the tasks taken last in front, whenever they came. */
    @Test
    void who_was_taken_since_it_came_counts_from_then() {
        fill(0, 1.5, 9);
        assertEquals(0, queue.pickNext(0));
        assertEquals(1, queue.pickNext(2 * MS));
        assertEquals(2, queue.pullable(3 * MS));
    }

    @Test
    void who_was_woken_elsewhere_is_not_in_the_cache_of_its_new_processor() {
        fill(0);
        queue.pickNext(10 * MS);
        queue.dequeue(0, false, 11 * MS);
        other.enqueue(0, Arrival.WOKEN, 11 * MS);
        assertEquals(0, other.pullable(11 * MS));
        other.dequeue(0, false, 11 * MS);
        queue.charge(11 * MS);
        tasks.execStart[0] = 11 * MS;
        other.enqueue(0, Arrival.WOKEN, 11 * MS + 1);
        assertEquals(NOBODY, other.pullable(11 * MS + 1));
    }

    @Test
    void who_has_moved_is_not_in_the_cache_of_its_new_processor() {
        fill(0, 0);
        queue.pickNext(10 * MS);
        queue.charge(11 * MS);
        queue.dequeue(0, true, 11 * MS);
        other.enqueue(0, Arrival.MOVED, 11 * MS);
        assertEquals(0, other.pullable(11 * MS));
    }

    // All together

    /** Three that compute for ever get the same, within a slice of each other, at any tick rate. */
    @Test
    void everybody_gets_the_same() {
        for (int hertz : new int[] {100, 250, 1000}) {
            long tick = 1000 * MS / hertz;
            HostTasks mine = new HostTasks(3);
            CfsQueue fresh = new CfsQueue(host, mine);
            for (int task = 0; task < 3; task++) {
                fresh.enqueue(task, Arrival.NEW, 0);
            }
            fresh.pickNext(0);
            for (long now = tick; now <= 30_000 * MS; now += tick) {
                if (fresh.tick(now)) {
                    fresh.pickNext(now);
                }
            }
            long all = mine.sumExec[0] + mine.sumExec[1] + mine.sumExec[2];
            assertEquals(30_000 * MS, all, "at " + hertz + " Hz");
            for (int task = 0; task < 3; task++) {
                assertEquals(10_000 * MS, mine.sumExec[task], 24 * MS, "task " + task + " at " + hertz + " Hz");
            }
        }
    }

    /** Whatever happens: who waits is in order, counted once, and min_vruntime does not go back. */
    @Test
    void whatever_happens_the_queue_stays_in_order() {
        long seed = 20190718;
        SplittableRandom random = new SplittableRandom(seed);
        boolean[] sleeping = new boolean[16];
        for (int task = 0; task < 16; task++) {
            (task % 2 == 0 ? queue : other).enqueue(task, Arrival.NEW, 0);
        }
        long now = 0;
        long[] ranBefore = new long[16];
        for (int step = 0; step < 200_000; step++) {
            now += random.nextLong(2 * MS);
            CfsQueue one = random.nextBoolean() ? queue : other;
            CfsQueue two = one == queue ? other : queue;
            long least = one.minVruntime;
            int task = random.nextInt(16);
            switch (random.nextInt(7)) {
                case 0 -> one.tick(now);
                case 1 -> one.pickNext(now);
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
                        assertTrue(pulled != one.current(), "seed " + seed + " step " + step);
                        one.dequeue(pulled, true, now);
                        two.enqueue(pulled, Arrival.MOVED, now);
                    }
                }
            }
            String where = "seed " + seed + " step " + step;
            assertTrue(one.minVruntime >= least, where);
            int awake = 0;
            for (int any = 0; any < 16; any++) {
                assertTrue(tasks.sumExec[any] >= ranBefore[any], where);
                ranBefore[any] = tasks.sumExec[any];
                assertEquals(!sleeping[any], tasks.queued[any], where);
                awake += sleeping[any] ? 0 : 1;
            }
            assertEquals(awake, queue.size() + other.size(), where);
            for (CfsQueue each : new CfsQueue[] {queue, other}) {
                for (int i = 1; i < each.waiters; i++) {
                    assertTrue(tasks.vruntime[each.waiting[i - 1]] <= tasks.vruntime[each.waiting[i]], where);
                }
                if (each.next != NOBODY) {
                    assertTrue(each.has(each.next), where);
                }
            }
        }
    }
}
