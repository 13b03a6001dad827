package io.vfio4j.cli;

import java.awt.Color;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How late something was, as a curve for each way to do it: the part of all, on a logarithmic scale, that was later than so many milliseconds. */
final class LatenessChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 500;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final int PERCENT = 100;
    private static final double HALF_OF_ONE = 0.5;

    private final String title;
    private final String what;

    /** For example what is late: "flips". */
    LatenessChart(String title, String what) {
        this.title = title;
        this.what = what;
    }

    /**
     * A curve.
     *
     * @param name for the legend
     * @param nanos how late each was; nothing of it is changed
     */
    record Curve(String name, Histogram nanos) {}

    void write(List<Curve> curves, OutputFile file) throws IOException {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("later than, ms")
                .yAxisTitle("% of the " + what)
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setYAxisMax((double) PERCENT);
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
        curves.forEach(curve -> add(chart, curve));
        ChartImage.write(chart, file);
    }

    /** Nothing is later than the latest, but a logarithm has no zero: it is drawn at half of one. */
    private static void add(XYChart chart, Curve curve) {
        long total = curve.nanos().getTotalCount();
        List<Double> millis = new ArrayList<>(List.of(0.0));
        List<Double> later = new ArrayList<>(List.of((double) PERCENT));
        for (HistogramIterationValue value : curve.nanos().recordedValues()) {
            long above = total - value.getTotalCountToThisValue();
            millis.add(value.getValueIteratedTo() / NANOS_PER_MILLI);
            later.add(PERCENT * (above == 0 ? HALF_OF_ONE : above) / total);
        }
        chart.addSeries(curve.name(), millis, later).setMarker(SeriesMarkers.NONE);
    }
}
