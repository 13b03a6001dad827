package io.vfio4j.frontend.swing;

import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.display.irq.IrqDialect;
import io.vfio4j.frontend.LiveScreen;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where a screen's events have come from so far. */
record EventSources(Optional<String> dialect, Map<RefreshSource, Long> events) {
    private static final double NANOS_PER_SECOND = 1e9;

    static EventSources of(LiveScreen screen) {
        return new EventSources(
                screen.display().flatMap(Display::dialect).map(IrqDialect::label),
                screen.stats().events());
    }

    /** For people: where they came from in the time before, and how many in a second. */
    String since(EventSources before, long passedNanos) {
        String rates = Arrays.stream(RefreshSource.values())
                .filter(source -> count(before, source) > 0)
                .map(source -> name(source)
                        + String.format(Locale.ROOT, " %.1f/s", count(before, source) * NANOS_PER_SECOND / passedNanos))
                .collect(Collectors.joining(", "));
        return rates.isEmpty() ? "no events" : "events: " + rates;
    }

    private long count(EventSources before, RefreshSource source) {
        return events.getOrDefault(source, 0L) - before.events.getOrDefault(source, 0L);
    }

    private String name(RefreshSource source) {
        String name = source.name().toLowerCase(Locale.ROOT);
        return source == RefreshSource.IRQ
                ? name + dialect.map(label -> " (" + label + ")").orElse("")
                : name;
    }
}
