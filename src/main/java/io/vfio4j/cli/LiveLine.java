package io.vfio4j.cli;

import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;

/** One line on a terminal, redrawn in place. */
final class LiveLine implements WatchOutput {
    /** Without wrapping: a line that is too long for the terminal is cut off, and can still be redrawn. */
    private static final String REDRAW = "\r\033[?7l\033[K";

    private static final String END = "\033[?7h";

    private final PrintWriter out;
    private boolean drawn;

    LiveLine(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void begin(String heading, long startNanos) {
        out.println("watching " + heading + "; Ctrl-C ends it");
        out.flush();
    }

    @Override
    public void refresh(RefreshEvent event) {
        // Drawn with the next progress: people cannot read sixty lines a second.
    }

    @Override
    public void mode(DisplayMode mode, long nanos) {
        // In the line.
    }

    @Override
    public void off(long nanos) {
        // In the line.
    }

    @Override
    public void closed(Optional<Throwable> cause) {
        // What it means for the command is said on standard error.
    }

    @Override
    public void progress(Summary soFar) {
        Tally.Counts seen = soFar.seen();
        StringBuilder line = new StringBuilder(128);
        line.append(String.format(
                Locale.ROOT,
                "%7.1f s  %d events  %.1f/s  %s  %s",
                soFar.seconds(),
                seen.events(),
                soFar.eventsPerSecond(),
                seen.lastSource(),
                seen.mode().map(DisplayMode::toString).orElse("off")));
        soFar.primary().ifPresent(count -> line.append("  primary ").append(Long.toUnsignedString(count)));
        soFar.cursor().ifPresent(count -> line.append("  cursor ").append(Long.toUnsignedString(count)));
        soFar.frames()
                .ifPresent(frames ->
                        line.append("  missed ").append(frames.missed()).append(" vblanks"));
        seen.latency()
                .ifPresent(latency -> line.append("  latency ")
                        .append(SummaryText.micros(latency.p50()))
                        .append(" (p99 ")
                        .append(SummaryText.micros(latency.p99()))
                        .append(')'));
        out.print(REDRAW + line + END);
        out.flush();
        drawn = true;
    }

    @Override
    public void summary(Summary end) {
        if (drawn) {
            progress(end);
            out.println();
        }
        SummaryText.print(out, end);
    }
}
