package io.vfio4j.emulator;

import java.util.Comparator;
import java.util.OptionalLong;
import java.util.PriorityQueue;

/**
 * What is going to happen, in order of time and then of scheduling, so that the same calls always give the same history.
 * Used under the kernel's lock.
 */
final class EventQueue {

    /** A thing to happen once. */
    static final class Event {
        static final Event NONE = new Event(0, 0, () -> {});

        private final long time;
        private final long order;
        private final Runnable action;
        private boolean cancelled;

        private Event(long time, long order, Runnable action) {
            this.time = time;
            this.order = order;
            this.action = action;
        }

        void cancel() {
            cancelled = true;
        }
    }

    private final PriorityQueue<Event> queue =
            new PriorityQueue<>(Comparator.<Event>comparingLong(e -> e.time).thenComparingLong(e -> e.order));
    private final Kernel kernel;
    private long scheduled;

    EventQueue(Kernel kernel) {
        this.kernel = kernel;
    }

    Event at(long time, Runnable action) {
        Event event = new Event(time, scheduled++, action);
        queue.add(event);
        kernel.signalChange();
        return event;
    }

    Event after(long delayNanos, Runnable action) {
        long now = kernel.nanoTime();
        // A delay that overflows is one that never ends.
        return at(delayNanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + delayNanos, action);
    }

    /** When something happens next. */
    OptionalLong next() {
        while (!queue.isEmpty() && queue.peek().cancelled) {
            queue.remove();
        }
        return queue.isEmpty() ? OptionalLong.empty() : OptionalLong.of(queue.peek().time);
    }

    /** Lets happen what is due, and what becomes due thereby. */
    void run(long now) {
        while (true) {
            OptionalLong next = next();
            if (next.isEmpty() || next.getAsLong() > now) {
                return;
            }
            queue.remove().action.run();
        }
    }
}
