package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The published table, cell by cell, beside the model.
 *
 * @param rows one for each experiment that was simulated
 * @param improvements what the series changes, for each number of guests
 * @param requirements what was expected before
 */
public record Table(List<Row> rows, List<Improvement> improvements, List<Requirement> requirements) {
    private static final int MOST_MACHINES = 3;

    /**
     * A cell.
     *
     * @param cell what was simulated and measured
     * @param machines how many guests
     * @param boost the host's policy
     * @param lock the guests' lock
     * @param perMachine the published number read as that of one guest; empty where none was published
     * @param summed the published number read as the sum over the guests; empty where none was published
     * @param withoutYield the bound that is reached when nobody yields; empty where it has no closed form
     * @param fairShare the model's own cell of one guest over the number of guests; empty when that was not simulated
     * @param remark what the model reproduces of it, or why not; may be empty where nothing was published
     */
    public record Row(
            Cell cell,
            int machines,
            Boost boost,
            SpinLock lock,
            Optional<Comparison> perMachine,
            Optional<Comparison> summed,
            OptionalDouble withoutYield,
            OptionalDouble fairShare,
            String remark) {}

    /**
     * Makes a table.
     *
     * @param rows one for each experiment that was simulated
     * @param improvements what the series changes, for each number of guests
     * @param requirements what was expected before
     */
    public Table {
        rows = List.copyOf(rows);
        improvements = List.copyOf(improvements);
        requirements = List.copyOf(requirements);
    }

    /**
     * What has to be simulated: 1 to 3 guests whose lock waits early, with each policy; the same with the repaired lock, before and with the series;
     * and 3 guests whose lock never waits early.
     *
     * @param parameters mostly {@link TableParameters#FROZEN}
     * @param boosts which policies
     * @return the experiments, row by row
     */
    public static List<Experiment> experiments(TableParameters parameters, List<Boost> boosts) {
        List<Experiment> experiments = new ArrayList<>();
        for (int machines = 1; machines <= MOST_MACHINES; machines++) {
            for (Boost boost : boosts) {
                experiments.add(parameters.experiment(machines, boost, TableParameters.LOCK));
            }
        }
        for (int machines = 1; machines <= MOST_MACHINES; machines++) {
            for (Boost boost : boosts) {
                if (boost == Boost.PREEMPTED || boost == Boost.READY) {
                    experiments.add(parameters.experiment(machines, boost, TableParameters.FIXED_LOCK));
                }
            }
        }
        for (Boost boost : boosts) {
            if (boost == Boost.PREEMPTED || boost == Boost.READY) {
                experiments.add(parameters.experiment(MOST_MACHINES, boost, TableParameters.PATIENT_LOCK));
            }
        }
        return experiments;
    }

    /**
     * Puts what was measured beside what was published.
     *
     * @param cells of the {@link #experiments}, all or those that are there
     * @return the table
     */
    public static Table of(List<Cell> cells) {
        List<Row> rows = cells.stream().map(cell -> row(cell, cells)).toList();
        List<Improvement> improvements = new ArrayList<>();
        for (Published published : Published.TABLE) {
            Optional<Cell> before = find(cells, published.machines(), Boost.PREEMPTED, TableParameters.LOCK);
            Optional<Cell> after = find(cells, published.machines(), Boost.READY, TableParameters.LOCK);
            if (before.isPresent() && after.isPresent()) {
                Improvement.of(published, before.get(), after.get()).ifPresent(improvements::add);
            }
        }
        return new Table(rows, improvements, new Requirements(cells).judge());
    }

    private static Row row(Cell cell, List<Cell> cells) {
        Setup setup = cell.experiment().setup();
        int machines = setup.machines().size();
        SpinLock lock = setup.machines().get(0).lock();
        Optional<Published.Range> published = Published.of(machines, setup.boost(), lock);
        OptionalDouble fairShare = find(cells, 1, setup.boost(), lock)
                .map(alone -> OptionalDouble.of(
                        Bounds.fairShare(alone.recordsPerMachine().mean(), machines)))
                .orElse(OptionalDouble.empty());
        Row bare = new Row(
                cell,
                machines,
                setup.boost(),
                lock,
                published.map(range -> new Comparison(cell.recordsPerMachine(), range)),
                published.map(range -> new Comparison(cell.recordsSummed(), range)),
                Bounds.withoutYield(setup.host(), machines),
                fairShare,
                "");
        return new Row(
                cell,
                machines,
                setup.boost(),
                lock,
                bare.perMachine(),
                bare.summed(),
                bare.withoutYield(),
                fairShare,
                Remark.on(bare, cells));
    }

    static Optional<Cell> find(List<Cell> cells, int machines, Boost boost, SpinLock lock) {
        return cells.stream()
                .filter(cell -> cell.experiment().setup().machines().size() == machines)
                .filter(cell -> cell.experiment().setup().boost() == boost)
                .filter(cell -> cell.experiment().setup().machines().get(0).lock() == lock)
                .findFirst();
    }
}
