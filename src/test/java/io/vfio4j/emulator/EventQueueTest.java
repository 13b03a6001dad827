package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventQueueTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
    private final Kernel kernel = host.vgpu().driver().kernel();
    private final EventQueue queue = new EventQueue(kernel);
    private final List<String> happened = new ArrayList<>();

    @BeforeEach
    void lock() {
        kernel.lock();
    }

    @AfterEach
    void unlock() {
        kernel.unlock();
    }

    private EventQueue.Event at(long time, String what) {
        return queue.at(time, () -> happened.add(what));
    }

    @Test
    void thingsHappenInOrderOfTimeAndThenOfScheduling() {
        at(5, "c");
        at(3, "a");
        at(5, "d");
        at(3, "b");
        queue.run(4);
        assertEquals(List.of("a", "b"), happened);
        assertEquals(OptionalLong.of(5), queue.next());
        queue.run(5);
        assertEquals(List.of("a", "b", "c", "d"), happened);
        assertTrue(queue.next().isEmpty());
    }

    @Test
    void whatIsCancelledDoesNotHappenAndIsNotWaitedFor() {
        EventQueue.Event event = at(3, "a");
        event.cancel();
        event.cancel();
        EventQueue.Event.NONE.cancel();
        assertTrue(queue.next().isEmpty());
        queue.run(10);
        assertEquals(List.of(), happened);
    }

    @Test
    void cancellingWhatHasHappenedCancelsNothingElse() {
        EventQueue.Event first = at(3, "a");
        queue.run(3);
        first.cancel();
        at(4, "b");
        first.cancel();
        queue.run(4);
        assertEquals(List.of("a", "b"), happened);
    }

    @Test
    void cancellingTwiceCancelsNothingElse() {
        EventQueue.Event first = at(3, "a");
        first.cancel();
        at(4, "b");
        first.cancel();
        queue.run(4);
        assertEquals(List.of("b"), happened);
    }

    @Test
    void whatBecomesDueMeanwhileHappensToo() {
        queue.at(3, () -> {
            happened.add("a");
            at(3, "c");
            at(2, "late");
            at(4, "d");
        });
        at(3, "b");
        queue.run(3);
        assertEquals(List.of("a", "late", "b", "c"), happened);
    }

    @Test
    void aDelayThatOverflowsNeverEndsAndStillIsSomethingToWaitFor() {
        kernel.setVirtualTime(100);
        queue.after(Long.MAX_VALUE, () -> happened.add("never"));
        assertEquals(OptionalLong.of(Long.MAX_VALUE), queue.next());
        queue.run(Long.MAX_VALUE - 1);
        assertEquals(List.of(), happened);
    }

    @Test
    void itsHistoryIsThatOfASortedMap() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        TreeMap<Long, List<Integer>> expected = new TreeMap<>();
        List<Integer> seen = new ArrayList<>();
        List<Runnable> cancels = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            int number = i;
            long time = random.nextInt(1000);
            EventQueue.Event event = queue.at(time, () -> seen.add(number));
            List<Integer> sameTime = expected.computeIfAbsent(time, none -> new ArrayList<>());
            sameTime.add(number);
            cancels.add(() -> {
                event.cancel();
                sameTime.remove(Integer.valueOf(number));
            });
            if (random.nextInt(3) == 0) {
                cancels.remove(random.nextInt(cancels.size())).run();
            }
        }
        queue.run(1000);
        assertEquals(expected.values().stream().flatMap(List::stream).toList(), seen, "seed " + seed);
    }
}
