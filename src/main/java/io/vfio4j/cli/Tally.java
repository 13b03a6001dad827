package io.vfio4j.cli;

import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.vfio.PlaneType;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;

/** What a watch has seen so far. Filled by one thread, read by another. */
final class Tally {
    private static final long LONGEST_LATENCY_NANOS = 3_600_000_000_000L;
    private static final int DIGITS = 3;

    private final Map<RefreshSource, Long> bySource = new EnumMap<>(RefreshSource.class);
    private final Map<PlaneType, Long> byPlane = new EnumMap<>(PlaneType.class);
    private final Histogram latencies = new Histogram(LONGEST_LATENCY_NANOS, DIGITS);
    private final Sum signals = new Sum();
    private final Sum primary = new Sum();
    private final Sum cursor = new Sum();
    private long events;
    private long saturated;
    private RefreshSource lastSource = RefreshSource.RESYNC;
    private Optional<DisplayMode> mode = Optional.empty();

    /** Adds up what is known; unknown as soon as one summand is. */
    private static final class Sum {
        private long total;
        private boolean known = true;

        private void add(OptionalLong count) {
            total += count.orElse(0);
            known &= count.isPresent();
        }

        private OptionalLong get() {
            return known ? OptionalLong.of(total) : OptionalLong.empty();
        }
    }

    /**
     * The counts at one time.
     *
     * @param events refresh events, whatever their source
     * @param bySource events by where they came from
     * @param byPlane events that name the plane
     * @param signals how often the driver signalled, as far as the counters told
     * @param primary the primary plane's part of it
     * @param cursor the cursor's part of it
     * @param saturated events with a counter that stood at its maximum
     * @param latency from the read to the delivery; empty where nothing was measured
     * @param lastSource where the last event came from
     * @param mode what the screen is now; empty when it is off
     */
    record Counts(
            long events,
            Map<RefreshSource, Long> bySource,
            Map<PlaneType, Long> byPlane,
            OptionalLong signals,
            OptionalLong primary,
            OptionalLong cursor,
            long saturated,
            Optional<Latency> latency,
            RefreshSource lastSource,
            Optional<DisplayMode> mode) {}

    /** Percentiles, in nanoseconds. */
    record Latency(long p50, long p99, long max) {}

    synchronized void add(RefreshEvent event) {
        events++;
        lastSource = event.source();
        bySource.merge(event.source(), 1L, Long::sum);
        event.planes().forEach(plane -> byPlane.merge(plane, 1L, Long::sum));
        if (event.merged() > 0) {
            // What covers no read signals nothing.
            signals.add(event.signals());
            primary.add(event.primary());
            cursor.add(event.cursor());
        }
        if (event.saturated()) {
            saturated++;
        }
    }

    synchronized void addLatency(long nanos) {
        latencies.recordValue(Math.min(Math.max(0, nanos), LONGEST_LATENCY_NANOS));
    }

    synchronized void setMode(Optional<DisplayMode> now) {
        mode = now;
    }

    synchronized Counts counts() {
        return new Counts(
                events,
                new EnumMap<>(bySource),
                new EnumMap<>(byPlane),
                signals.get(),
                primary.get(),
                cursor.get(),
                saturated,
                latency(latencies),
                lastSource,
                mode);
    }

    static Optional<Latency> latency(Histogram histogram) {
        return histogram.getTotalCount() == 0
                ? Optional.empty()
                : Optional.of(new Latency(
                        histogram.getValueAtPercentile(50),
                        histogram.getValueAtPercentile(99),
                        histogram.getMaxValue()));
    }
}
