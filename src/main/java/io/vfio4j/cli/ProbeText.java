package io.vfio4j.cli;

import io.vfio4j.kvm.probe.GuestWork;
import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import io.vfio4j.kvm.probe.PauseExitReport;
import io.vfio4j.kvm.probe.PauseProbe;
import io.vfio4j.kvm.probe.YieldProbe;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Tables for people. On a terminal a line is redrawn while a row is being measured. */
final class ProbeText implements ProbeReport {
    private static final String CLEAR = "\r\033[K";
    private static final long REDRAW_NANOS = 500_000_000;
    private static final double[] PREDICTED = {0.5, 0.9, 0.99};
    /** The deviation of the median says little: it is where the waits begin. */
    private static final double[] JUDGED = {0.9, 0.99};
    /** With less of the processor the law does not apply. */
    private static final double QUIET = 0.97;

    private final PrintWriter out;
    private final boolean terminal;
    private final List<Row> rows = new ArrayList<>();
    private long drawnNanos = System.nanoTime() - REDRAW_NANOS;

    ProbeText(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    static String joined(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    @Override
    public void begin(Plan plan) {
        out.printf(
                Locale.ROOT,
                "a vCPU and its hogs on processor %d, %d signals a row from processor %d, seed %d; takes about %s%n",
                plan.vcpuProcessor(),
                plan.samples(),
                plan.injectorProcessor(),
                plan.seed(),
                minutes(plan.expected()));
        out.printf(
                Locale.ROOT,
                "from the signal to the guest's handler, in ms; predicted: p50 without hogs + the law with S = %s,"
                        + " one tick%n%n",
                millis(plan.tickNanos()) + " ms");
        out.printf(Locale.ROOT, "%-6s %4s %35s   %-50s%n", "", "", "measured", "predicted (how far off it was)");
        out.printf(
                Locale.ROOT,
                "%-6s %4s %8s %8s %8s %8s   %-16s %-16s %-16s  %7s  %5s  %16s  %11s%n",
                "guest",
                "hogs",
                "p50",
                "p90",
                "p99",
                "max",
                "p50",
                "p90",
                "p99",
                "pending",
                "had",
                "preemption_other",
                "halt_wakeup");
        out.flush();
    }

    private static String minutes(Duration time) {
        long seconds = Math.max(1, Math.round(time.toNanos() / 1e9));
        return seconds < 60 ? seconds + " s" : seconds / 60 + " min " + seconds % 60 + " s";
    }

    private static String millis(long nanos) {
        String text = String.format(Locale.ROOT, "%.3f", nanos / 1e6);
        return text.endsWith(".000") ? text.substring(0, text.length() - 4) : text;
    }

    private static String measured(OptionalLong nanos) {
        return nanos.isPresent() ? String.format(Locale.ROOT, "%.3f", nanos.getAsLong() / 1e6) : "-";
    }

    @Override
    public void progress(LatencySetup setup, int signals) {
        if (terminal && System.nanoTime() - drawnNanos >= REDRAW_NANOS) {
            drawnNanos = System.nanoTime();
            out.printf(
                    Locale.ROOT,
                    "%s%-6s %4d   %d of %d signals; Ctrl-C ends it",
                    CLEAR,
                    name(setup.work()),
                    setup.hogs(),
                    signals,
                    setup.signals());
            out.flush();
        }
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void row(Row row) {
        rows.add(row);
        LatencyResult result = row.result();
        StringBuilder line = new StringBuilder(160);
        line.append(String.format(
                Locale.ROOT,
                "%s%-6s %4d %8s %8s %8s %8s  ",
                terminal ? CLEAR : "",
                name(result.setup().work()),
                result.setup().hogs(),
                measured(row.measuredNanos(0.5)),
                measured(row.measuredNanos(0.9)),
                measured(row.measuredNanos(0.99)),
                measured(row.measuredNanos(1))));
        for (double probability : PREDICTED) {
            line.append(String.format(Locale.ROOT, " %-16s", predicted(row, probability)));
        }
        line.append(String.format(
                Locale.ROOT,
                "  %7d  %5s  %16s  %11s",
                result.pending(),
                percent(result.processorShare()),
                count(result.counted().preemptionOther()),
                count(result.counted().haltWakeup())));
        out.println(line);
        remarks(result);
        out.flush();
    }

    /** What does not belong into a row because it hardly ever happens. */
    private void remarks(LatencyResult result) {
        if (result.signals() < result.setup().signals()) {
            out.println("             ended early, after " + result.signals() + " signals");
        }
        if (result.merged() > 0 || result.unasked() > 0) {
            out.println("             " + result.merged() + " signals were merged with a later one; the handler ran "
                    + result.unasked() + " times without an open signal");
        }
    }

    private static String predicted(Row row, double probability) {
        OptionalLong nanos = row.predictedNanos(probability);
        OptionalDouble deviation = row.deviation(probability);
        return nanos.isEmpty()
                ? "-"
                : measured(nanos) + (deviation.isPresent() ? " (" + signed(deviation.getAsDouble()) + ")" : "");
    }

    private static String signed(double part) {
        return String.format(Locale.ROOT, "%+.0f %%", part * 100);
    }

    private static String percent(OptionalDouble part) {
        return part.isPresent() ? String.format(Locale.ROOT, "%.0f %%", part.getAsDouble() * 100) : "-";
    }

    private static String count(OptionalLong number) {
        return number.isPresent() ? Long.toUnsignedString(number.getAsLong()) : "-";
    }

    @Override
    public void end() {
        out.println();
        out.println(
                "pending: signals written while the one before was still on its way. had: how much of their processor the"
                        + " vCPU and the hogs had.");
        verdict();
        out.flush();
    }

    private void verdict() {
        String worst = "";
        double largest = -1;
        boolean disturbed = false;
        for (Row row : rows) {
            disturbed |= row.result().processorShare().orElse(1) < QUIET;
            for (double probability : JUDGED) {
                OptionalDouble deviation = row.deviation(probability);
                if (deviation.isPresent() && Math.abs(deviation.getAsDouble()) > largest) {
                    largest = Math.abs(deviation.getAsDouble());
                    worst = signed(deviation.getAsDouble()) + ", " + name(GuestWork.BUSY) + " with "
                            + row.law().hogs() + (row.law().hogs() == 1 ? " hog" : " hogs") + " at p"
                            + Math.round(probability * 100);
                }
            }
        }
        if (largest >= 0) {
            out.println("The largest deviation from the law at p90 and p99: " + worst + ".");
        }
        if (disturbed) {
            out.println(
                    "This host was not quiet: others had the processor for a part of the time, which the law does not know.");
        }
    }

    @Override
    public void beginYields(int processor, int otherProcessor, Duration length) {
        out.printf(
                Locale.ROOT,
                "two vCPUs on processor %d yield to a third (KVM_HC_SCHED_YIELD), for %s each%n%n",
                processor,
                DurationText.format(length));
        out.printf(
                Locale.ROOT,
                "%-32s %12s %24s %25s %16s %12s%n",
                "the third",
                "hypercalls",
                "directed_yield_attempted",
                "directed_yield_successful",
                "was preempted",
                "was woken");
        out.flush();
    }

    @Override
    public void yields(YieldProbe.Outcome outcome) {
        out.printf(
                Locale.ROOT,
                "%-32s %12d %24d %25d %16s %12s%n",
                switch (outcome.target()) {
                    case HALTED -> "sleeps";
                    case RUNNING -> "runs on a processor of its own";
                    case PREEMPTED -> "shares the processor";
                },
                outcome.hypercalls(),
                outcome.attempted(),
                outcome.successful(),
                count(outcome.targetPreempted()),
                count(outcome.targetWoken()));
        out.flush();
    }

    @Override
    public void endYields() {
        out.println();
        out.println("KVM yields only to a vCPU that is ready: it was preempted, or woken, and does not run yet.");
        out.flush();
    }

    @Override
    public void beginPauses(PauseExitReport host, int processor, Duration length) {
        out.printf(
                Locale.ROOT,
                "two vCPUs on processor %d spin for one another, for %s each%n",
                processor,
                DurationText.format(length));
        out.println(host.text() + (host.noticed() ? "." : ". Both ways are expected to be equal."));
        out.println();
        out.printf(Locale.ROOT, "%-12s %18s %10s%n", "PAUSE exits", "hand-overs/s", "exits/s");
        out.flush();
    }

    @Override
    public void pauses(PauseProbe.Outcome outcome) {
        out.printf(
                Locale.ROOT,
                "%-12s %18.1f %10s%n",
                outcome.exitsOff() ? "switched off" : "as they are",
                outcome.handOversPerSecond(),
                outcome.exits().isPresent()
                        ? String.format(
                                Locale.ROOT,
                                "%.1f",
                                outcome.exits().getAsLong()
                                        * 1e9
                                        / outcome.time().toNanos())
                        : "-");
        out.flush();
    }
}
