package io.vfio4j.cli;

import io.vfio4j.kvm.KvmCounts;
import io.vfio4j.kvm.KvmHistogram;
import io.vfio4j.kvm.KvmProcess;
import io.vfio4j.kvm.KvmSource;
import io.vfio4j.kvm.VcpuSample;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A JSON object a line: begin, sources, interval, late, summary. */
final class VcpuJson implements VcpuReport {
    private final JsonLines lines;
    private int pid;

    VcpuJson(PrintWriter out) {
        this.lines = new JsonLines(out);
    }

    private Map<String, Object> object(String type) {
        Map<String, Object> object = JsonLines.object(type);
        object.put("pid", pid);
        return object;
    }

    @Override
    public void begin(KvmProcess process, int vcpus, List<KvmSource> sources, Optional<Vgpu> vgpu) {
        pid = process.pid();
        Map<String, Object> line = object("begin");
        line.put("process", process.description());
        line.put("vcpus", vcpus);
        line.put("sources", list(sources));
        line.put("vgpu", vgpu.map(Vgpu::name));
        line.put("vgpu_resolution_ns", vgpu.map(its -> its.resolution().toNanos()));
        lines.print(line);
    }

    @Override
    public void sources(List<KvmSource> sources) {
        Map<String, Object> line = object("sources");
        line.put("sources", list(sources));
        lines.print(line);
    }

    private static List<Map<String, Object>> list(List<KvmSource> sources) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (KvmSource source : sources) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("kind", source.kind().name().toLowerCase(Locale.ROOT));
            object.put("available", source.available());
            object.put("obstacle", source.obstacle());
            list.add(object);
        }
        return list;
    }

    @Override
    public void interval(While interval) {
        Map<String, Object> line = object("interval");
        fill(line, interval);
        lines.print(line);
    }

    private static void fill(Map<String, Object> line, While interval) {
        line.put("time_ns", interval.added().toNanos());
        line.put("interval_ns", interval.added().nanos());
        List<Map<String, Object>> vcpus = new ArrayList<>();
        interval.added().vcpus().forEach(vcpu -> vcpus.add(vcpu(interval, vcpu)));
        line.put("vcpus", vcpus);
        line.put("total", counts(interval.added().total()));
        line.put("host_steal_ns", interval.added().stealNanos());
    }

    private static Map<String, Object> vcpu(While interval, VcpuSample vcpu) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("vcpu", vcpu.number());
        object.put("thread", vcpu.thread());
        object.put("run_ns", vcpu.times().map(times -> JsonLines.unsigned(times.runNanos())));
        object.put("wait_ns", vcpu.times().map(times -> JsonLines.unsigned(times.waitNanos())));
        object.put("slices", vcpu.times().map(times -> JsonLines.unsigned(times.slices())));
        Optional<WaitLog.Longest> longest =
                vcpu.times().map(times -> interval.longest(vcpu.thread().orElse(0)));
        object.put("longest_wait_at_least_ns", longest.map(WaitLog.Longest::atLeastNanos));
        object.put("longest_wait_at_most_ns", longest.map(WaitLog.Longest::atMostNanos));
        object.put("counts", counts(vcpu.counts()));
        return object;
    }

    private static Map<String, Object> counts(KvmCounts counts) {
        Map<String, Object> object = new LinkedHashMap<>();
        new TreeMap<>(counts.counters()).forEach((name, value) -> object.put(name, JsonLines.unsigned(value)));
        new TreeMap<>(counts.levels()).forEach((name, value) -> object.put(name, JsonLines.unsigned(value)));
        new TreeMap<>(counts.histograms()).forEach((name, value) -> object.put(name, buckets(value)));
        return object;
    }

    /** Where each bucket that is not empty begins, and what is in it. */
    private static Map<String, BigInteger> buckets(KvmHistogram histogram) {
        Map<String, BigInteger> buckets = new LinkedHashMap<>();
        for (int bucket = 0; bucket < histogram.buckets(); bucket++) {
            if (histogram.count(bucket) != 0) {
                buckets.put(Long.toUnsignedString(histogram.from(bucket)), JsonLines.unsigned(histogram.count(bucket)));
            }
        }
        return buckets;
    }

    @Override
    public void late(double seconds, LateRefresh refresh) {
        Map<String, Object> line = object("late");
        line.put("time_ns", refresh.timeNanos());
        line.put("late_ns", refresh.lateNanos());
        line.put("missed_vblanks", refresh.missed());
        line.put("cause", refresh.cause().name().toLowerCase(Locale.ROOT));
        line.put("most_waited", refresh.most().map(WaitLog.Waited::vcpu));
        line.put("waited_ns", refresh.most().map(WaitLog.Waited::nanos));
        lines.print(line);
    }

    @Override
    public void summary(While whole, List<String> missing, Optional<LatenessJudge.Account> refreshes) {
        Map<String, Object> line = object("summary");
        fill(line, whole);
        line.put("missing", missing);
        line.put("refreshes", refreshes.map(VcpuJson::account));
        lines.print(line);
    }

    private static Map<String, Object> account(LatenessJudge.Account account) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put(
                "period_ns",
                account.grid()
                        .map(grid -> BigDecimal.valueOf(grid.periodNanos()).setScale(1, RoundingMode.HALF_UP)));
        object.put(
                "every_vblank_of_the_display",
                account.grid().map(VblankGrid::every).filter(every -> every > 0));
        object.put("on_time", account.onTime());
        object.put("late", account.late());
        object.put("late_because_of_vcpu", account.byVcpu());
        object.put("late_not_because_of_vcpu", account.byOther());
        object.put("after_pause", account.idle());
        object.put("missed_vblanks", account.missed());
        object.put("latest_ns", account.worstNanos());
        return object;
    }
}
