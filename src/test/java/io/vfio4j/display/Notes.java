package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A listener that notes what it hears, in its order. */
class Notes implements RefreshListener {
    final List<Object> all = Collections.synchronizedList(new ArrayList<>());
    final List<RefreshEvent> events = Collections.synchronizedList(new ArrayList<>());
    final List<DisplayMode> modes = Collections.synchronizedList(new ArrayList<>());
    final List<Optional<Throwable>> closes = Collections.synchronizedList(new ArrayList<>());
    volatile int offs;

    @Override
    public void onRefresh(RefreshEvent event) {
        all.add(event);
        events.add(event);
    }

    @Override
    public void onModeChanged(DisplayMode mode) {
        all.add(mode);
        modes.add(mode);
    }

    @Override
    public void onOff() {
        all.add("off");
        offs++;
    }

    @Override
    public void onClosed(Optional<Throwable> cause) {
        all.add("closed");
        closes.add(cause);
    }

    RefreshEvent last() {
        return events.get(events.size() - 1);
    }

    List<RefreshEvent> from(RefreshSource source) {
        return events.stream().filter(event -> event.source() == source).toList();
    }

    long signals() {
        return events.stream().mapToLong(event -> event.signals().orElseThrow()).sum();
    }

    long primary() {
        return events.stream().mapToLong(event -> event.primary().orElseThrow()).sum();
    }

    long cursor() {
        return events.stream().mapToLong(event -> event.cursor().orElseThrow()).sum();
    }

    /** The differences of sequence equal merged; holds for a subscription that was never paused. */
    void assertNothingLost() {
        for (int i = 1; i < events.size(); i++) {
            assertEquals(
                    events.get(i).sequence() - events.get(i - 1).sequence(),
                    events.get(i).merged(),
                    "event " + i + " of " + events);
        }
    }
}
