package io.vfio4j.cli;

import io.vfio4j.emulator.vcpu.Boost;
import java.io.IOException;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;

/** The p99 of how late flips are as bars: a group for each number of guests, a bar for each policy. */
final class LatenessChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 450;
    private static final double FILL = 0.85;
    private static final double NANOS_PER_MILLI = 1e6;

    private LatenessChart() {}

    static void write(List<FrameStudy.Row> rows, OutputFile file) throws IOException {
        ChartImage.write(draw(rows), file);
    }

    private static CategoryChart draw(List<FrameStudy.Row> rows) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("How late frames are: p99 from the vblank to the flip, drawing included")
                .xAxisTitle("guests that share the host (what they do is assumed)")
                .yAxisTitle("ms; the next vblank comes after " + Math.round(FrameStudy.VBLANK_NANOS / NANOS_PER_MILLI))
                .build();
        chart.getStyler().setAvailableSpaceFill(FILL);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
        chart.getStyler().setYAxisMin(0.0);
        List<Integer> guests =
                rows.stream().map(row -> row.watched().overcommit()).distinct().toList();
        List<String> groups = guests.stream().map(String::valueOf).toList();
        rows.stream()
                .map(row -> row.watched().boost())
                .distinct()
                .forEach(boost -> chart.addSeries(
                        boost.label(),
                        groups,
                        guests.stream()
                                .map(number -> millis(rows, number, boost))
                                .toList()));
        return chart;
    }

    /** No bar where nothing has come out. */
    private static double millis(List<FrameStudy.Row> rows, int guests, Boost boost) {
        return rows.stream()
                .filter(row -> row.watched().equals(new FrameStudy.Case(guests, boost)))
                .flatMap(row -> row.pooled().summary().flips().stream())
                .mapToDouble(flips -> flips.p99() / NANOS_PER_MILLI)
                .findFirst()
                .orElse(0);
    }
}
