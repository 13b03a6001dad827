package io.vfio4j.cli;

import io.vfio4j.kvm.KvmHistogram;
import io.vfio4j.kvm.KvmProcess;
import io.vfio4j.kvm.KvmSource;
import io.vfio4j.kvm.VcpuSample;
import io.vfio4j.proc.SchedulerTimes;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Lines for people: one for each vCPU and interval, then a table. */
final class VcpuText implements VcpuReport {
    /** What a line has room for, by what it is called there. */
    private static final Map<String, String> SHORT = Map.of(
            "exits", "exits",
            "halt_wakeup", "woken");

    private static final int MOST_LATE = 5;
    private static final double HALF = 50;
    private static final double NEARLY_ALL = 99;

    private final PrintWriter out;
    private String heading = "";
    private Optional<Vgpu> vgpu = Optional.empty();
    private long lateInInterval;

    VcpuText(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void begin(KvmProcess process, int vcpus, List<KvmSource> sources, Optional<Vgpu> beside) {
        heading = process.description();
        vgpu = beside;
        print("watching " + heading + ": " + vcpus + (vcpus == 1 ? " vCPU" : " vCPUs") + "; Ctrl-C ends it");
        sources(sources);
        beside.filter(its -> !its.resolution().isZero())
                .ifPresent(its -> print("    " + its.name() + " is looked at every " + millis(its.resolution())
                        + ": what is late by less is not seen, and two flips in between are one"));
        out.flush();
    }

    @Override
    public void sources(List<KvmSource> sources) {
        for (KvmSource source : sources) {
            print("    " + source.kind().label() + ": " + source.obstacle().orElse("read"));
        }
        out.flush();
    }

    @Override
    public void interval(While interval) {
        endOfLate();
        double seconds = interval.added().nanos() / 1e9;
        StringBuilder head = new StringBuilder(String.format(Locale.ROOT, "%9.3f s ", interval.seconds()));
        for (String name : COUNTERS) {
            OptionalLong count = interval.added().total().counter(name);
            if (count.isPresent() && count.getAsLong() != 0) {
                head.append(' ').append(name).append(' ').append(Long.toUnsignedString(count.getAsLong()));
            }
        }
        OptionalLong steal = interval.added().stealNanos();
        if (steal.isPresent() && steal.getAsLong() > 0) {
            head.append("  host steal ").append(millis(steal.getAsLong()));
        }
        print(head.toString().stripTrailing());
        interval.added().vcpus().forEach(vcpu -> print("            " + line(interval, vcpu, seconds)));
        out.flush();
    }

    private static String line(While interval, VcpuSample vcpu, double seconds) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-12s", vcpu.label()));
        if (vcpu.times().isPresent()) {
            SchedulerTimes times = vcpu.times().get();
            line.append(String.format(
                    Locale.ROOT,
                    "  run %5.1f %%  wait %9s  longest %s",
                    times.runNanos() / seconds / 1e7,
                    millis(times.waitNanos()),
                    longest(interval.longest(vcpu.thread().orElse(0)))));
        } else {
            line.append("  run and wait unknown");
        }
        for (String name : COUNTERS) {
            OptionalLong count = vcpu.counts().counter(name);
            if (SHORT.containsKey(name) && count.isPresent()) {
                line.append("  ").append(SHORT.get(name)).append(' ').append(Long.toUnsignedString(count.getAsLong()));
            }
        }
        return line.toString();
    }

    private static String longest(WaitLog.Longest longest) {
        return longest.atLeastNanos() == longest.atMostNanos()
                ? millis(longest.atMostNanos())
                : millis(longest.atLeastNanos()) + " to " + millis(longest.atMostNanos());
    }

    @Override
    public void late(double seconds, LateRefresh refresh) {
        if (++lateInInterval <= MOST_LATE) {
            print(String.format(Locale.ROOT, "%9.3f s  refresh %s", seconds, verdict(refresh)));
            out.flush();
        }
    }

    static String verdict(LateRefresh refresh) {
        String missed = refresh.missed() == 0
                ? ""
                : " (" + refresh.missed() + (refresh.missed() == 1 ? " vblank" : " vblanks") + " missed)";
        String late = "late by " + millis(refresh.lateNanos()) + missed;
        String most = refresh.most()
                .map(waited -> waited.vcpu() + " waited " + millis(waited.nanos()) + " for a processor")
                .orElse("");
        return switch (refresh.cause()) {
            case VCPU -> late + " because " + most;
            case OTHER -> late + "; not the vCPUs: at most " + most;
            case UNKNOWN -> late + "; nothing is known of the vCPUs at that time";
        };
    }

    private void endOfLate() {
        if (lateInInterval > MOST_LATE) {
            print("             and " + (lateInInterval - MOST_LATE) + " more late refreshes");
        }
        lateInInterval = 0;
    }

    @Override
    public void summary(While whole, List<String> missing, Optional<LatenessJudge.Account> refreshes) {
        endOfLate();
        double seconds = whole.added().nanos() / 1e9;
        print(String.format(Locale.ROOT, "--- %s: %.3f s", heading, seconds));
        if (seconds > 0) {
            whole.added().vcpus().forEach(vcpu -> print("    " + line(whole, vcpu, seconds)));
        }
        for (String name : COUNTERS) {
            whole.added().total().counter(name).ifPresent(count -> row(name, count(count, seconds)));
        }
        for (String name : HISTOGRAMS) {
            whole.added().total().histogram(name).ifPresent(histogram -> row(name, summary(histogram)));
        }
        if (whole.added().stealNanos().orElse(0) > 0) {
            row("host steal", millis(whole.added().stealNanos().orElse(0)) + " of all processors together");
        }
        refreshes.ifPresent(this::summary);
        if (!missing.isEmpty()) {
            boolean all = missing.size() == COUNTERS.size() + HISTOGRAMS.size();
            row("missing", all ? "all that KVM counts; see above why" : String.join(", ", missing));
        }
        if (!missing.contains("directed_yield_attempted")) {
            print("    " + YIELD_NOTE);
        }
        out.flush();
    }

    private static String count(long count, double seconds) {
        return Long.toUnsignedString(count)
                + (seconds > 0 ? String.format(Locale.ROOT, ", %.1f a second", count / seconds) : "");
    }

    private void summary(LatenessJudge.Account account) {
        String name = vgpu.map(Vgpu::name).orElse("");
        if (account.grid().isEmpty()) {
            row("refreshes", "of " + name + " were too few to find the vblanks");
            return;
        }
        VblankGrid grid = account.grid().get();
        row(
                "vblanks",
                String.format(Locale.ROOT, "every %.3f ms, ", grid.periodNanos() / 1e6)
                        + switch (grid.every()) {
                            case 0 -> "as the refreshes tell";
                            case 1 -> "the display's rate";
                            default -> "every " + grid.every() + ". one of the display: the guest draws for those";
                        });
        row(
                "refreshes",
                account.onTime() + " on time, " + account.late() + " late, " + account.idle() + " after a pause");
        if (account.late() > 0) {
            row(
                    "late",
                    "by " + millis(account.worstNanos()) + " at most, " + account.missed() + " vblanks missed; "
                            + account.byVcpu() + " because a vCPU waited for a processor, " + account.byOther()
                            + " not the vCPUs, " + (account.late() - account.byVcpu() - account.byOther())
                            + " unknown");
        }
        vgpu.map(Vgpu::resolution)
                .filter(resolution -> !resolution.isZero())
                .ifPresent(resolution -> row(
                        "resolution", millis(resolution) + ": the timer's period. Lateness below that does not show."));
    }

    /** In upper bounds of the buckets that the percentiles fall into. */
    static String summary(KvmHistogram histogram) {
        long total = histogram.total();
        if (total == 0) {
            return "no samples";
        }
        return Long.toUnsignedString(total) + " samples, half below " + bound(histogram, HALF) + ", 99 % below "
                + bound(histogram, NEARLY_ALL) + ", all below " + bound(histogram, 100);
    }

    private static String bound(KvmHistogram histogram, double percent) {
        long wanted = (long) Math.ceil(histogram.total() * percent / 100);
        long sum = 0;
        for (int bucket = 0; bucket < histogram.buckets(); bucket++) {
            sum += histogram.count(bucket);
            if (sum >= wanted) {
                return bucket + 1 < histogram.buckets() ? time(histogram.from(bucket + 1)) : "any bound";
            }
        }
        return "any bound";
    }

    private static String time(long nanos) {
        return nanos < 1_000_000
                ? String.format(Locale.ROOT, "%.1f us", nanos / 1e3)
                : String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }

    private static String millis(Duration duration) {
        return millis(duration.toNanos());
    }

    static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }

    private void row(String label, String words) {
        print(String.format(Locale.ROOT, "    %-26s %s", label, words));
    }

    private void print(String line) {
        out.print(line + System.lineSeparator());
    }
}
