package io.vfio4j.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One measure of several ways, round by round; the ratios are taken within each round, and their median is what counts. */
final class Figures {
    /** What all others are compared with. */
    static final String YARDSTICK = "C";

    private final Map<String, List<Double>> rounds = new LinkedHashMap<>();

    void clear() {
        rounds.clear();
    }

    void add(String way, double figure) {
        rounds.computeIfAbsent(way, absent -> new ArrayList<>()).add(figure);
    }

    void print(PrintStream out, String what) {
        List<Double> yardstick = rounds.get(YARDSTICK);
        rounds.forEach((way, ours) ->
                out.printf("%s: %s %.1f, ratio %.3f%n", what, way, median(ours), median(ratios(ours, yardstick))));
    }

    private static List<Double> ratios(List<Double> ours, List<Double> yardstick) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            ratios.add(ours.get(i) / yardstick.get(i));
        }
        return ratios;
    }

    private static double median(List<Double> figures) {
        List<Double> sorted = figures.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
