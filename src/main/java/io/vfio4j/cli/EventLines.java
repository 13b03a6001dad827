package io.vfio4j.cli;

import io.vfio4j.display.BufferChange;
import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshSource;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;

/** A line of text for each event. */
final class EventLines implements WatchOutput {
    /** As wide as a time: nothing tells when it happened, only when it was noticed. */
    private static final String NO_TIME = " ".repeat(14);

    private final PrintWriter out;
    private long startNanos;

    EventLines(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void begin(String heading, long start) {
        startNanos = start;
        print(at(start) + "watching " + heading);
    }

    @Override
    public void refresh(RefreshEvent event) {
        StringBuilder line = new StringBuilder(96);
        line.append(at(event.timeNanos())).append(String.format(Locale.ROOT, "%-9s", event.source()));
        line.append(String.join("+", Words.planes(event.planes())));
        if (event.merged() > 0) {
            line.append("  #").append(event.sequence());
            if (event.merged() > 1) {
                line.append(" (").append(event.merged()).append(" reads)");
            }
            line.append("  signals ").append(SummaryText.count(event.signals()));
            if (event.primary().isPresent()) {
                line.append(", primary ").append(SummaryText.count(event.primary()));
                line.append(", cursor ").append(SummaryText.count(event.cursor()));
            }
        }
        if (event.source() == RefreshSource.TIMER && event.buffer() != BufferChange.NOT_QUERIED) {
            line.append(event.buffer() == BufferChange.NEW_BUFFER ? "  new buffer" : "  same buffer");
        }
        if (event.saturated()) {
            line.append("  saturated");
        }
        print(line.toString());
    }

    @Override
    public void mode(DisplayMode mode, long nanos) {
        print(NO_TIME + "mode     " + mode);
    }

    @Override
    public void off(long nanos) {
        print(NO_TIME + "off      nothing is scanned out");
    }

    @Override
    public void closed(Optional<Throwable> cause) {
        cause.ifPresent(reason -> print("closed: " + reason.getMessage()));
    }

    @Override
    public void progress(Summary soFar) {
        // Every line was printed already.
    }

    @Override
    public void summary(Summary end) {
        SummaryText.print(out, end);
    }

    private String at(long nanos) {
        return String.format(Locale.ROOT, "%12.6f  ", (nanos - startNanos) / 1e9);
    }

    private void print(String line) {
        out.print(line + System.lineSeparator());
        out.flush();
    }
}
