package io.vfio4j.emulator;

import io.vfio4j.emulator.event.EventHeap;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalLong;

/**
 * What is going to happen, in order of time and then of scheduling, so that the same calls always give the same history.
 * Used under the kernel's lock.
 */
final class EventQueue {
    private static final int FIRST_SLOTS = 64;

    /** A thing to happen once. */
    abstract static sealed class Event {
        static final Event NONE = new Nothing();

        /** It does not happen, unless it has. */
        abstract void cancel();

        abstract void happen();
    }

    private static final class Nothing extends Event {
        @Override
        void cancel() {
            // There is nothing that could happen.
        }

        @Override
        void happen() {
            // Nothing.
        }
    }

    private final class Scheduled extends Event {
        private final int slot;
        private final Runnable action;

        private Scheduled(int slot, Runnable action) {
            this.slot = slot;
            this.action = action;
        }

        @Override
        void cancel() {
            // What has happened may have left its slot to another.
            if (events.get(slot) == this) {
                heap.cancel(slot);
                release(slot);
            }
        }

        @Override
        void happen() {
            action.run();
        }
    }

    private final EventHeap heap = new EventHeap(FIRST_SLOTS);
    private final List<Event> events = new ArrayList<>();
    private final BitSet free = new BitSet();
    private final Kernel kernel;

    EventQueue(Kernel kernel) {
        this.kernel = kernel;
    }

    Event at(long time, Runnable action) {
        Scheduled event = put(action);
        heap.schedule(event.slot, time);
        kernel.signalChange();
        return event;
    }

    private Scheduled put(Runnable action) {
        int reused = free.nextSetBit(0);
        if (reused < 0) {
            Scheduled event = new Scheduled(events.size(), action);
            events.add(event);
            return event;
        }
        free.clear(reused);
        Scheduled event = new Scheduled(reused, action);
        events.set(reused, event);
        return event;
    }

    private Event release(int slot) {
        free.set(slot);
        return events.set(slot, Event.NONE);
    }

    Event after(long delayNanos, Runnable action) {
        long now = kernel.nanoTime();
        // A delay that overflows is one that never ends.
        return at(delayNanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + delayNanos, action);
    }

    /** When something happens next. */
    OptionalLong next() {
        return heap.size() == 0 ? OptionalLong.empty() : OptionalLong.of(heap.nextTime());
    }

    /** Lets happen what is due, and what becomes due thereby. */
    void run(long now) {
        while (heap.size() > 0 && heap.nextTime() <= now) {
            release(heap.take()).happen();
        }
    }
}
