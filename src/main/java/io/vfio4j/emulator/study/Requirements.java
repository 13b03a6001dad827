package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** What the table was expected to show, written down before it was simulated; judged by the same rules whatever the parameters. */
final class Requirements {
    /** "Nearly equal": the whole interval of the quotient is this close to 1. The published difference is 9 %. */
    private static final double NEARLY = 0.1;

    private static final int MANY = 3;
    private static final String NO_YIELDS = "1VM: no directed yield succeeds";
    private static final String BOOST_HELPS = "3VM: ready above preempted, intervals apart";
    private static final String SPIN_FALLS = "3VM: spin share falls from preempted to ready, intervals apart";
    private static final String GUEST_FIX = "3VM, guest fixed: ready within 10 % of preempted";

    private final List<Cell> cells;

    Requirements(List<Cell> cells) {
        this.cells = cells;
    }

    /** The experiments that are needed to judge, and no others. */
    static List<Experiment> experiments(TableParameters parameters) {
        return List.of(
                parameters.experiment(1, Boost.PREEMPTED, TableParameters.LOCK),
                parameters.experiment(1, Boost.READY, TableParameters.LOCK),
                parameters.experiment(MANY, Boost.PREEMPTED, TableParameters.LOCK),
                parameters.experiment(MANY, Boost.READY, TableParameters.LOCK),
                parameters.experiment(MANY, Boost.PREEMPTED, TableParameters.FIXED_LOCK),
                parameters.experiment(MANY, Boost.READY, TableParameters.FIXED_LOCK));
    }

    List<Requirement> judge() {
        return List.of(noYields(), boostHelps(), spinFalls(), guestFix());
    }

    private Requirement noYields() {
        List<Cell> alone = cells.stream()
                .filter(cell -> cell.experiment().setup().machines().size() == 1)
                .filter(cell -> cell.experiment().setup().boost() != Boost.NONE)
                .toList();
        if (alone.isEmpty()) {
            return Requirement.unknown(NO_YIELDS);
        }
        long successful = sum(alone, Yields::successful);
        long attempted = sum(alone, Yields::attempted);
        long exits = alone.stream()
                .flatMap(cell -> cell.runs().stream())
                .mapToLong(run -> run.warmUp().pauseExits() + run.outcome().pauseExits())
                .sum();
        int runs = alone.stream().mapToInt(cell -> cell.runs().size()).sum();
        return Requirement.judged(
                NO_YIELDS,
                successful == 0,
                successful + " of " + attempted + " attempts after " + exits + " exits in " + runs
                        + " runs, their warm-ups included");
    }

    /** With the warm-up: once its pause window has grown, a vCPU that is never descheduled exits no more. */
    private static long sum(List<Cell> cells, ToLongFunction<Yields> count) {
        return cells.stream()
                .flatMap(cell -> cell.runs().stream())
                .mapToLong(run -> count.applyAsLong(run.warmUp().yields())
                        + count.applyAsLong(run.outcome().yields()))
                .sum();
    }

    private Requirement boostHelps() {
        Optional<Cell> before = cell(Boost.PREEMPTED, TableParameters.LOCK);
        Optional<Cell> after = cell(Boost.READY, TableParameters.LOCK);
        if (before.isEmpty() || after.isEmpty()) {
            return Requirement.unknown(BOOST_HELPS);
        }
        Interval with = after.get().recordsPerMachine();
        Interval without = before.get().recordsPerMachine();
        return judged(
                BOOST_HELPS, with, with.isAbove(without), number(without) + " and " + number(with) + " records/s");
    }

    private Requirement spinFalls() {
        Optional<Cell> before = cell(Boost.PREEMPTED, TableParameters.LOCK);
        Optional<Cell> after = cell(Boost.READY, TableParameters.LOCK);
        if (before.isEmpty() || after.isEmpty()) {
            return Requirement.unknown(SPIN_FALLS);
        }
        Interval with = after.get().spinShare();
        Interval without = before.get().spinShare();
        return judged(SPIN_FALLS, with, without.isAbove(with), percent(without) + " and " + percent(with));
    }

    private Requirement guestFix() {
        return cell(Boost.PREEMPTED, TableParameters.FIXED_LOCK)
                .flatMap(before -> cell(Boost.READY, TableParameters.FIXED_LOCK)
                        .flatMap(after -> Improvement.ratio(after, before)))
                .map(ratio -> judged(
                        GUEST_FIX,
                        ratio,
                        ratio.low() >= 1 - NEARLY && ratio.high() <= 1 + NEARLY,
                        String.format(
                                Locale.ROOT, "%.3f ± %.3f times as many records", ratio.mean(), ratio.halfWidth())))
                .orElseGet(() -> Requirement.unknown(GUEST_FIX));
    }

    /** One run tells nothing of the spread: then nothing is judged by it. */
    private static Requirement judged(String name, Interval interval, boolean met, String evidence) {
        return interval.isBounded()
                ? Requirement.judged(name, met, evidence)
                : new Requirement(name, Requirement.Status.UNKNOWN, "one run has no interval");
    }

    private Optional<Cell> cell(Boost boost, SpinLock lock) {
        return Table.find(cells, MANY, boost, lock);
    }

    static String number(Interval interval) {
        return String.format(Locale.ROOT, "%.0f ± %.0f", interval.mean(), interval.halfWidth());
    }

    static String percent(Interval interval) {
        return String.format(Locale.ROOT, "%.1f ± %.1f %%", 100 * interval.mean(), 100 * interval.halfWidth());
    }
}
