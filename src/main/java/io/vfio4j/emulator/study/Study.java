package io.vfio4j.emulator.study;

import io.vfio4j.emulator.runs.Runs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Experiments, each simulated with several seeds, on a fixed number of threads. Each run has a simulation of its own, and runs are put together in the
 * order of experiments and seeds: the same plan gives the same results with any number of threads, but for how long it took.
 */
public final class Study {
    private final List<Experiment> experiments;
    private final Plan plan;
    private final Run run;

    /**
     * Prepares a study.
     *
     * @param experiments what is simulated
     * @param plan how often and how long
     */
    public Study(List<Experiment> experiments, Plan plan) {
        this(experiments, plan, new SimulatedRun());
    }

    Study(List<Experiment> experiments, Plan plan, Run run) {
        this.experiments = List.copyOf(experiments);
        this.plan = plan;
        this.run = run;
    }

    /**
     * How often and how long each experiment is simulated.
     *
     * @param firstSeed of the first run; the others have the numbers after it
     * @param seeds how many runs, 1 to 10,000
     * @param warmUp virtual time before anything is counted
     * @param measured virtual time that is counted
     * @param threads how many runs at a time, 1 to 1024
     */
    public record Plan(long firstSeed, int seeds, Duration warmUp, Duration measured, int threads) {
        private static final int MOST_SEEDS = 10_000;
        private static final int MOST_THREADS = 1024;
        private static final Duration LONGEST = Duration.ofHours(24);

        /** 20 seeds from 1 on; 0.4 s measured after 0.2 s; a thread for each processor of this machine. */
        public static final Plan DEFAULTS = new Plan(
                1,
                20,
                Duration.ofMillis(200),
                Duration.ofMillis(400),
                Runtime.getRuntime().availableProcessors());

        /**
         * Makes a plan.
         *
         * @param firstSeed of the first run; the others have the numbers after it
         * @param seeds how many runs, 1 to 10,000
         * @param warmUp virtual time before anything is counted
         * @param measured virtual time that is counted
         * @param threads how many runs at a time, 1 to 1024
         * @throws IllegalArgumentException naming what is absurd
         */
        public Plan {
            if (seeds < 1 || seeds > MOST_SEEDS) {
                throw new IllegalArgumentException("seeds " + seeds + " is not within 1 to " + MOST_SEEDS);
            }
            if (warmUp.isNegative() || warmUp.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException("warmUp " + warmUp + " is not within 0 and a day");
            }
            if (measured.isNegative() || measured.isZero() || measured.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException("measured " + measured + " is not above 0 and within a day");
            }
            if (threads < 1 || threads > MOST_THREADS) {
                throw new IllegalArgumentException("threads " + threads + " is not within 1 to " + MOST_THREADS);
            }
        }

        long warmUpNanos() {
            return warmUp.toNanos();
        }

        long measuredNanos() {
            return measured.toNanos();
        }

        long seed(int index) {
            return firstSeed + index;
        }
    }

    /** Is told how far a study is; called by the thread that runs the study. */
    @FunctionalInterface
    public interface Progress {
        /** Wants to know nothing. */
        Progress NONE = (done, total) -> {};

        /**
         * Some runs are done.
         *
         * @param done how many
         * @param total of how many
         */
        void ran(int done, int total);
    }

    /**
     * What a study has come to.
     *
     * @param cells the experiments that have a run, in their order; where the study was cancelled some may be missing, or have fewer runs
     * @param complete whether nothing is missing
     * @param hostNanos how long it took
     */
    public record Result(List<Cell> cells, boolean complete, long hostNanos) {
        /**
         * Makes a result.
         *
         * @param cells the experiments that have a run, in their order
         * @param complete whether nothing is missing
         * @param hostNanos how long it took
         */
        public Result {
            cells = List.copyOf(cells);
        }

        /**
         * How many events were simulated.
         *
         * @return in all runs, their warm-ups included
         */
        public long hostEvents() {
            return cells.stream().mapToLong(Cell::hostEvents).sum();
        }

        /**
         * How fast the simulation was.
         *
         * @return events for each second that a thread ran
         */
        public double eventsPerSecond() {
            long nanos = cells.stream().mapToLong(Cell::hostNanos).sum();
            return nanos == 0 ? 0 : hostEvents() * 1e9 / nanos;
        }
    }

    /**
     * Carries the study out. Blocks until all is done, or cancelled; the threads are ended then.
     *
     * @param progress is told how far it is
     * @param cancelled whether to stop and return what is done; asked often, by all threads. An interrupt of the calling thread does the same,
     *     and stays set
     * @return what was measured
     * @throws FailedRunException when a run could not be finished; the others are stopped
     */
    public Result run(Progress progress, BooleanSupplier cancelled) {
        long start = System.nanoTime();
        int total = Math.multiplyExact(experiments.size(), plan.seeds());
        List<Optional<Measurement>> measurements =
                new Runs<>(total, this::run).run(plan.threads(), progress::ran, cancelled);
        List<Cell> cells = new ArrayList<>();
        for (int experiment = 0; experiment < experiments.size(); experiment++) {
            List<Measurement> runs =
                    measurements.subList(experiment * plan.seeds(), (experiment + 1) * plan.seeds()).stream()
                            .flatMap(Optional::stream)
                            .toList();
            if (!runs.isEmpty()) {
                cells.add(new Cell(experiments.get(experiment), runs));
            }
        }
        boolean complete = measurements.stream().allMatch(Optional::isPresent);
        return new Result(cells, complete, System.nanoTime() - start);
    }

    private Optional<Measurement> run(int index, BooleanSupplier stopped) {
        Experiment experiment = experiments.get(index / plan.seeds());
        long seed = plan.seed(index % plan.seeds());
        try {
            return run.of(experiment, seed, plan, stopped);
        } catch (IllegalArgumentException absurd) {
            // A parameter's name is in the message; which run it was does not matter.
            throw absurd;
        } catch (RuntimeException e) {
            throw new FailedRunException(experiment, seed, e);
        }
    }
}
