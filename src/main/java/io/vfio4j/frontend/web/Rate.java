package io.vfio4j.frontend.web;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/** How fast a count grows, over the last seconds. For one thread. */
final class Rate {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    /** Over less, a few more or less would look like a change. */
    private static final long SHORTEST = SECOND / 2;
    /** Over more, it would be news of the past. */
    private static final long LONGEST = 3 * SECOND;

    private record Sample(long nanos, long count) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    void add(long nanos, long count) {
        if (!samples.isEmpty() && nanos - samples.getLast().nanos < SECOND / 10) {
            return;
        }
        samples.addLast(new Sample(nanos, count));
        while (samples.size() > 2 && nanos - samples.getFirst().nanos > LONGEST) {
            samples.removeFirst();
        }
    }

    /** After a pause what came before says nothing. */
    void forget() {
        samples.clear();
    }

    /** Empty until enough time has passed to tell. */
    OptionalDouble perSecond() {
        if (samples.isEmpty()) {
            return OptionalDouble.empty();
        }
        long nanos = samples.getLast().nanos - samples.getFirst().nanos;
        long count = samples.getLast().count - samples.getFirst().count;
        return nanos < SHORTEST ? OptionalDouble.empty() : OptionalDouble.of((double) count * SECOND / nanos);
    }
}
