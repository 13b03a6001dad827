package io.vfio4j.cli;

import io.vfio4j.emulator.study.Calibration;
import io.vfio4j.emulator.study.Cell;
import io.vfio4j.emulator.study.Comparison;
import io.vfio4j.emulator.study.Desktop;
import io.vfio4j.emulator.study.Improvement;
import io.vfio4j.emulator.study.Interval;
import io.vfio4j.emulator.study.Latencies;
import io.vfio4j.emulator.study.Published;
import io.vfio4j.emulator.study.Requirement;
import io.vfio4j.emulator.study.Sensitivity;
import io.vfio4j.emulator.study.Study;
import io.vfio4j.emulator.study.Table;
import io.vfio4j.emulator.study.TableParameters;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** A simulation's results for people. */
final class StudyText implements StudyOutput {
    private static final String NOTHING = "-";
    private static final int PERCENT = 100;
    private static final int LINE = 110;

    private final PrintWriter out;

    StudyText(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void parameters(TableParameters parameters, boolean frozen, Study.Plan plan) {
        HostModel host = parameters.host();
        out.println(text(
                "%s, %d Hz; %d seeds from %d on, %s each after %s; parameters of the table%s",
                KebabEnum.label(host.scheduler()),
                host.hertz(),
                plan.seeds(),
                plan.firstSeed(),
                DurationText.format(plan.measured()),
                DurationText.format(plan.warmUp()),
                frozen ? "" : ", changed by options"));
        out.flush();
    }

    @Override
    public void table(Table table) {
        out.println();
        out.println("ebizzy -M, records/s, 95 % intervals; what was published may be per VM or the sum of all VMs");
        TextTable columns = new TextTable(
                "",
                "published",
                "model per VM",
                "of it",
                "model summed",
                "of it",
                "no yield",
                "fair share",
                "spinning");
        for (Table.Row row : table.rows()) {
            columns.add(List.of(
                    row.cell().experiment().name(),
                    row.perMachine().map(each -> range(each.published())).orElse(NOTHING),
                    number(row.cell().recordsPerMachine()),
                    ratio(row.perMachine()),
                    number(row.cell().recordsSummed()),
                    ratio(row.summed()),
                    number(row.withoutYield()),
                    number(row.fairShare()),
                    percent(row.cell().spinShare())));
        }
        columns.print(out);
        details(table.rows().stream().map(Table.Row::cell).toList());
        improvements(table.improvements());
        out.println();
        out.println("What of it is reproduced, and where it is not, what is known of the reason");
        for (Table.Row row : table.rows()) {
            if (!row.remark().isEmpty()) {
                out.println("  " + row.cell().experiment().name() + ":");
                wrap(row.remark()).forEach(line -> out.println("    " + line));
            }
        }
        requirements(table.requirements());
        out.flush();
    }

    private void improvements(List<Improvement> improvements) {
        out.println();
        out.println("With the series, times as many records");
        TextTable columns = new TextTable("", "published", "model", "reproduced");
        for (Improvement improvement : improvements) {
            columns.add(List.of(
                    improvement.machines() + "VM",
                    text("%.2f", improvement.published()),
                    text(
                            "%.3f ± %.3f",
                            improvement.model().mean(), improvement.model().halfWidth()),
                    switch (improvement.verdict()) {
                        case FACTOR -> "factor";
                        case DIRECTION -> "direction only";
                        case NOTHING -> "no";
                        case UNKNOWN -> "one run has no interval";
                    }));
        }
        columns.print(out);
    }

    private void requirements(List<Requirement> requirements) {
        out.println();
        out.println("Expected before the table was simulated");
        for (Requirement requirement : requirements) {
            out.println(text("  %-8s%s (%s)", requirement.status(), requirement.name(), requirement.evidence()));
        }
    }

    @Override
    public void cells(List<Cell> cells) {
        out.println();
        out.println("Records/s, 95 % intervals");
        TextTable columns = new TextTable("", "per VM", "summed", "spinning", "fairness");
        for (Cell cell : cells) {
            columns.add(List.of(
                    cell.experiment().name(),
                    number(cell.recordsPerMachine()),
                    number(cell.recordsSummed()),
                    percent(cell.spinShare()),
                    text("%.4f", cell.fairness().mean())));
        }
        columns.print(out);
        details(cells);
        out.flush();
    }

    private void details(List<Cell> cells) {
        yields(cells);
        latencies(cells);
        processors(cells);
    }

    private void yields(List<Cell> cells) {
        out.println();
        out.println(
                "Exits because of spinning, and directed yields, each second; of the successful ones: towards a vCPU that"
                        + " was woken, that was waited for, and that ran next");
        TextTable columns = new TextTable(
                "", "exits", "attempted", "successful", "-ESRCH", "refused", "woken", "wanted", "honoured");
        for (Cell cell : cells) {
            long successful = cell.yields(Yields::successful);
            columns.add(List.of(
                    cell.experiment().name(),
                    text("%.0f", cell.pauseExitsPerSecond().mean()),
                    text("%.0f", cell.yieldsPerSecond(Yields::attempted).mean()),
                    text("%.0f", cell.yieldsPerSecond(Yields::successful).mean()),
                    text("%.0f", cell.yieldsPerSecond(Yields::alone).mean()),
                    text("%.0f", cell.yieldsPerSecond(Yields::refused).mean()),
                    part(cell.yields(Yields::toWoken), successful),
                    part(cell.yields(Yields::toWanted), successful),
                    part(cell.yields(Yields::honoured), successful)));
        }
        columns.print(out);
    }

    private void latencies(List<Cell> cells) {
        out.println();
        out.println("How long TLB shootdowns took, and interrupts of a device to their handler");
        TextTable columns = new TextTable(
                "", "shootdown p50", "p90", "p99", "max", "interrupt p50", "p90", "p99", "max", "measured");
        for (Cell cell : cells) {
            List<String> line = new ArrayList<>(List.of(cell.experiment().name()));
            line.addAll(percentiles(cell.shootdowns()));
            line.addAll(percentiles(cell.interrupts()));
            line.add(String.valueOf(cell.interrupts().count()));
            columns.add(line);
        }
        columns.print(out);
    }

    private static List<String> percentiles(Latencies latencies) {
        return latencies.count() == 0
                ? List.of(NOTHING, NOTHING, NOTHING, NOTHING)
                : List.of(
                        SummaryText.micros(latencies.percentile(50)),
                        SummaryText.micros(latencies.percentile(90)),
                        SummaryText.micros(latencies.percentile(99)),
                        SummaryText.micros(latencies.max()));
    }

    private void processors(List<Cell> cells) {
        out.println();
        out.println("What the processors did, in percent; and how evenly the VMs shared them (Jain's index)");
        List<String> headings = new ArrayList<>(List.of(""));
        for (Bucket bucket : Bucket.values()) {
            headings.add(bucket.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        }
        headings.add("fairness");
        TextTable columns = new TextTable(headings.toArray(String[]::new));
        for (Cell cell : cells) {
            List<String> line = new ArrayList<>(List.of(cell.experiment().name()));
            Arrays.stream(Bucket.values())
                    .map(bucket ->
                            text("%.1f", PERCENT * cell.processorShare(bucket).mean()))
                    .forEach(line::add);
            line.add(text("%.4f", cell.fairness().mean()));
            columns.add(line);
        }
        columns.print(out);
    }

    @Override
    public void desktop(List<Desktop.Spread> spreads) {
        out.println();
        out.println("8 vCPUs with ebizzy -M beside a VM with two hogs, on 8 processors: records/s over the seeds");
        TextTable columns = new TextTable("", "published", "lowest", "median", "highest", "spinning");
        for (Desktop.Spread spread : spreads) {
            columns.add(List.of(
                    spread.cell().experiment().name(),
                    spread.published().map(StudyText::range).orElse(NOTHING),
                    text("%.0f", spread.lowest()),
                    text("%.0f", spread.median()),
                    text("%.0f", spread.highest()),
                    percent(spread.cell().spinShare())));
        }
        columns.print(out);
        details(spreads.stream().map(Desktop.Spread::cell).toList());
        out.println();
        wrap("The model is not calibrated to this machine, whose records/s alone were not published, and where the hogs run is"
                        + " chance: the published numbers are no test of it, and it is no test of them.")
                .forEach(out::println);
        out.flush();
    }

    @Override
    public void sensitivity(List<Sensitivity> judged, int planned) {
        out.println();
        out.println(
                "Sensitivity: what was expected, with one parameter halved or doubled, and nothing calibrated again");
        if (judged.isEmpty()) {
            out.println("  nothing was simulated in full");
            out.flush();
            return;
        }
        List<String> headings = new ArrayList<>(List.of("", "from", "to"));
        List<String> names =
                judged.get(0).requirements().stream().map(Requirement::name).toList();
        for (int number = 1; number <= names.size(); number++) {
            headings.add("(" + number + ")");
        }
        TextTable columns = new TextTable(headings.toArray(String[]::new));
        for (Sensitivity each : judged) {
            List<String> line = new ArrayList<>(List.of(
                    ModelOptions.option(each.variation().parameter()),
                    ModelOptions.value(
                            each.variation().parameter(), each.variation().before()),
                    ModelOptions.value(
                            each.variation().parameter(), each.variation().after())));
            each.requirements()
                    .forEach(requirement -> line.add(requirement.status().name()));
            columns.add(line);
        }
        columns.print(out);
        for (int number = 1; number <= names.size(); number++) {
            out.println("(" + number + ") " + names.get(number - 1));
        }
        for (Sensitivity each : judged) {
            each.requirements().stream()
                    .filter(requirement -> requirement.status() != Requirement.Status.PASS)
                    .forEach(requirement -> out.println(text(
                            "  %s %s: %s (%s)",
                            ModelOptions.option(each.variation().parameter()),
                            ModelOptions.value(
                                    each.variation().parameter(),
                                    each.variation().after()),
                            requirement.name(),
                            requirement.evidence())));
        }
        long held = judged.stream()
                .filter(each -> each.requirements().stream()
                        .allMatch(requirement -> requirement.status() == Requirement.Status.PASS))
                .count();
        out.println(text(
                "All hold in %d of %d variations%s.",
                held, judged.size(), judged.size() < planned ? " of " + planned + " planned" : ""));
        out.flush();
    }

    @Override
    public void calibration(Calibration.Result result, long frozenKernelNanos) {
        out.println(text(
                "--kernel %s gives %s records/s with one guest (published: %.0f); the table has %s",
                kernel(result.kernelNanos()), number(result.records()), result.target(), kernel(frozenKernelNanos)));
        out.flush();
    }

    @Override
    public void summary(Study.Result result) {
        out.println();
        out.println(text(
                "%s: %.1f s, %d million events, %.1f million a second of each thread",
                result.complete() ? "Simulated" : "Ended before its time; what was done",
                result.hostNanos() / 1e9,
                Math.round(result.hostEvents() / 1e6),
                result.eventsPerSecond() / 1e6));
        out.flush();
    }

    static String kernel(long nanos) {
        return DurationText.format(Duration.ofNanos(nanos));
    }

    private static String ratio(Optional<Comparison> comparison) {
        return comparison.map(each -> text("%.2f", each.ratio())).orElse(NOTHING);
    }

    private static String part(long part, long whole) {
        return whole == 0 ? NOTHING : text("%.0f %%", (double) PERCENT * part / whole);
    }

    private static String range(Published.Range range) {
        return range.low() == range.high() ? text("%.0f", range.low()) : text("%.0f-%.0f", range.low(), range.high());
    }

    private static String number(OptionalDouble value) {
        return value.isPresent() ? text("%.0f", value.getAsDouble()) : NOTHING;
    }

    static String number(Interval interval) {
        return Double.isInfinite(interval.halfWidth())
                ? text("%.0f", interval.mean())
                : text("%.0f ± %.0f", interval.mean(), interval.halfWidth());
    }

    private static String percent(Interval interval) {
        return Double.isInfinite(interval.halfWidth())
                ? text("%.1f %%", PERCENT * interval.mean())
                : text("%.1f ± %.1f %%", PERCENT * interval.mean(), PERCENT * interval.halfWidth());
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static List<String> wrap(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (line.length() + word.length() >= LINE) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
