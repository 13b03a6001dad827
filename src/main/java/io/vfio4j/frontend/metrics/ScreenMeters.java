package io.vfio4j.frontend.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayStats;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.frontend.LatencyCounts;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.LiveStats;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;

/** What a screen counts. */
final class ScreenMeters {
    private static final String PREFIX = "vfio4j.display.";
    private static final double NANOS = 1e9;

    private final LiveScreen screen;
    private final ReentrantLock lock = new ReentrantLock();

    /** Displays come and go behind a screen, and count from 0 each; the screen's counts go on. */
    private Optional<Display> current = Optional.empty();

    private DisplayStats currentStats = new DisplayStats(0, 0, 0, 0, 0);
    private DisplayStats earlier = new DisplayStats(0, 0, 0, 0, 0);

    ScreenMeters(LiveScreen screen) {
        this.screen = screen;
    }

    Meters registerIn(MeterRegistry registry) {
        Meters meters = new Meters(registry, Tags.of("display", screen.name()), () -> {});
        events(meters);
        pictures(meters);
        latency(meters);
        return meters.gauge(PREFIX + "viewers", "who looks", () -> stats().viewers())
                .count(PREFIX + "irq.reads", "reads of the irq's counter", () -> display(DisplayStats::reads))
                .count(
                        PREFIX + "irq.dropped",
                        "reads of the irq's counter that nobody was there for",
                        () -> display(DisplayStats::dropped))
                .count(
                        PREFIX + "irq.saturated",
                        "reads that found the irq's counter at its maximum",
                        () -> display(DisplayStats::saturated))
                .count(PREFIX + "queries", "queries of planes", () -> display(DisplayStats::queries))
                .count(PREFIX + "errors", "errors of the display", () -> display(DisplayStats::errors));
    }

    private void events(Meters meters) {
        for (RefreshSource source : RefreshSource.values()) {
            meters.count(
                    PREFIX + "events",
                    "refresh events",
                    Tags.of("source", source.name().toLowerCase(Locale.ROOT)),
                    () -> stats().events().getOrDefault(source, 0L));
        }
        meters.count(
                PREFIX + "reads",
                "reads of the irq's counter that the events stand for; those beyond the irq's events were merged",
                () -> stats().reads());
    }

    private void pictures(Meters meters) {
        meters.count(PREFIX + "captures", "readings of the guest's picture", () -> stats().captures())
                .count(
                        PREFIX + "unchanged",
                        "readings that showed what the one before had shown",
                        () -> stats().unchanged())
                .count(
                        PREFIX + "overtaken",
                        "readings during which the guest changed the picture",
                        () -> stats().overtaken())
                .count(PREFIX + "skipped", "readings put off because viewers held all frames", () -> stats().skipped())
                .count(PREFIX + "failures", "readings that failed", () -> stats().failures())
                .count(PREFIX + "moves", "parts of pictures that had only moved", () -> stats().moves())
                .count(PREFIX + "pixels.read", "pixels that were read", () -> stats().totalPixels())
                .count(PREFIX + "pixels.changed", "pixels that were reported as changed", () -> stats().changedPixels())
                .gauge(PREFIX + "damage", "changed pixels by pixels read, since the start", () -> {
                    LiveStats now = stats();
                    return now.totalPixels() == 0 ? 0 : (double) now.changedPixels() / now.totalPixels();
                });
    }

    private void latency(Meters meters) {
        String what = "from the notice of an event until its picture is there";
        meters.times(
                        PREFIX + "latency",
                        what,
                        () -> stats().latency().count(),
                        () -> stats().latency().totalNanos())
                .time(
                        PREFIX + "latency.max",
                        "the longest time " + what,
                        () -> stats().latency().maxNanos());
        for (int i = 0; i <= LatencyCounts.BOUNDS.size(); i++) {
            int last = i;
            String bound = i == LatencyCounts.BOUNDS.size()
                    ? "+Inf"
                    : Double.toString(LatencyCounts.BOUNDS.get(i).toNanos() / NANOS);
            meters.count(
                    PREFIX + "latency.buckets",
                    "pictures that took at most le seconds " + what,
                    Tags.of("le", bound),
                    () -> stats().latency().buckets().stream()
                            .limit(last + 1)
                            .mapToLong(Long::longValue)
                            .sum());
        }
    }

    private LiveStats stats() {
        return screen.stats();
    }

    private long display(ToLongFunction<DisplayStats> count) {
        lock.lock();
        try {
            Optional<Display> now = screen.display();
            if (now.isPresent()) {
                if (!now.equals(current)) {
                    earlier = sum(earlier, currentStats);
                    current = now;
                }
                currentStats = now.get().stats();
            }
            return count.applyAsLong(earlier) + count.applyAsLong(currentStats);
        } finally {
            lock.unlock();
        }
    }

    private static DisplayStats sum(DisplayStats one, DisplayStats other) {
        return new DisplayStats(
                one.reads() + other.reads(),
                one.dropped() + other.dropped(),
                one.saturated() + other.saturated(),
                one.queries() + other.queries(),
                one.errors() + other.errors());
    }
}
