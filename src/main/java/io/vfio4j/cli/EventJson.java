package io.vfio4j.cli;

import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshSource;
import java.io.PrintWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** A JSON object for each event, and for the summary. */
final class EventJson implements WatchOutput {
    private final JsonLines lines;
    private final String device;

    EventJson(PrintWriter out, String device) {
        this.lines = new JsonLines(out);
        this.device = device;
    }

    @Override
    public void begin(String heading, long startNanos) {
        // The first line is the first event, and that shall not wait for classes to be loaded.
        new JsonLines(new PrintWriter(Writer.nullWriter())).print(object("begin"));
    }

    private Map<String, Object> object(String type) {
        Map<String, Object> object = JsonLines.object(type);
        object.put("device", device);
        return object;
    }

    @Override
    public void refresh(RefreshEvent event) {
        Map<String, Object> line = object("refresh");
        line.put("sequence", JsonLines.unsigned(event.sequence()));
        line.put("merged", event.merged());
        line.put("signals", unsigned(event.signals()));
        line.put("source", event.source());
        line.put("planes", Words.planes(event.planes()));
        line.put("primary", unsigned(event.primary()));
        line.put("cursor", unsigned(event.cursor()));
        line.put("saturated", event.saturated());
        if (event.source() == RefreshSource.TIMER) {
            line.put("buffer", event.buffer());
        }
        line.put("time_ns", event.timeNanos());
        lines.print(line);
    }

    @Override
    public void mode(DisplayMode mode, long nanos) {
        Map<String, Object> line = object("mode");
        line.put("width", Integer.toUnsignedLong(mode.width()));
        line.put("height", Integer.toUnsignedLong(mode.height()));
        line.put("format", mode.format());
        line.put("time_ns", nanos);
        lines.print(line);
    }

    @Override
    public void off(long nanos) {
        Map<String, Object> line = object("off");
        line.put("time_ns", nanos);
        lines.print(line);
    }

    @Override
    public void closed(Optional<Throwable> cause) {
        Map<String, Object> line = object("closed");
        line.put("cause", cause.map(Throwable::getMessage));
        lines.print(line);
    }

    @Override
    public void progress(Summary soFar) {
        // Every line was printed already.
    }

    @Override
    public void summary(Summary end) {
        Map<String, Object> line = object("summary");
        line.put("dialect", end.dialect());
        line.put("policy", end.policy());
        line.put("events", end.seen().events());
        line.put("seconds", decimal(end.seconds(), 6));
        line.put("events_per_second", decimal(end.eventsPerSecond(), 2));
        line.put("reads", JsonLines.unsigned(end.display().reads()));
        line.put("dropped", JsonLines.unsigned(end.display().dropped()));
        line.put("saturated", end.seen().saturated());
        line.put("signals", unsigned(end.signals()));
        line.put("primary", unsigned(end.primary()));
        line.put("cursor", unsigned(end.cursor()));
        line.put("by_source", names(end.seen().bySource()));
        line.put("by_plane", names(end.seen().byPlane()));
        line.put("queries", JsonLines.unsigned(end.display().queries()));
        line.put("errors", JsonLines.unsigned(end.display().errors()));
        line.put("latency_us", end.seen().latency().map(EventJson::latency));
        end.driver().ifPresent(driver -> line.put("driver", driver(driver)));
        end.frames().ifPresent(frames -> line.put("frames", frames(frames)));
        lines.print(line);
    }

    static Map<String, Object> frames(Summary.Frames frames) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("frames", frames.frames());
        object.put("vblanks", frames.vblanks());
        object.put("missed_vblanks", frames.missed());
        object.put("flip_lateness_us", frames.flips().map(EventJson::latency));
        object.put("refresh_lateness_us", frames.refreshes().map(EventJson::latency));
        return object;
    }

    private static Map<String, Object> latency(Tally.Latency latency) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("p50", decimal(latency.p50() / 1e3, 1));
        object.put("p99", decimal(latency.p99() / 1e3, 1));
        object.put("max", decimal(latency.max() / 1e3, 1));
        return object;
    }

    private static Map<String, Object> driver(Summary.DriverCounts driver) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("calls", JsonLines.unsigned(driver.calls()));
        object.put("signals", JsonLines.unsigned(driver.signals()));
        object.put("primary", unsigned(driver.primary()));
        object.put("cursor", unsigned(driver.cursor()));
        return object;
    }

    private static Map<String, Object> names(Map<?, Long> counts) {
        Map<String, Object> object = new LinkedHashMap<>();
        counts.forEach((name, count) -> object.put(name.toString(), count));
        return object;
    }

    private static Optional<BigInteger> unsigned(OptionalLong count) {
        return count.isPresent() ? Optional.of(JsonLines.unsigned(count.getAsLong())) : Optional.empty();
    }

    private static BigDecimal decimal(double value, int digits) {
        return BigDecimal.valueOf(value).setScale(digits, RoundingMode.HALF_UP);
    }
}
