package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A listener that notes what it hears, in its order. */
public class Notes implements RefreshListener {
    public final List<Object> all = Collections.synchronizedList(new ArrayList<>());
    public final List<RefreshEvent> events = Collections.synchronizedList(new ArrayList<>());
    public final List<DisplayMode> modes = Collections.synchronizedList(new ArrayList<>());
    public final List<Optional<Throwable>> closes = Collections.synchronizedList(new ArrayList<>());
    public volatile int offs;

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

    public RefreshEvent last() {
        return events.get(events.size() - 1);
    }

    public List<RefreshEvent> from(RefreshSource source) {
        return events.stream().filter(event -> event.source() == source).toList();
    }

    public long signals() {
        return events.stream().mapToLong(event -> event.signals().orElseThrow()).sum();
    }

    public long primary() {
        return events.stream().mapToLong(event -> event.primary().orElseThrow()).sum();
    }

    public long cursor() {
        return events.stream().mapToLong(event -> event.cursor().orElseThrow()).sum();
    }

    /** The differences of sequence equal merged; holds for a subscription that was never paused. */
    public void assertNothingLost() {
        for (int i = 1; i < events.size(); i++) {
            assertEquals(
                    events.get(i).sequence() - events.get(i - 1).sequence(),
                    events.get(i).merged(),
                    "event " + i + " of " + events);
        }
    }
}
