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
import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import io.vfio4j.emulator.vcpu.Outcome.Filter;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import io.vfio4j.emulator.vcpu.Setup;
import java.io.PrintWriter;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;

/** A simulation's results for programs. */
final class StudyJson implements StudyOutput {
    private static final MathContext DIGITS = new MathContext(8);

    private final JsonLines lines;

    StudyJson(PrintWriter out) {
        lines = new JsonLines(out);
    }

    @Override
    public void parameters(TableParameters parameters, boolean frozen, Study.Plan plan) {
        Map<String, Object> object = JsonLines.object("parameters");
        object.put("frozen", frozen);
        object.put("seeds", plan.seeds());
        object.put("first_seed", plan.firstSeed());
        object.put("measured_ns", plan.measured().toNanos());
        object.put("warm_up_ns", plan.warmUp().toNanos());
        object.put("host", components(parameters.host()));
        object.put("pause", components(parameters.pause()));
        object.put("costs_ns", components(parameters.costs()));
        object.put("patience", components(parameters.patience()));
        object.put("workload", components(parameters.workload()));
        object.put("jitter_percent", parameters.jitterPercent());
        lines.print(object);
    }

    private static Map<String, Object> components(Record record) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            try {
                Object value = component.getAccessor().invoke(record);
                members.put(
                        name(component.getName()),
                        value instanceof Enum<?> constant ? KebabEnum.label(constant) : value);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("the records of this module can be read", e);
            }
        }
        return members;
    }

    private static String name(String component) {
        String words = component.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
        return words.endsWith("_nanos") ? words.substring(0, words.length() - "anos".length()) + "s" : words;
    }

    @Override
    public void table(Table table) {
        for (Table.Row row : table.rows()) {
            Map<String, Object> object = cell(row.cell());
            object.put("published", row.perMachine().map(each -> range(each.published())));
            object.put("per_vm", row.perMachine().map(StudyJson::comparison));
            object.put("summed", row.summed().map(StudyJson::comparison));
            object.put("bound_without_yield", number(row.withoutYield()));
            object.put("bound_fair_share", number(row.fairShare()));
            object.put("remark", row.remark());
            lines.print(object);
        }
        for (Improvement improvement : table.improvements()) {
            Map<String, Object> object = JsonLines.object("improvement");
            object.put("vms", improvement.machines());
            object.put("published", number(improvement.published()));
            object.put("model", interval(improvement.model()));
            object.put("reproduced", KebabEnum.label(improvement.verdict()));
            lines.print(object);
        }
        for (Requirement requirement : table.requirements()) {
            Map<String, Object> object = JsonLines.object("requirement");
            object.putAll(requirement(requirement));
            lines.print(object);
        }
    }

    private static Map<String, Object> requirement(Requirement requirement) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("name", requirement.name());
        members.put("status", requirement.status());
        members.put("evidence", requirement.evidence());
        return members;
    }

    private static Map<String, Object> comparison(Comparison comparison) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("place", KebabEnum.label(comparison.place()));
        members.put("ratio", number(comparison.ratio()));
        return members;
    }

    @Override
    public void cells(List<Cell> cells) {
        cells.forEach(cell -> lines.print(cell(cell)));
    }

    static Map<String, Object> cell(Cell cell) {
        Setup setup = cell.experiment().setup();
        Map<String, Object> object = JsonLines.object("cell");
        object.put("name", cell.experiment().name());
        object.put("vms", setup.machines().size());
        object.put("vcpus", setup.machines().get(0).programs().size());
        object.put("cpus", setup.host().cpus());
        object.put("boost", setup.boost().label());
        object.put("lock", KebabEnum.label(setup.machines().get(0).lock()));
        object.put("hz", setup.host().hertz());
        object.put("scheduler", KebabEnum.label(setup.host().scheduler()));
        object.put("runs", cell.runs().size());
        object.put("records_per_vm", interval(cell.recordsPerMachine()));
        object.put("records_summed", interval(cell.recordsSummed()));
        object.put("spin_share", interval(cell.spinShare()));
        object.put("call_spin_share", interval(cell.callSpinShare()));
        object.put("fairness", interval(cell.fairness()));
        object.put("pause_exits_per_s", interval(cell.pauseExitsPerSecond()));
        object.put("yields_per_s", yields(cell));
        object.put("shootdown_ns", latencies(cell.shootdowns()));
        object.put("interrupt_ns", latencies(cell.interrupts()));
        object.put("processor_share", processors(cell));
        object.put(
                "trace_hashes",
                cell.runs().stream()
                        .map(run -> Words.hex(run.outcome().traceHash()))
                        .toList());
        return object;
    }

    private static Map<String, Object> yields(Cell cell) {
        Map<String, ToLongFunction<Yields>> counts = new LinkedHashMap<>();
        counts.put("attempted", Yields::attempted);
        counts.put("successful", Yields::successful);
        counts.put("esrch", Yields::alone);
        counts.put("refused", Yields::refused);
        counts.put("to_woken", Yields::toWoken);
        counts.put("to_wanted", Yields::toWanted);
        counts.put("honoured", Yields::honoured);
        for (Filter filter : Filter.values()) {
            counts.put(
                    "rejected_" + filter.name().toLowerCase(Locale.ROOT),
                    yields -> yields.rejected().getOrDefault(filter, 0L));
        }
        Map<String, Object> members = new LinkedHashMap<>();
        counts.forEach((name, count) -> members.put(name, interval(cell.yieldsPerSecond(count))));
        return members;
    }

    private static Map<String, Object> latencies(Latencies latencies) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("count", latencies.count());
        members.put("p50", latencies.percentile(50));
        members.put("p90", latencies.percentile(90));
        members.put("p99", latencies.percentile(99));
        members.put("max", latencies.max());
        return members;
    }

    private static Map<String, Object> processors(Cell cell) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (Bucket bucket : Bucket.values()) {
            members.put(
                    bucket.name().toLowerCase(Locale.ROOT),
                    number(cell.processorShare(bucket).mean()));
        }
        return members;
    }

    @Override
    public void desktop(List<Desktop.Spread> spreads) {
        for (Desktop.Spread spread : spreads) {
            Map<String, Object> object = cell(spread.cell());
            object.put("published", spread.published().map(StudyJson::range));
            object.put("lowest", number(spread.lowest()));
            object.put("median", number(spread.median()));
            object.put("highest", number(spread.highest()));
            lines.print(object);
        }
    }

    @Override
    public void sensitivity(List<Sensitivity> judged, int planned) {
        for (Sensitivity each : judged) {
            Map<String, Object> object = JsonLines.object("sensitivity");
            object.put("option", ModelOptions.option(each.variation().parameter()));
            object.put("before", each.variation().before());
            object.put("after", each.variation().after());
            object.put(
                    "requirements",
                    each.requirements().stream().map(StudyJson::requirement).toList());
            lines.print(object);
        }
    }

    @Override
    public void calibration(Calibration.Result result, long frozenKernelNanos) {
        Map<String, Object> object = JsonLines.object("calibration");
        object.put("kernel_ns", result.kernelNanos());
        object.put("table_kernel_ns", frozenKernelNanos);
        object.put("published", number(result.target()));
        object.put("records_per_vm", interval(result.records()));
        lines.print(object);
    }

    @Override
    public void summary(Study.Result result) {
        Map<String, Object> object = JsonLines.object("summary");
        object.put("complete", result.complete());
        object.put("host_ns", result.hostNanos());
        object.put("events", result.hostEvents());
        object.put("events_per_s", number(result.eventsPerSecond()));
        lines.print(object);
    }

    private static Map<String, Object> range(Published.Range range) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("low", number(range.low()));
        members.put("high", number(range.high()));
        return members;
    }

    private static Map<String, Object> interval(Interval interval) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("mean", number(interval.mean()));
        members.put("half_width", number(interval.halfWidth()));
        return members;
    }

    private static Optional<BigDecimal> number(OptionalDouble value) {
        return value.isPresent() ? number(value.getAsDouble()) : Optional.empty();
    }

    /** JSON has no infinity. */
    static Optional<BigDecimal> number(double value) {
        if (!Double.isFinite(value)) {
            return Optional.empty();
        }
        BigDecimal digits = new BigDecimal(value, DIGITS).stripTrailingZeros();
        return Optional.of(digits.scale() < 0 ? digits.setScale(0) : digits);
    }
}
