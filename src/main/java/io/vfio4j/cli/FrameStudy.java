package io.vfio4j.cli;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.SubscriptionOptions;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.emulator.runs.Runs;
import io.vfio4j.emulator.study.Study;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.loop.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * How late the frames of an emulated vGPU are, by how many guests share its host and whom a spinning vCPU yields to: each is watched in
 * virtual time, once for each seed, as {@code watch --virtual} does.
 *
 * @param overcommits how many guests, the vGPU's included
 * @param boosts whom to yield to
 * @param plan how often and how long
 */
record FrameStudy(List<Integer> overcommits, List<Boost> boosts, Study.Plan plan) {
    /** The vGPU, without what the study varies. */
    static final String DEVICE = "emulated:v5:flip";

    /** Of the drivers of 2019, whatever the guest's mode. */
    static final long VBLANK_NANOS = 16_000_000;

    /** What is watched once for each seed. */
    record Case(int overcommit, Boost boost) {
        DeviceName.Emulated device(long seed) {
            return new DeviceName.Emulated(
                    VgpuProfile.V5.withOvercommit(overcommit).withBoost(boost).withSeed(seed),
                    Scenario.FLIP,
                    DEVICE + ",overcommit=" + overcommit + ",boost=" + boost.label() + ",seed=" + seed);
        }
    }

    /**
     * What has come out of a case.
     *
     * @param watched the case
     * @param runs with each seed, in their order
     */
    record Row(Case watched, List<Seeded> runs) {
        FrameLateness pooled() {
            return FrameLateness.pooled(runs.stream().map(Seeded::frames).toList());
        }

        /** Of the seeds, each with the same weight. */
        DoubleSummaryStatistics missedShare() {
            return runs.stream().mapToDouble(run -> run.frames().missedShare()).summaryStatistics();
        }
    }

    /** What has come out of a run. */
    record Seeded(long seed, FrameLateness frames) {}

    /**
     * What has come out.
     *
     * @param rows the cases that have a run, overcommits first; where the study was cancelled some may be missing, or have fewer runs
     * @param complete whether nothing is missing
     * @param hostNanos how long it took
     */
    record Result(List<Row> rows, boolean complete, long hostNanos) {}

    /**
     * Carries it out on the plan's threads.
     *
     * @throws UncheckedIOException when a run failed
     */
    Result run(Runs.Progress progress, BooleanSupplier cancelled) {
        long start = System.nanoTime();
        List<Case> cases = cases();
        int seeds = plan.seeds();
        List<Optional<Seeded>> runs = new Runs<>(
                        Math.multiplyExact(cases.size(), seeds),
                        (number, stopped) -> run(cases.get(number / seeds), seed(number % seeds), stopped))
                .run(plan.threads(), progress, cancelled);
        List<Row> rows = new ArrayList<>();
        for (int each = 0; each < cases.size(); each++) {
            List<Seeded> done = runs.subList(each * seeds, (each + 1) * seeds).stream()
                    .flatMap(Optional::stream)
                    .toList();
            if (!done.isEmpty()) {
                rows.add(new Row(cases.get(each), done));
            }
        }
        return new Result(rows, runs.stream().allMatch(Optional::isPresent), System.nanoTime() - start);
    }

    private List<Case> cases() {
        return overcommits.stream()
                .flatMap(overcommit -> boosts.stream().map(boost -> new Case(overcommit, boost)))
                .toList();
    }

    private long seed(int index) {
        return plan.firstSeed() + index;
    }

    private Optional<Seeded> run(Case watched, long seed, BooleanSupplier stopped) {
        DeviceName.Emulated device = watched.device(seed);
        try {
            return watch(device, stopped).map(frames -> new Seeded(seed, frames));
        } catch (IOException | RuntimeException e) {
            throw new UncheckedIOException(new IOException(device.text() + ": " + e.getMessage(), e));
        }
    }

    private Optional<FrameLateness> watch(DeviceName.Emulated device, BooleanSupplier stopped) throws IOException {
        try (EmulatedDevice emulated = EmulatedDevice.inVirtualTime(device)) {
            try (OpenedDevice opened =
                            OpenedDevice.openWithBareVm(emulated.systemCalls(), emulated.mdev(), Optional.empty());
                    EventLoop loop = EventLoop.stepped(emulated.systemCalls());
                    Display display = Display.attach(loop, opened.device(), DisplayOptions.DEFAULTS)) {
                display.subscribe(new Onlooker(), SubscriptionOptions.DIRECT);
                // Counted as it goes: of very many frames the guest remembers the last.
                emulated.runGuest(plan.measured(), stopped, passed -> emulated.lateness());
            }
            return stopped.getAsBoolean() ? Optional.empty() : emulated.lateness();
        }
    }

    /** Without a subscriber the irq is masked. */
    private static final class Onlooker implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            // What is told is counted where it comes from.
        }
    }
}
