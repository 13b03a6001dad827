package io.vfio4j.emulator.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Comparator;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EventHeapTest {
    private final EventHeap heap = new EventHeap(4);

    @Test
    void whatIsEarlierHappensFirst() {
        heap.schedule(0, 30);
        heap.schedule(1, 10);
        heap.schedule(2, 20);
        assertEquals(10, heap.nextTime());
        assertEquals(1, heap.take());
        assertEquals(2, heap.take());
        assertEquals(0, heap.take());
        assertEquals(EventHeap.NEVER, heap.nextTime());
    }

    @Test
    void ofTwoAtTheSameTimeTheOneScheduledFirstHappensFirst() {
        heap.schedule(3, 5);
        heap.schedule(1, 5);
        heap.schedule(2, 5);
        assertEquals(3, heap.take());
        assertEquals(1, heap.take());
        assertEquals(2, heap.take());
    }

    @Test
    void aThingThatIsMovedComesAfterWhatWasThereAlready() {
        heap.schedule(0, 9);
        heap.schedule(1, 5);
        heap.schedule(0, 5);
        assertEquals(1, heap.take());
        assertEquals(0, heap.take());
    }

    @Test
    void aThingThatIsScheduledForItsOwnTimeKeepsItsPlace() {
        heap.schedule(0, 5);
        heap.schedule(1, 5);
        heap.schedule(0, 5);
        assertEquals(0, heap.take());
    }

    @Test
    void aForgottenThingDoesNotHappenAndMayBeScheduledAgain() {
        heap.schedule(0, 5);
        heap.schedule(1, 6);
        heap.cancel(0);
        heap.cancel(0);
        heap.cancel(77);
        assertEquals(EventHeap.NEVER, heap.timeOf(0));
        assertEquals(1, heap.size());
        heap.schedule(0, 7);
        assertEquals(1, heap.take());
        assertEquals(0, heap.take());
    }

    @Test
    void nothingCanBeTakenOutOfAnEmptyQueue() {
        assertThrows(IllegalStateException.class, heap::take);
    }

    @Test
    void theQueueGrowsWithItsSlots() {
        heap.schedule(1000, 2);
        heap.schedule(0, 1);
        assertEquals(2, heap.timeOf(1000));
        assertEquals(0, heap.take());
        assertEquals(1000, heap.take());
    }

    /** The reference is a set sorted by time and order. */
    @Test
    void anyMixtureOfCallsComesOutAsSortedByTimeAndOrder() {
        long seed = 20;
        Random random = new Random(seed);
        record Event(long time, long order, int slot) {}
        TreeSet<Event> sorted =
                new TreeSet<>(Comparator.comparingLong(Event::time).thenComparingLong(Event::order));
        Event[] scheduled = new Event[50];
        for (int i = 0; i < 200_000; i++) {
            int slot = random.nextInt(scheduled.length);
            int what = random.nextInt(10);
            if (what < 6) {
                long time = random.nextInt(40);
                if (scheduled[slot] == null || scheduled[slot].time != time) {
                    if (scheduled[slot] != null) {
                        sorted.remove(scheduled[slot]);
                    }
                    scheduled[slot] = new Event(time, i, slot);
                    sorted.add(scheduled[slot]);
                }
                heap.schedule(slot, time);
            } else if (what < 7) {
                if (scheduled[slot] != null) {
                    sorted.remove(scheduled[slot]);
                    scheduled[slot] = null;
                }
                heap.cancel(slot);
            } else if (!sorted.isEmpty()) {
                Event first = sorted.pollFirst();
                scheduled[first.slot] = null;
                assertEquals(first.time, heap.nextTime(), "seed " + seed + ", call " + i);
                assertEquals(first.slot, heap.take(), "seed " + seed + ", call " + i);
            }
            assertEquals(sorted.size(), heap.size());
        }
    }
}
