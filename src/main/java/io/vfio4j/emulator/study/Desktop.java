package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.GuestProgram;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.VirtualMachine;
import io.vfio4j.emulator.vcpu.WakeUpRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The published desktop: a guest of 8 vCPUs with ebizzy on 8 hyper-threads, beside a second guest with {@code stress --cpu 2}, which is taken to have
 * 8 vCPUs too, two of them busy.
 *
 * <p>Two hogs on 8 processors make the result depend on where they are, which the host's balancing decides and the model's random numbers: so a
 * distribution over the seeds is shown, and no mean. The machine is another than the table's, and nothing is calibrated for it.
 */
public final class Desktop {
    private static final int PROCESSORS = 8;
    private static final int HOGS = 2;

    private Desktop() {}

    /**
     * A policy's records over the seeds.
     *
     * @param boost the policy
     * @param cell what was simulated and measured
     * @param lowest of all seeds
     * @param median of all seeds
     * @param highest of all seeds
     * @param published empty where none was published
     */
    public record Spread(
            Boost boost,
            Cell cell,
            double lowest,
            double median,
            double highest,
            Optional<Published.Range> published) {}

    /**
     * What has to be simulated.
     *
     * @param parameters the number of processors is replaced by 8
     * @param boosts which policies
     * @return an experiment for each
     */
    public static List<Experiment> experiments(TableParameters parameters, List<Boost> boosts) {
        HostModel host = parameters.host();
        HostModel desktop = new HostModel(
                PROCESSORS,
                host.hertz(),
                host.scheduler(),
                host.latencyNanos(),
                host.minimumGranularityNanos(),
                host.wakeUpGranularityNanos(),
                host.sliceNanos(),
                host.haltPollNanos());
        return boosts.stream()
                .map(boost -> experiment(parameters.withHost(desktop), boost))
                .toList();
    }

    private static Experiment experiment(TableParameters parameters, Boost boost) {
        List<GuestProgram> stress = new ArrayList<>(Collections.nCopies(HOGS, new GuestProgram.Hog()));
        stress.addAll(Collections.nCopies(PROCESSORS - HOGS, new GuestProgram.Idle()));
        Setup setup = new Setup(
                parameters.host(),
                parameters.pause(),
                parameters.costs(),
                boost,
                WakeUpRule.X86,
                TableParameters.POSTED_INTERRUPTS,
                List.of(
                        new VirtualMachine(
                                Collections.nCopies(PROCESSORS, parameters.workload()),
                                TableParameters.LOCK,
                                parameters.patience()),
                        new VirtualMachine(stress, TableParameters.LOCK, parameters.patience())),
                parameters.jitterPercent(),
                0);
        return new Experiment("desktop " + boost.label(), setup, 1, TableParameters.INTERRUPT_HERTZ);
    }

    /**
     * Puts what was measured beside what was published.
     *
     * @param cells of the {@link #experiments}
     * @return a distribution for each
     */
    public static List<Spread> of(List<Cell> cells) {
        return cells.stream().map(Desktop::spread).toList();
    }

    private static Spread spread(Cell cell) {
        double[] records = cell.runs().stream()
                .mapToDouble(run -> cell.recordsPerMachine(run.outcome()))
                .sorted()
                .toArray();
        Boost boost = cell.experiment().setup().boost();
        Optional<Published.Range> published = switch (boost) {
            case PREEMPTED -> Optional.of(Published.DESKTOP.before());
            case READY -> Optional.of(Published.DESKTOP.after());
            default -> Optional.empty();
        };
        return new Spread(boost, cell, records[0], median(records), records[records.length - 1], published);
    }

    static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return Arrays.stream(sorted, (sorted.length - 1) / 2, middle + 1)
                .average()
                .orElseThrow();
    }
}
