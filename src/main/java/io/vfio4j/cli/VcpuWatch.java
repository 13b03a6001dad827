package io.vfio4j.cli;

import io.vfio4j.kvm.KvmInterval;
import io.vfio4j.kvm.KvmProcess;
import io.vfio4j.kvm.KvmSample;
import io.vfio4j.kvm.KvmSource;
import io.vfio4j.kvm.VcpuSample;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One watch of a process's vCPUs, from the first sample to the summary. Everything happens on one thread. */
final class VcpuWatch {
    /** Often enough that mostly a thread gets a processor once in between. */
    private static final long GLANCE_NANOS = 10_000_000;

    private static final long GLANCE_BESIDE_VGPU_NANOS = 4_000_000;
    /** Looking may take at most this part of a processor: a twentieth. */
    private static final int GLANCE_SHARE = 20;

    /** Of the waits that refreshes are held against: those are judged within {@link #JUDGEMENT}, and an idle guest's late. */
    private static final Duration MEMORY = Duration.ofSeconds(30);

    /** However long an interval is. */
    private static final Duration JUDGEMENT = Duration.ofSeconds(5);

    private final SystemCalls calls;
    private final KvmProcess process;
    private final VcpuReport report;
    private final PrintWriter out;
    private final Optional<VgpuRefreshes> refreshes;
    private final Optional<LatenessJudge> judge;
    private final long intervalNanos;
    private final WaitLog log;
    private final long start;
    private long glanceNanos;
    private long judgedNanos;
    /** What the cheapest glance of this interval took: others were held up themselves. */
    private long cheapestNanos = Long.MAX_VALUE;

    private List<KvmSource> sources = List.of();
    private Optional<KvmSample> firstSample = Optional.empty();
    private Optional<KvmSample> lastSample = Optional.empty();
    /** What was seen at any time, so that it is not missing when the process has ended. */
    private final Set<String> counted = new HashSet<>();

    VcpuWatch(
            SystemCalls calls,
            KvmProcess process,
            VcpuReport report,
            PrintWriter out,
            Optional<VgpuRefreshes> refreshes,
            Duration interval) {
        this.calls = calls;
        this.process = process;
        this.report = report;
        this.out = out;
        this.refreshes = refreshes;
        this.judge = refreshes.map(
                vgpu -> new LatenessJudge(vgpu.periodNanos(), vgpu.resolution().toNanos()));
        this.intervalNanos = interval.toNanos();
        this.glanceNanos = baseGlance();
        this.log = new WaitLog(refreshes.isPresent() ? MEMORY.toNanos() : 0);
        this.start = calls.nanoTime();
        this.judgedNanos = start;
    }

    private long baseGlance() {
        return Math.min(refreshes.isPresent() ? GLANCE_BESIDE_VGPU_NANOS : GLANCE_NANOS, intervalNanos);
    }

    /** Until the end is asked for, or the time is over. Ends early, with the summary printed, where the process does. */
    void run(Ending ending, Optional<Duration> length, Optional<VcpuReport.Vgpu> vgpu) throws IOException {
        long end = length.map(Duration::toNanos).orElse(Long.MAX_VALUE);
        Optional<IOException> failure = Optional.empty();
        try {
            sample();
            // Nothing is known of the vCPUs when these came.
            refreshes.ifPresent(VgpuRefreshes::take);
            report.begin(process, lastSample.orElseThrow().vcpus().size(), sources, vgpu);
            watch(ending, end);
        } catch (IOException e) {
            failure = Optional.of(e);
        }
        if (firstSample.isPresent()) {
            summarise();
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
        Optional<Throwable> cause = refreshes.flatMap(VgpuRefreshes::end);
        if (cause.isPresent()) {
            throw new IOException(cause.get().getMessage(), cause.get());
        }
    }

    private void watch(Ending ending, long end) throws IOException {
        long next = intervalNanos;
        while (true) {
            long passed = calls.nanoTime() - start;
            long until = Math.min(Math.min(passed + glanceNanos, next), end);
            if (ending.await(Math.max(0, until - passed))) {
                interval();
                return;
            }
            passed = calls.nanoTime() - start;
            if (passed >= next || passed >= end) {
                interval();
                next = Math.max(next + intervalNanos, passed + 1);
                if (passed >= end || out.checkError() || vgpuHasGone()) {
                    return;
                }
            } else {
                glance();
                if (calls.nanoTime() - judgedNanos >= JUDGEMENT.toNanos()) {
                    judge();
                }
            }
        }
    }

    private boolean vgpuHasGone() {
        return refreshes.flatMap(VgpuRefreshes::end).isPresent();
    }

    private void glance() throws IOException {
        long before = calls.nanoTime();
        log.add(process.glance());
        cheapestNanos = Math.min(cheapestNanos, calls.nanoTime() - before);
    }

    private void sample() throws IOException {
        KvmSample sample = process.sample();
        log.add(sample);
        lastSample = Optional.of(sample);
        firstSample = firstSample.or(() -> Optional.of(sample));
        counted.addAll(sample.total().counters().keySet());
        counted.addAll(sample.total().histograms().keySet());
        sample.vcpus().forEach(vcpu -> {
            counted.addAll(vcpu.counts().counters().keySet());
            counted.addAll(vcpu.counts().histograms().keySet());
        });
        sources = process.sources();
    }

    private void interval() throws IOException {
        if (cheapestNanos < Long.MAX_VALUE) {
            glanceNanos = Math.min(intervalNanos, Math.max(baseGlance(), cheapestNanos * GLANCE_SHARE));
            cheapestNanos = Long.MAX_VALUE;
        }
        KvmSample before = lastSample.orElseThrow();
        List<KvmSource> known = sources;
        sample();
        if (!sources.equals(known)) {
            report.sources(sources);
        }
        KvmSample now = lastSample.orElseThrow();
        if (now.timeNanos() > before.timeNanos()) {
            report.interval(new VcpuReport.While(seconds(now.timeNanos()), now.since(before), recent(now)));
        }
        judge();
    }

    private void judge() {
        judgedNanos = calls.nanoTime();
        if (refreshes.isPresent()) {
            LatenessJudge its = judge.orElseThrow();
            refreshes.get().take().forEach(its::add);
            its.judge(log).forEach(late -> report.late(seconds(late.timeNanos()), late));
        }
    }

    private double seconds(long nanos) {
        return (nanos - start) / 1e9;
    }

    private Map<Integer, WaitLog.Longest> recent(KvmSample sample) {
        Map<Integer, WaitLog.Longest> longest = new HashMap<>();
        for (VcpuSample vcpu : sample.vcpus()) {
            vcpu.thread().ifPresent(thread -> longest.put(thread, log.takeRecent(thread)));
        }
        return longest;
    }

    private void summarise() {
        judge();
        KvmSample last = lastSample.orElseThrow();
        KvmInterval whole = last.since(firstSample.orElseThrow());
        Map<Integer, WaitLog.Longest> longest = new HashMap<>();
        last.vcpus().forEach(vcpu -> vcpu.thread().ifPresent(thread -> longest.put(thread, log.longest(thread))));
        List<String> missing = new ArrayList<>(VcpuReport.COUNTERS);
        missing.addAll(VcpuReport.HISTOGRAMS);
        missing.removeAll(counted);
        report.summary(
                new VcpuReport.While(seconds(last.timeNanos()), whole, longest),
                missing,
                judge.map(LatenessJudge::account));
    }
}
