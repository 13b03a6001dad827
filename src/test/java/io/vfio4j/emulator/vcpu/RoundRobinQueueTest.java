package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.RunQueue.Arrival;
import org.junit.jupiter.api.Test;

/** Each in turn for 5 ms: no kernel's, but what can be computed by hand. */
class RoundRobinQueueTest {
    private static final long MS = 1_000_000;

    private final HostModel host = new HostModel(8, 1000, HostScheduler.ROUND_ROBIN, 24 * MS, 3 * MS, 4 * MS, 5 * MS);
    private final HostTasks tasks = new HostTasks(8);
    private final RunQueue queue = RunQueue.of(host, tasks);

    private void fill(int count) {
        for (int task = 0; task < count; task++) {
            queue.enqueue(task, Arrival.NEW, 0);
        }
    }

    @Test
    void each_runs_in_turn() {
        fill(6);
        for (int turn = 0; turn < 13; turn++) {
            assertEquals(turn % 6, queue.pickNext(turn * 5 * MS));
        }
        assertEquals(10 * MS, tasks.sumExec[0]);
        assertEquals(10 * MS, tasks.sumExec[5]);
        assertEquals(6, queue.size());
    }

    @Test
    void a_slice_is_over_when_it_has_been_used_up() {
        fill(2);
        queue.pickNext(0);
        assertFalse(queue.tick(4 * MS));
        assertTrue(queue.tick(5 * MS));
        assertEquals(1, queue.pickNext(5 * MS));
        assertFalse(queue.needsReschedule());
    }

    @Test
    void who_is_alone_goes_on() {
        fill(1);
        queue.pickNext(0);
        assertFalse(queue.tick(50 * MS));
        assertEquals(0, queue.pickNext(50 * MS));
        queue.dequeue(0, false, 60 * MS);
        assertEquals(60 * MS, tasks.sumExec[0]);
        assertEquals(RunQueue.NOBODY, queue.pickNext(60 * MS));
        assertEquals(RunQueue.NOBODY, queue.current());
    }

    @Test
    void nobody_preempts_by_waking_but_on_an_idle_processor() {
        queue.enqueue(0, Arrival.WOKEN, 0);
        assertTrue(queue.preempts(0, 0));
        queue.pickNext(0);
        queue.enqueue(1, Arrival.WOKEN, MS);
        assertFalse(queue.preempts(1, MS));
    }

    @Test
    void a_hint_puts_a_task_first_and_the_others_keep_their_order() {
        fill(4);
        queue.pickNext(0);
        assertTrue(queue.hint(3));
        assertEquals(3, queue.hinted());
        queue.skipCurrent(MS);
        assertEquals(3, queue.pickNext(MS));
        assertEquals(RunQueue.NOBODY, queue.hinted());
        assertEquals(1, queue.pickNext(2 * MS));
        assertEquals(2, queue.pickNext(3 * MS));
        assertEquals(0, queue.pickNext(4 * MS));
        assertFalse(queue.hint(5));
        queue.hint(3);
        queue.dequeue(3, false, 4 * MS);
        assertEquals(RunQueue.NOBODY, queue.hinted());
    }

    @Test
    void an_idle_processor_takes_whose_turn_comes_last() {
        fill(3);
        assertEquals(2, queue.pullable(0));
        queue.pickNext(0);
        queue.pickNext(MS);
        assertEquals(0, queue.pullable(MS));
        queue.dequeue(0, true, MS);
        queue.dequeue(2, true, MS);
        assertEquals(RunQueue.NOBODY, queue.pullable(MS));
        assertEquals(1, queue.size());
        assertFalse(tasks.queued[2]);
    }
}
