package io.vfio4j.cli;

import io.vfio4j.emulator.study.Cell;
import io.vfio4j.emulator.study.Interval;
import io.vfio4j.emulator.study.Published;
import io.vfio4j.emulator.study.TableParameters;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.awt.Color;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Records a second of each guest as bars with their intervals: a group for each number of guests, a bar for each policy, and what was published beside it. */
final class RecordsChart {
    private static final int WIDTH = 1100;
    private static final int HEIGHT = 600;
    private static final double FILL = 0.85;
    private static final Color PUBLISHED_BEFORE = new Color(0x9e9e9e);
    private static final Color PUBLISHED_AFTER = new Color(0x616161);

    /** What makes a colour of bars. */
    private record Kind(Boost boost, SpinLock lock) {}

    private final String title;

    RecordsChart(String title) {
        this.title = title;
    }

    void write(List<Cell> cells, OutputFile file) throws IOException {
        ChartImage.write(draw(cells), file);
    }

    private CategoryChart draw(List<Cell> cells) {
        List<Integer> machines =
                cells.stream().map(RecordsChart::machines).distinct().sorted().toList();
        List<String> groups = machines.stream().map(number -> number + " VM").toList();
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("guests")
                .yAxisTitle("records/s of each guest")
                .build();
        chart.getStyler().setAvailableSpaceFill(FILL);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
        chart.getStyler().setYAxisDecimalPattern("#,##0");
        chart.getStyler().setYAxisMin(0.0);
        Map<Kind, Map<Integer, Cell>> kinds = new LinkedHashMap<>();
        for (Cell cell : cells) {
            kinds.computeIfAbsent(kind(cell), kind -> new LinkedHashMap<>()).put(machines(cell), cell);
        }
        kinds.forEach((kind, byMachines) -> {
            addPublished(chart, kind, machines, groups, byMachines);
            add(
                    chart,
                    name(kind),
                    groups,
                    machines.stream()
                            .map(number ->
                                    Optional.ofNullable(byMachines.get(number)).map(Cell::recordsPerMachine))
                            .toList());
        });
        return chart;
    }

    /** Only where the host has the published number of processors. */
    private static void addPublished(
            CategoryChart chart,
            Kind kind,
            List<Integer> machines,
            List<String> groups,
            Map<Integer, Cell> byMachines) {
        List<Optional<Interval>> published = machines.stream()
                .map(number -> Optional.ofNullable(byMachines.get(number))
                        .filter(cell -> cell.experiment().setup().host().cpus() == TableParameters.PROCESSORS)
                        .flatMap(cell -> Published.of(number, kind.boost(), kind.lock()))
                        .map(range -> new Interval(range.middle(), (range.high() - range.low()) / 2, 1)))
                .toList();
        if (published.stream().anyMatch(Optional::isPresent)) {
            add(chart, "published: " + name(kind), groups, published)
                    .setFillColor(kind.boost() == Boost.PREEMPTED ? PUBLISHED_BEFORE : PUBLISHED_AFTER);
        }
    }

    private static CategorySeries add(
            CategoryChart chart, String name, List<String> groups, List<Optional<Interval>> values) {
        List<Double> heights = new ArrayList<>();
        List<Double> errors = new ArrayList<>();
        for (Optional<Interval> value : values) {
            heights.add(value.map(Interval::mean).orElse(0.0));
            errors.add(value.map(Interval::halfWidth).filter(Double::isFinite).orElse(0.0));
        }
        return chart.addSeries(name, groups, heights, errors);
    }

    private static String name(Kind kind) {
        return kind.boost().label()
                + (kind.lock() == TableParameters.LOCK
                        ? ""
                        : kind.lock() == TableParameters.FIXED_LOCK
                                ? ", guest fixed"
                                : ", " + KebabEnum.label(kind.lock()));
    }

    private static Kind kind(Cell cell) {
        Setup setup = cell.experiment().setup();
        return new Kind(setup.boost(), setup.machines().get(0).lock());
    }

    private static int machines(Cell cell) {
        return cell.experiment().setup().machines().size();
    }
}
