package io.vfio4j.cli;

import io.vfio4j.display.edid.DetailedTiming;
import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.MonitorLimits;
import io.vfio4j.display.edid.RangeLimits;
import io.vfio4j.display.edid.VideoMode;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * A monitor, for people and as JSON.
 *
 * @param device the device's name
 * @param edid what the monitor says; empty where nobody has said anything yet
 * @param linkUp whether it is plugged in
 * @param limits what the device can show
 */
record EdidText(String device, Optional<Edid> edid, boolean linkUp, MonitorLimits limits) {
    /** Behind it edid-decode finds the digits, in whatever text. */
    static final String HEXADECIMAL_HEADING = "edid-decode (hex):";

    private static final int BYTES_PER_LINE = 16;

    static BigDecimal hertz(DetailedTiming timing) {
        return BigDecimal.valueOf(timing.refreshHertz()).setScale(3, RoundingMode.HALF_UP);
    }

    void print(PrintWriter out, boolean raw) {
        out.println("Device " + device);
        line(out, "link", linkUp ? "up: the monitor is plugged in" : "down: the monitor is unplugged");
        line(out, "limits", limits.toString());
        if (edid.isEmpty()) {
            line(out, "edid", "none yet");
            return;
        }
        Edid known = edid.get();
        line(out, "edid", known.version() + ", " + known.bytes().length + " bytes");
        line(
                out,
                "product",
                known.manufacturer()
                        + String.format(Locale.ROOT, " %04x", known.product())
                        + known.name().map(name -> " '" + name + "'").orElse(""));
        if (known.serial() != 0 || known.serialText().isPresent()) {
            line(out, "serial", known.serialText().orElseGet(() -> Long.toString(known.serial())));
        }
        OptionalInt week = known.week();
        line(out, "made", (week.isPresent() ? "week " + week.getAsInt() + " of " : "") + known.year());
        OptionalInt bits = known.bitsPerColor();
        line(
                out,
                "input",
                (known.digital() ? "digital" : "analog")
                        + (bits.isPresent() ? ", " + bits.getAsInt() + " bits a colour" : ""));
        if (known.widthMillimetres() > 0) {
            line(out, "size", known.widthMillimetres() + " mm x " + known.heightMillimetres() + " mm");
        }
        known.rangeLimits().ifPresent(range -> line(out, "range", range.toString()));
        for (DetailedTiming timing : known.detailedTimings()) {
            boolean preferred = known.preferred().filter(timing::equals).isPresent();
            line(out, "timing", timing + (preferred ? " (preferred)" : ""));
        }
        modes(out, "modes", known.establishedTimings());
        modes(out, "", known.standardTimings());
        if (known.extensions() > 0) {
            line(out, "more", known.extensions() + " extension blocks");
        }
        known.problems().forEach(problem -> line(out, "problem", problem));
        if (raw) {
            out.println();
            out.println(HEXADECIMAL_HEADING);
            out.println();
            hexadecimal(known).forEach(out::println);
        }
    }

    private static void line(PrintWriter out, String label, String text) {
        out.println(String.format(Locale.ROOT, "  %-8s %s", label, text));
    }

    private static void modes(PrintWriter out, String label, List<VideoMode> modes) {
        if (!modes.isEmpty()) {
            line(out, label, modes.stream().map(VideoMode::toString).collect(Collectors.joining(" ")));
        }
    }

    private static List<String> hexadecimal(Edid edid) {
        byte[] bytes = edid.bytes();
        HexFormat digits = HexFormat.ofDelimiter(" ");
        List<String> lines = new ArrayList<>();
        for (int start = 0; start < bytes.length; start += BYTES_PER_LINE) {
            lines.add(digits.formatHex(bytes, start, Math.min(bytes.length, start + BYTES_PER_LINE)));
        }
        return lines;
    }

    Map<String, Object> object(boolean raw) {
        Map<String, Object> object = JsonLines.object("edid");
        object.put("device", device);
        object.put("link_up", linkUp);
        object.put("max_width", limits.width() == 0 ? Optional.empty() : Optional.of(limits.width()));
        object.put("max_height", limits.height() == 0 ? Optional.empty() : Optional.of(limits.height()));
        object.put("edid", edid.map(known -> object(known, raw)));
        return object;
    }

    private static Map<String, Object> object(Edid edid, boolean raw) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("version", edid.version());
        object.put("manufacturer", edid.manufacturer());
        object.put("product", edid.product());
        object.put("serial", edid.serial());
        object.put("serial_text", edid.serialText());
        object.put("name", edid.name());
        object.put("week", edid.week());
        object.put("year", edid.year());
        object.put("digital", edid.digital());
        object.put("bits_per_color", edid.bitsPerColor());
        object.put("width_mm", edid.widthMillimetres());
        object.put("height_mm", edid.heightMillimetres());
        object.put("range", edid.rangeLimits().map(EdidText::object));
        object.put("preferred", edid.preferred().map(EdidText::object));
        object.put(
                "detailed_timings",
                edid.detailedTimings().stream().map(EdidText::object).toList());
        object.put(
                "established_timings",
                edid.establishedTimings().stream().map(VideoMode::toString).toList());
        object.put(
                "standard_timings",
                edid.standardTimings().stream().map(VideoMode::toString).toList());
        object.put("extensions", edid.extensions());
        object.put("problems", edid.problems());
        if (raw) {
            object.put("raw", HexFormat.of().formatHex(edid.bytes()));
        }
        return object;
    }

    private static Map<String, Object> object(RangeLimits range) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("min_hertz", range.minimumHertz());
        object.put("max_hertz", range.maximumHertz());
        object.put("min_kilohertz", range.minimumKilohertz());
        object.put("max_kilohertz", range.maximumKilohertz());
        object.put("max_clock_kilohertz", range.maximumClockKilohertz());
        return object;
    }

    private static Map<String, Object> object(DetailedTiming timing) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("width", timing.width());
        object.put("height", timing.pictureHeight());
        object.put("interlaced", timing.interlaced());
        object.put("hertz", hertz(timing));
        object.put("clock_kilohertz", timing.pixelClockKilohertz());
        return object;
    }
}
