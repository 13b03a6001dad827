package io.vfio4j.cli;

import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import io.vfio4j.kvm.probe.PauseExitReport;
import io.vfio4j.kvm.probe.PauseProbe;
import io.vfio4j.kvm.probe.YieldProbe;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** One JSON object a line: one for what is measured, one for each row. Times are in nanoseconds. */
final class ProbeJson implements ProbeReport {
    private final JsonLines lines;

    ProbeJson(PrintWriter out) {
        lines = new JsonLines(out);
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static Optional<BigDecimal> rounded(OptionalDouble value) {
        return value.isPresent()
                ? Optional.of(new BigDecimal(value.getAsDouble(), new MathContext(4)))
                : Optional.empty();
    }

    @Override
    public void begin(Plan plan) {
        Map<String, Object> line = JsonLines.object("probe");
        line.put("vcpu_processor", plan.vcpuProcessor());
        line.put("injector_processor", plan.injectorProcessor());
        line.put("samples", plan.samples());
        line.put("seed", plan.seed());
        line.put("tick_ns", plan.tickNanos());
        line.put("expected_ns", plan.expected().toNanos());
        lines.print(line);
    }

    @Override
    public void progress(LatencySetup setup, int signals) {
        // Programs have time.
    }

    @Override
    public void row(Row row) {
        LatencyResult result = row.result();
        Map<String, Object> line = JsonLines.object("latency");
        line.put("guest", name(result.setup().work()));
        line.put("hogs", result.setup().hogs());
        line.put("signals", result.signals());
        line.put("answered", result.answered());
        line.put("pending", result.pending());
        line.put("merged", result.merged());
        line.put("unasked", result.unasked());
        line.put("measured_ns", quantiles(row::measuredNanos, true));
        line.put(
                "predicted_ns",
                row.baseNanos().isPresent() ? Optional.of(quantiles(row::predictedNanos, false)) : Optional.empty());
        line.put("deviation", row.baseNanos().isPresent() ? Optional.of(deviations(row)) : Optional.empty());
        line.put("processor_share", rounded(result.processorShare()));
        line.put("preemption_reported", result.counted().preemptionReported());
        line.put("preemption_other", result.counted().preemptionOther());
        line.put("halt_wakeup", result.counted().haltWakeup());
        lines.print(line);
    }

    private interface Quantile {
        OptionalLong nanos(double probability);
    }

    private static Map<String, Object> quantiles(Quantile of, boolean withLongest) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("p50", of.nanos(0.5));
        members.put("p90", of.nanos(0.9));
        members.put("p99", of.nanos(0.99));
        if (withLongest) {
            members.put("max", of.nanos(1));
        }
        return members;
    }

    private static Map<String, Object> deviations(Row row) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("p50", rounded(row.deviation(0.5)));
        members.put("p90", rounded(row.deviation(0.9)));
        members.put("p99", rounded(row.deviation(0.99)));
        return members;
    }

    @Override
    public void end() {
        // The rows say all.
    }

    @Override
    public void beginYields(int processor, int otherProcessor, Duration length) {
        Map<String, Object> line = JsonLines.object("yield_probe");
        line.put("processor", processor);
        line.put("other_processor", otherProcessor);
        line.put("row_ns", length.toNanos());
        lines.print(line);
    }

    @Override
    public void yields(YieldProbe.Outcome outcome) {
        Map<String, Object> line = JsonLines.object("yields");
        line.put("target", name(outcome.target()));
        line.put("hypercalls", outcome.hypercalls());
        line.put("directed_yield_attempted", outcome.attempted());
        line.put("directed_yield_successful", outcome.successful());
        line.put("target_preempted", outcome.targetPreempted());
        line.put("target_woken", outcome.targetWoken());
        lines.print(line);
    }

    @Override
    public void endYields() {
        // The rows say all.
    }

    @Override
    public void beginPauses(PauseExitReport host, int processor, Duration length) {
        Map<String, Object> line = JsonLines.object("pause_probe");
        line.put("pause_exits", host.noticed());
        line.put("host", host.text());
        line.put("processor", processor);
        line.put("row_ns", length.toNanos());
        lines.print(line);
    }

    @Override
    public void pauses(PauseProbe.Outcome outcome) {
        Map<String, Object> line = JsonLines.object("pauses");
        line.put("exits_off", outcome.exitsOff());
        line.put("time_ns", outcome.time().toNanos());
        line.put("hand_overs", outcome.handOvers());
        line.put("exits", outcome.exits());
        lines.print(line);
    }
}
