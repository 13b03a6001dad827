package io.vfio4j.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A study of frames as lines of comma-separated values: what the JSON has of all seeds together, flat. */
final class FrameCsv implements FrameOutput {
    private static final String[] LATENCIES = {"flip_lateness_us", "refresh_lateness_us"};
    private static final String[] PERCENTILES = {"p50", "p99", "max"};

    private final CsvLines lines;

    FrameCsv(PrintWriter out) {
        lines = new CsvLines(out);
    }

    @Override
    public void begin(FrameStudy study) {
        // Not a row.
    }

    @Override
    public void result(FrameStudy.Result result) {
        lines.print(result.rows().stream()
                .map(FrameJson::row)
                .map(FrameCsv::withEveryField)
                .map(CsvLines::flat)
                .toList());
    }

    /** Without frames there is no lateness, but there are its columns. */
    private static Map<String, Object> withEveryField(Map<String, Object> row) {
        for (String name : LATENCIES) {
            Map<String, Object> fields = new LinkedHashMap<>();
            Map<?, ?> known = row.get(name) instanceof Optional<?> optional
                            && optional.isPresent()
                            && optional.get() instanceof Map<?, ?> members
                    ? members
                    : Map.of();
            for (String percentile : PERCENTILES) {
                fields.put(percentile, Optional.ofNullable(known.get(percentile)));
            }
            row.put(name, fields);
        }
        return row;
    }
}
