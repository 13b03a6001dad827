package io.vfio4j.frontend.swing;

import io.vfio4j.display.Display;
import io.vfio4j.display.irq.IrqDialect;
import io.vfio4j.frontend.LiveScreen;
import java.util.Optional;

/** Where a screen's events have come from so far. */
record EventSources(Optional<String> dialect, long irqReads) {
    static final EventSources NONE = new EventSources(Optional.empty(), 0);

    static EventSources of(LiveScreen screen) {
        Optional<Display> display = screen.display();
        return new EventSources(
                display.flatMap(Display::dialect).map(IrqDialect::label),
                display.map(shown -> shown.stats().reads() - shown.stats().dropped())
                        .orElse(0L));
    }

    /** For people: where they came from since then. */
    String since(EventSources before) {
        return irqReads > before.irqReads
                ? ", by irq" + dialect.map(label -> " (" + label + ")").orElse("")
                : ", by timer";
    }
}
