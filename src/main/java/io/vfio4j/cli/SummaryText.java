package io.vfio4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** A summary for people. */
final class SummaryText {
    private SummaryText() {}

    static void print(PrintWriter out, Summary summary) {
        Tally.Counts seen = summary.seen();
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "--- %s: %d events in %.3f s, %.1f a second (dialect %s, policy %s)%n",
                summary.device(),
                seen.events(),
                summary.seconds(),
                summary.eventsPerSecond(),
                summary.dialect(),
                summary.policy()));
        line(text, "by source", join(seen.bySource()));
        line(text, "by plane", join(seen.byPlane()));
        if (!summary.dialect().equals(Summary.NONE)) {
            line(
                    text,
                    "signalled",
                    count(summary.signals()) + planes(summary.primary(), summary.cursor()) + " in "
                            + summary.display().reads() + " reads" + dropped(summary)
                            + saturated(seen.saturated()));
        }
        summary.driver().ifPresent(driver -> line(text, "driver", driver(driver)));
        summary.frames().ifPresent(frames -> frames(text, frames));
        line(text, "latency", seen.latency().map(SummaryText::latency).orElse("not measured"));
        out.print(text);
        out.flush();
    }

    private static String driver(Summary.DriverCounts driver) {
        return "signalled " + driver.signals() + planes(driver.primary(), driver.cursor()) + " in " + driver.calls()
                + " calls";
    }

    private static String dropped(Summary summary) {
        return summary.display().dropped() == 0
                ? ""
                : ", " + summary.display().dropped() + " of them while nobody watched";
    }

    private static String saturated(long events) {
        return events == 0 ? "" : ", " + events + " events with a saturated counter";
    }

    private static String planes(OptionalLong primary, OptionalLong cursor) {
        return primary.isEmpty() && cursor.isEmpty()
                ? ""
                : " (primary " + count(primary) + ", cursor " + count(cursor) + ")";
    }

    private static void frames(StringBuilder text, Summary.Frames frames) {
        line(
                text,
                "frames",
                frames.frames() + " for " + frames.vblanks() + " vblanks, of which " + missed(frames)
                        + " passed without a new one");
        frames.flips().ifPresent(flips -> line(text, "flips", inMillis(flips) + " after the frame's vblank"));
        frames.refreshes()
                .ifPresent(late -> line(
                        text, "refreshes", inMillis(late) + " later than of a guest that has its host for itself"));
    }

    private static String missed(Summary.Frames frames) {
        return frames.vblanks() == 0
                ? "0"
                : String.format(
                        Locale.ROOT, "%d (%.1f %%)", frames.missed(), 100.0 * frames.missed() / frames.vblanks());
    }

    private static String inMillis(Tally.Latency lateness) {
        return String.format(
                Locale.ROOT,
                "p50 %.1f, p99 %.1f, max %.1f ms",
                lateness.p50() / 1e6,
                lateness.p99() / 1e6,
                lateness.max() / 1e6);
    }

    static String latency(Tally.Latency latency) {
        return "p50 " + micros(latency.p50()) + ", p99 " + micros(latency.p99()) + ", max " + micros(latency.max())
                + ", from the read to here";
    }

    static String micros(long nanos) {
        return nanos < 10_000_000
                ? String.format(Locale.ROOT, "%.1f us", nanos / 1e3)
                : String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }

    static String count(OptionalLong count) {
        return count.isPresent() ? Long.toUnsignedString(count.getAsLong()) : "unknown";
    }

    private static String join(java.util.Map<?, Long> counts) {
        List<String> words = new ArrayList<>();
        counts.forEach((name, count) -> words.add(name + " " + count));
        return Optional.of(String.join(", ", words))
                .filter(joined -> !joined.isEmpty())
                .orElse("nothing");
    }

    private static void line(StringBuilder text, String label, String words) {
        text.append(String.format(Locale.ROOT, "    %-10s %s%n", label, words));
    }
}
