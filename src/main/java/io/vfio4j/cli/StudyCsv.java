package io.vfio4j.cli;

import io.vfio4j.emulator.study.Calibration;
import io.vfio4j.emulator.study.Cell;
import io.vfio4j.emulator.study.Desktop;
import io.vfio4j.emulator.study.Sensitivity;
import io.vfio4j.emulator.study.Study;
import io.vfio4j.emulator.study.Table;
import io.vfio4j.emulator.study.TableParameters;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The cells as lines of comma-separated values (RFC 4180): what the JSON has, flat. */
final class StudyCsv implements StudyOutput {
    private final CsvLines lines;

    StudyCsv(PrintWriter out) {
        lines = new CsvLines(out);
    }

    @Override
    public void parameters(TableParameters parameters, boolean frozen, Study.Plan plan) {
        // Not a cell.
    }

    @Override
    public void table(Table table) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Table.Row row : table.rows()) {
            Map<String, Object> values = flat(row.cell());
            values.put(
                    "published_low",
                    row.perMachine().map(each -> each.published().low()));
            values.put(
                    "published_high",
                    row.perMachine().map(each -> each.published().high()));
            values.put("per_vm_place", row.perMachine().map(each -> KebabEnum.label(each.place())));
            values.put("summed_place", row.summed().map(each -> KebabEnum.label(each.place())));
            values.put("bound_without_yield", boxed(row.withoutYield()));
            values.put("bound_fair_share", boxed(row.fairShare()));
            values.put("remark", row.remark());
            rows.add(values);
        }
        lines.print(rows);
    }

    private static Optional<Double> boxed(OptionalDouble value) {
        return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
    }

    @Override
    public void desktop(List<Desktop.Spread> spreads) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Desktop.Spread spread : spreads) {
            Map<String, Object> values = flat(spread.cell());
            values.put("published", spread.published().map(each -> each.middle()));
            values.put("lowest", spread.lowest());
            values.put("median", spread.median());
            values.put("highest", spread.highest());
            rows.add(values);
        }
        lines.print(rows);
    }

    @Override
    public void cells(List<Cell> cells) {
        lines.print(cells.stream().map(StudyCsv::flat).toList());
    }

    private static Map<String, Object> flat(Cell cell) {
        Map<String, Object> flat = CsvLines.flat(StudyJson.cell(cell));
        flat.remove("trace_hashes");
        return flat;
    }

    @Override
    public void sensitivity(List<Sensitivity> judged, int planned) {
        throw new IllegalStateException("the command line refuses it");
    }

    @Override
    public void calibration(Calibration.Result result, long frozenKernelNanos) {
        throw new IllegalStateException("the command line refuses it");
    }

    @Override
    public void summary(Study.Result result) {
        // Not a cell.
    }
}
