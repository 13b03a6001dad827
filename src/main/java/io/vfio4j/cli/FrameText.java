package io.vfio4j.cli;

import io.vfio4j.emulator.study.Study;
import java.io.PrintWriter;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A study of frames for people. */
final class FrameText implements FrameOutput {
    private static final String NOTHING = "-";
    private static final int PERCENT = 100;
    private static final double NANOS_PER_MILLI = 1e6;

    private final PrintWriter out;

    FrameText(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void begin(FrameStudy study) {
        Study.Plan plan = study.plan();
        out.println(text(
                "%s on 8 processors, guests of 8 vCPUs, a vblank every %d ms; %d seeds from %d on, %s each",
                FrameStudy.DEVICE,
                Math.round(FrameStudy.VBLANK_NANOS / NANOS_PER_MILLI),
                plan.seeds(),
                plan.firstSeed(),
                DurationText.format(plan.measured())));
        out.flush();
    }

    @Override
    public void result(FrameStudy.Result result) {
        if (!result.rows().isEmpty()) {
            out.println();
            out.println(
                    "Frames of all seeds, lateness in ms; vblanks without a new frame: mean and range of the seeds");
            table(result.rows()).print(out);
            out.println();
            out.println(
                    "What the guests do is assumed, not measured: the first draws for 8 ms after each vblank while its other"
                            + " seven vCPUs render,");
            out.println(
                    "the others run ebizzy -M on all vCPUs; a flip's lateness includes the drawing, a refresh's does"
                            + " not.");
        }
        out.println();
        out.println(text(
                "%s: %.1f s",
                result.complete() ? "Simulated" : "Ended before its time; what was done", result.hostNanos() / 1e9));
        out.flush();
    }

    private static TextTable table(List<FrameStudy.Row> rows) {
        TextTable table = new TextTable(
                "guests",
                "boost",
                "frames",
                "vblanks",
                "without",
                "range",
                "flip p50",
                "p99",
                "max",
                "refresh p50",
                "p99",
                "max");
        for (FrameStudy.Row row : rows) {
            Summary.Frames frames = row.pooled().summary();
            DoubleSummaryStatistics missed = row.missedShare();
            table.add(List.of(
                    String.valueOf(row.watched().overcommit()),
                    row.watched().boost().label(),
                    String.valueOf(frames.frames()),
                    String.valueOf(frames.vblanks()),
                    text("%.1f %%", missed.getAverage() * PERCENT),
                    text("%.1f-%.1f", missed.getMin() * PERCENT, missed.getMax() * PERCENT),
                    millis(frames.flips().map(Tally.Latency::p50)),
                    millis(frames.flips().map(Tally.Latency::p99)),
                    millis(frames.flips().map(Tally.Latency::max)),
                    millis(frames.refreshes().map(Tally.Latency::p50)),
                    millis(frames.refreshes().map(Tally.Latency::p99)),
                    millis(frames.refreshes().map(Tally.Latency::max))));
        }
        return table;
    }

    private static String millis(Optional<Long> nanos) {
        return nanos.map(each -> text("%.1f", each / NANOS_PER_MILLI)).orElse(NOTHING);
    }

    private static String text(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
