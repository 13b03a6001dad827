package io.vfio4j.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Prints a header and lines of comma-separated values (RFC 4180). */
final class CsvLines {
    private final PrintWriter out;

    CsvLines(PrintWriter out) {
        this.out = out;
    }

    /** A JSON object without what is within: that is called after both. */
    static Map<String, Object> flat(Map<String, Object> object) {
        Map<String, Object> flat = new LinkedHashMap<>();
        flatten("", object, flat);
        flat.remove("type");
        return flat;
    }

    private static void flatten(String prefix, Map<?, ?> members, Map<String, Object> flat) {
        members.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner) {
                flatten(prefix + name + "_", inner, flat);
            } else {
                flat.put(prefix + name, value);
            }
        });
    }

    /** All have the fields of the first. */
    void print(List<Map<String, Object>> rows) {
        if (!rows.isEmpty()) {
            line(List.copyOf(rows.get(0).keySet()));
        }
        rows.forEach(row -> line(row.values().stream().map(CsvLines::field).toList()));
        out.flush();
    }

    private static String field(Object value) {
        Object present = value instanceof Optional<?> optional
                ? optional.map(Object.class::cast).orElse("")
                : value;
        if (present instanceof Double number) {
            present = StudyJson.number(number).map(Object.class::cast).orElse("");
        }
        return present instanceof BigDecimal number ? number.toPlainString() : present.toString();
    }

    private void line(List<String> fields) {
        out.print(fields.stream().map(CsvLines::quoted).collect(Collectors.joining(",")));
        out.print("\r\n");
    }

    private static String quoted(String field) {
        return field.matches("[^\",\r\n]*") ? field : '"' + field.replace("\"", "\"\"") + '"';
    }
}
