package io.vfio4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Lines of cells for people, in columns as wide as what is in them: the first to the left, numbers to the right. */
final class TextTable {
    private static final String GAP = "  ";

    private final List<List<String>> lines = new ArrayList<>();

    TextTable(String... headings) {
        lines.add(List.of(headings));
    }

    void add(List<String> line) {
        if (line.size() != lines.get(0).size()) {
            throw new IllegalArgumentException(
                    line.size() + " cells where there are " + lines.get(0).size() + " columns");
        }
        lines.add(List.copyOf(line));
    }

    void print(PrintWriter out) {
        int[] widths = new int[lines.get(0).size()];
        for (List<String> line : lines) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], line.get(column).length());
            }
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String padding = " ".repeat(widths[column] - line.get(column).length());
                text.append(column == 0 ? "" : GAP)
                        .append(column == 0 ? line.get(column) + padding : padding + line.get(column));
            }
            out.println(text.toString().stripTrailing());
        }
    }
}
