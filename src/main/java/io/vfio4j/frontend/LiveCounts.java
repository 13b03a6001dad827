package io.vfio4j.frontend;

import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** A screen's counts as they grow. Any thread. */
final class LiveCounts {
    final AtomicLong captures = new AtomicLong();
    final AtomicLong unchanged = new AtomicLong();
    final AtomicLong skipped = new AtomicLong();
    final AtomicLong failures = new AtomicLong();
    final AtomicLong overtaken = new AtomicLong();
    final AtomicLong moves = new AtomicLong();
    final AtomicLong changedPixels = new AtomicLong();
    final AtomicLong totalPixels = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    private final long[] events = new long[RefreshSource.values().length];
    private long reads;
    private final long[] buckets = new long[LatencyCounts.BOUNDS.size() + 1];
    private final long[] bounds =
            LatencyCounts.BOUNDS.stream().mapToLong(bound -> bound.toNanos()).toArray();
    private long latencies;
    private long totalNanos;
    private long maxNanos;

    void event(RefreshEvent event) {
        lock.lock();
        try {
            events[event.source().ordinal()]++;
            reads += event.merged();
        } finally {
            lock.unlock();
        }
    }

    /** From the notice of an event until its picture was there for the viewers. */
    void latency(long nanos) {
        int bucket = 0;
        while (bucket < bounds.length && nanos > bounds[bucket]) {
            bucket++;
        }
        lock.lock();
        try {
            buckets[bucket]++;
            latencies++;
            totalNanos += nanos;
            maxNanos = Math.max(maxNanos, nanos);
        } finally {
            lock.unlock();
        }
    }

    LiveStats stats(int viewers) {
        Map<RefreshSource, Long> bySource = new EnumMap<>(RefreshSource.class);
        List<Long> byBucket = new ArrayList<>();
        lock.lock();
        try {
            for (RefreshSource source : RefreshSource.values()) {
                bySource.put(source, events[source.ordinal()]);
            }
            Arrays.stream(buckets).forEach(byBucket::add);
            return new LiveStats(
                    bySource,
                    reads,
                    captures.get(),
                    unchanged.get(),
                    skipped.get(),
                    failures.get(),
                    overtaken.get(),
                    moves.get(),
                    changedPixels.get(),
                    totalPixels.get(),
                    new LatencyCounts(latencies, totalNanos, maxNanos, byBucket),
                    viewers);
        } finally {
            lock.unlock();
        }
    }
}
