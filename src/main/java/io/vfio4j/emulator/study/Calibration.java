package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.GuestProgram.Ebizzy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Finds the one number of {@link TableParameters} that no source has: how long the guest's kernel works for each record. It is chosen so that one guest
 * alone, on a host without the series, does the published number of records; nothing else is looked at.
 *
 * <p>By bisection between 0.1 and 10 ms, with {@value #SEEDS} seeds from {@value #FIRST_SEED} on, which are not those of the table, to the
 * microsecond. {@link TableParameters#KERNEL_NANOS} is what this gives with the other frozen parameters: anybody can run it again.
 */
public final class Calibration {
    /** Seeds that the table does not use. */
    static final int FIRST_SEED = 1001;

    static final int SEEDS = 5;

    private static final Duration WARM_UP = Duration.ofMillis(200);
    private static final Duration MEASURED = Duration.ofMillis(400);
    private static final int SHORTEST_MICROS = 100;
    private static final int LONGEST_MICROS = 10_000;
    private static final long NANOS_PER_MICRO = 1_000;

    private final TableParameters parameters;
    private final double target;
    private final int threads;
    private final Run run;

    /**
     * Prepares a calibration of the workload's time in the kernel on the published cell of one guest without the series.
     *
     * @param parameters all the others
     * @param threads how many simulations at a time; the result does not depend on it
     */
    public Calibration(TableParameters parameters, int threads) {
        this(parameters, Published.TABLE.get(0).before().middle(), threads, new SimulatedRun());
    }

    Calibration(TableParameters parameters, double target, int threads, Run run) {
        this.parameters = parameters;
        this.target = target;
        this.threads = threads;
        this.run = run;
    }

    /**
     * What a calibration has come to.
     *
     * @param kernelNanos how long the guest's kernel works for each record
     * @param target the published records a second
     * @param records the model's, with the calibrated number
     */
    public record Result(long kernelNanos, double target, Interval records) {}

    /** Is told each step; called by the thread that calibrates. */
    @FunctionalInterface
    public interface Progress {
        /** Wants to know nothing. */
        Progress NONE = (kernelNanos, records) -> {};

        /**
         * A value was tried.
         *
         * @param kernelNanos which
         * @param records what the model did with it
         */
        void tried(long kernelNanos, Interval records);
    }

    /**
     * Calibrates. Blocks for as long as it takes, about a minute.
     *
     * @param progress is told each step
     * @param cancelled whether to stop
     * @return the result; empty when it was cancelled
     * @throws IllegalStateException when no time in the kernel gives the published number
     */
    public Optional<Result> run(Progress progress, BooleanSupplier cancelled) {
        // The more work for each record, the fewer records.
        int tooShort = SHORTEST_MICROS;
        int enough = LONGEST_MICROS;
        while (enough - tooShort > 1) {
            int middle = (tooShort + enough) / 2;
            Optional<Interval> records = records(middle * NANOS_PER_MICRO, cancelled);
            if (records.isEmpty()) {
                return Optional.empty();
            }
            progress.tried(middle * NANOS_PER_MICRO, records.get());
            if (records.get().mean() > target) {
                tooShort = middle;
            } else {
                enough = middle;
            }
        }
        if (tooShort == SHORTEST_MICROS || enough == LONGEST_MICROS) {
            throw new IllegalStateException("no time in the kernel between " + SHORTEST_MICROS + " and "
                    + LONGEST_MICROS + " us gives " + target + " records a second");
        }
        long calibrated = enough * NANOS_PER_MICRO;
        return records(calibrated, cancelled).map(records -> new Result(calibrated, target, records));
    }

    private Optional<Interval> records(long kernelNanos, BooleanSupplier cancelled) {
        Ebizzy workload = parameters.workload();
        TableParameters tried = parameters.withWorkload(
                new Ebizzy(workload.userNanos(), kernelNanos, workload.lockSections(), workload.holdNanos()));
        Experiment experiment = tried.experiment(1, Boost.PREEMPTED, TableParameters.LOCK);
        Study.Result result = new Study(
                        List.of(experiment), new Study.Plan(FIRST_SEED, SEEDS, WARM_UP, MEASURED, threads), run)
                .run(Study.Progress.NONE, cancelled);
        return result.complete() ? Optional.of(result.cells().get(0).recordsPerMachine()) : Optional.empty();
    }
}
