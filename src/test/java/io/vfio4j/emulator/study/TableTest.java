package io.vfio4j.emulator.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.study.Comparison.Place;
import io.vfio4j.emulator.study.Improvement.Verdict;
import io.vfio4j.emulator.study.Requirement.Status;
import io.vfio4j.emulator.study.Table.Row;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import io.vfio4j.emulator.vcpu.Setup;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TableTest {
    private static final List<Boost> ALL = List.of(Boost.values());

    private static Table table(Run run, List<Boost> boosts) {
        return Table.of(new Study(Table.experiments(TableParameters.FROZEN, boosts), ScriptedRun.PLAN, run)
                .run(Study.Progress.NONE, () -> false)
                .cells());
    }

    private static Row row(Table table, String name) {
        return table.rows().stream()
                .filter(row -> row.cell().experiment().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void everyPolicyHasACellForEachNumberOfGuestsAndOtherLocksHaveTwo() {
        List<String> names = Table.experiments(TableParameters.FROZEN, ALL).stream()
                .map(Experiment::name)
                .toList();
        assertEquals(3 * ALL.size() + 3 * 2 + 2, names.size());
        assertTrue(names.containsAll(List.of("1VM none", "2VM ready-fixed", "3VM oracle", "3VM ready, guest fixed")));
    }

    @Test
    void whatComesOutAsPublishedIsCalledReproduced() {
        Table table = table(ScriptedRun.asPublished(), ALL);
        for (String name :
                List.of("2VM preempted", "2VM ready", "3VM preempted", "3VM ready", "3VM preempted, guest fixed")) {
            Row row = row(table, name);
            assertEquals(Place.WITHIN, row.perMachine().orElseThrow().place(), name);
            assertEquals(Place.ABOVE, row.summed().orElseThrow().place(), name);
            assertTrue(
                    row.remark().startsWith("Read per VM reproduced (1.00 of it); read as the sum not reproduced ("),
                    row.remark());
        }
        assertEquals(
                "Calibrated to this cell: no evidence.",
                row(table, "1VM preempted").remark());
        assertEquals(
                List.of(Verdict.FACTOR, Verdict.FACTOR, Verdict.FACTOR),
                table.improvements().stream().map(Improvement::verdict).toList());
    }

    @Test
    void whatComesOutOtherwiseIsNeverCalledReproduced() {
        Run twice = new ScriptedRun((setup, seed) -> 60_000.0 + seed);
        for (Row row : table(twice, ALL).rows()) {
            if (row.perMachine().isPresent()) {
                assertEquals(Place.ABOVE, row.perMachine().orElseThrow().place());
                assertFalse(
                        row.remark()
                                .toLowerCase(Locale.ROOT)
                                .replace("not reproduced", "")
                                .contains("reproduced"),
                        row.remark());
            }
        }
        assertTrue(row(table(twice, ALL), "3VM preempted")
                .remark()
                .contains("In the model 600 yields a second succeed, 33 %"));
        Run nearly = new ScriptedRun((setup, seed) -> 1.0 + seed);
        assertEquals(
                Place.BELOW,
                row(table(nearly, ALL), "3VM ready").perMachine().orElseThrow().place());
    }

    @Test
    void aPublishedNumberAtTheBoundIsSaidToBeThere() {
        Run twice = new ScriptedRun((setup, seed) -> 60_000.0 + seed);
        assertTrue(
                row(table(twice, ALL), "2VM preempted").remark().contains("at the bound without yields (2500, +12 %)"));
        assertTrue(
                row(table(twice, ALL), "3VM preempted").remark().contains("at the bound without yields (2222, -19 %)"));
        assertFalse(row(table(twice, ALL), "2VM ready").remark().contains("at the bound"));
    }

    @Test
    void theClosedFormIsCheckedWhereNobodyYields() {
        Table table = table(ScriptedRun.asPublished(), ALL);
        assertTrue(
                row(table, "2VM none").remark().startsWith("The closed form holds: +0."),
                row(table, "2VM none").remark());
        Run off = new ScriptedRun((setup, seed) -> 2100.0 + seed);
        assertTrue(row(table(off, ALL), "3VM none").remark().startsWith("The closed form is missed by -5.4 %"));
        assertEquals("", row(table(off, ALL), "1VM none").remark());
    }

    @Test
    void whatWasExpectedPassesWithThePublishedNumbers() {
        Table table = table(ScriptedRun.asPublished(), ALL);
        assertEquals(
                List.of(Status.PASS, Status.PASS, Status.PASS, Status.PASS),
                table.requirements().stream().map(Requirement::status).toList(),
                table.requirements().toString());
    }

    @Test
    void whatWasExpectedMissesWhenItDoesNotCome() {
        // The policies do as well as each other with the old lock, and not with the new one.
        Run reversed = new ScriptedRun((setup, seed) ->
                setup.boost() == Boost.READY && setup.machines().get(0).lock() == TableParameters.FIXED_LOCK
                        ? 2000.0
                        : 1000.0 + seed);
        List<Requirement> requirements = table(reversed, ALL).requirements();
        assertEquals(
                List.of(Status.PASS, Status.MISS, Status.PASS, Status.MISS),
                requirements.stream().map(Requirement::status).toList(),
                requirements.toString());
    }

    @Test
    void aYieldOfASingleGuestIsAMiss() {
        Run yielding = (experiment, seed, plan, stop) -> ScriptedRun.asPublished()
                .of(experiment, seed, plan, stop)
                .map(run -> withYields(run, seed == 3 ? ScriptedRun.yields(1) : ScriptedRun.yields(0)));
        Requirement noYields =
                table(yielding, List.of(Boost.NONE, Boost.READY)).requirements().get(0);
        assertEquals(Status.MISS, noYields.status());
        assertEquals("2 of 16000 attempts after 80000 exits in 8 runs, their warm-ups included", noYields.evidence());
    }

    private static Measurement withYields(Measurement run, Yields yields) {
        io.vfio4j.emulator.vcpu.Outcome outcome = run.outcome();
        return new Measurement(
                run.seed(),
                outcome,
                new io.vfio4j.emulator.vcpu.Outcome(
                        outcome.nanos(),
                        outcome.machines(),
                        outcome.processorNanos(),
                        yields,
                        outcome.pauseExits(),
                        outcome.events(),
                        outcome.traceHash()),
                run.shootdowns(),
                run.interrupts(),
                run.hostNanos());
    }

    @Test
    void whatWasNotSimulatedIsNotJudged() {
        Table table = table(ScriptedRun.asPublished(), List.of(Boost.NONE));
        assertTrue(table.requirements().stream().allMatch(each -> each.status() == Status.UNKNOWN));
        assertEquals(List.of(), table.improvements());
    }

    @Test
    void oneRunIsShownAndNotJudged() {
        Study.Plan once = new Study.Plan(1, 1, ScriptedRun.PLAN.warmUp(), ScriptedRun.PLAN.measured(), 1);
        Table table =
                Table.of(new Study(Table.experiments(TableParameters.FROZEN, ALL), once, ScriptedRun.asPublished())
                        .run(Study.Progress.NONE, () -> false)
                        .cells());
        Row row = row(table, "3VM ready");
        assertEquals(Place.UNKNOWN, row.perMachine().orElseThrow().place());
        assertEquals(
                "Read per VM not judged, as one run has no interval (1.00 of it);"
                        + " read as the sum not judged, as one run has no interval (3.00 of it).",
                row.remark());
        assertTrue(table.improvements().stream().allMatch(each -> each.verdict() == Verdict.UNKNOWN));
        assertEquals(
                List.of(Status.PASS, Status.UNKNOWN, Status.UNKNOWN, Status.UNKNOWN),
                table.requirements().stream().map(Requirement::status).toList());
    }

    @Test
    void anImprovementIsReproducedAsAFactorADirectionOrNotAtAll() {
        assertEquals(Verdict.FACTOR, new Improvement(3, new Interval(1.8, 0.05, 20), 1.72).verdict());
        assertEquals(Verdict.FACTOR, new Improvement(3, new Interval(2.0, 0.2, 20), 1.72).verdict());
        assertEquals(Verdict.DIRECTION, new Improvement(3, new Interval(1.2, 0.1, 20), 1.72).verdict());
        assertEquals(Verdict.DIRECTION, new Improvement(3, new Interval(9, 0.1, 20), 1.72).verdict());
        assertEquals(Verdict.NOTHING, new Improvement(3, new Interval(1.05, 0.1, 20), 1.72).verdict());
        assertEquals(Verdict.NOTHING, new Improvement(1, new Interval(1.05, 0.01, 20), 0.8).verdict());
    }

    @Test
    void aCellCountsTheGuestsTogetherAndEach() {
        Cell cell = row(table(ScriptedRun.asPublished(), ALL), "3VM ready").cell();
        assertEquals(3102.5, cell.recordsPerMachine().mean(), 1e-9);
        assertEquals(3 * 3102.5, cell.recordsSummed().mean(), 1e-9);
        assertEquals(0.05, cell.spinShare().mean(), 1e-9);
        assertEquals(0.0375, cell.callSpinShare().mean(), 1e-9);
        assertEquals(1000, cell.yieldsPerSecond(Yields::attempted).mean(), 1e-9);
        assertEquals(5000, cell.pauseExitsPerSecond().mean(), 1e-9);
        assertEquals(1, cell.fairness().mean(), 1e-9);
        assertEquals(4, cell.shootdowns().count());
        assertEquals(8_000_000, cell.interrupts().max(), 80_000);
        assertEquals(4000, cell.hostEvents());
    }

    @Test
    void theDesktopIsADistribution() {
        Run run = new ScriptedRun((setup, seed) -> setup.boost() == Boost.READY ? 4000.0 * seed : 100.0 * seed);
        List<Desktop.Spread> spreads = Desktop.of(new Study(
                        Desktop.experiments(TableParameters.FROZEN, List.of(Boost.PREEMPTED, Boost.READY)),
                        ScriptedRun.PLAN,
                        run)
                .run(Study.Progress.NONE, () -> false)
                .cells());
        assertEquals(
                List.of(100.0, 250.0, 400.0),
                Stream.of(spreads.get(0))
                        .flatMap(each -> Stream.of(each.lowest(), each.median(), each.highest()))
                        .toList());
        assertEquals(4000, spreads.get(1).published().orElseThrow().middle());
        Setup setup = spreads.get(0).cell().experiment().setup();
        assertEquals(8, setup.host().cpus());
        assertEquals(8, setup.machines().get(1).programs().size());
        assertEquals(1, spreads.get(0).cell().experiment().counted());
    }

    @Test
    void everyCostAndTimeIsHalvedAndDoubled() {
        List<Sensitivity.Variation> variations = Sensitivity.variations(TableParameters.FROZEN);
        int parameters = TableParameters.FROZEN.costs().getClass().getRecordComponents().length + 4 + 2 + 1;
        assertEquals(2 * parameters, variations.size());
        assertEquals(
                new Sensitivity.Variation("exit", 1500, 750, variations.get(0).parameters()), variations.get(0));
        assertEquals(750, variations.get(0).parameters().costs().exit());
        assertEquals(1500, variations.get(1).parameters().costs().exit());
        for (Sensitivity.Variation variation : variations) {
            assertTrue(
                    variation.after() == variation.before() * 2 || variation.after() == variation.before() / 2,
                    variation.toString());
            assertFalse(variation.parameters().equals(TableParameters.FROZEN), variation.parameter());
        }
    }

    @Test
    void eachVariationIsJudgedByItself() {
        // With half the time in the kernel, and only then, the series brings nothing.
        Run run = new ScriptedRun((setup, seed) -> {
            long kernel = ((io.vfio4j.emulator.vcpu.GuestProgram.Ebizzy)
                            setup.machines().get(0).programs().get(0))
                    .kernelNanos();
            return setup.boost() == Boost.READY
                            && kernel >= TableParameters.KERNEL_NANOS
                            && setup.machines().get(0).lock() == TableParameters.LOCK
                    ? 2000.0 + seed
                    : 1000.0 + seed;
        });
        List<Sensitivity> results = Sensitivity.run(
                Sensitivity.variations(TableParameters.FROZEN),
                ScriptedRun.PLAN,
                run,
                Study.Progress.NONE,
                () -> false);
        assertEquals(
                List.of("kernelNanos " + TableParameters.KERNEL_NANOS / 2),
                results.stream()
                        .filter(each -> each.requirements().stream().anyMatch(one -> one.status() != Status.PASS))
                        .map(each -> each.variation().parameter() + " "
                                + each.variation().after())
                        .toList());
    }

    @Test
    void calibrationFindsTheTimeInTheKernelOnOneGuestAlone() {
        Run run = new ScriptedRun((setup, seed) -> {
            assertEquals(1, setup.machines().size());
            assertEquals(Boost.PREEMPTED, setup.boost());
            long kernel = ((io.vfio4j.emulator.vcpu.GuestProgram.Ebizzy)
                            setup.machines().get(0).programs().get(0))
                    .kernelNanos();
            return 80e9 / (kernel + 731_000);
        });
        Calibration.Result result = new Calibration(TableParameters.FROZEN, 21443, 2, run)
                .run(Calibration.Progress.NONE, () -> false)
                .orElseThrow();
        // 80e9 / 21443 - 731000, to the next microsecond.
        assertEquals(3_000_000, result.kernelNanos());
        assertEquals(21443, result.records().mean(), 21443 * 0.001);
    }

    @Test
    void calibrationSaysWhenNoTimeInTheKernelFits() {
        Run run = new ScriptedRun((setup, seed) -> 5);
        Calibration calibration = new Calibration(TableParameters.FROZEN, 21443, 2, run);
        assertTrue(org.junit.jupiter.api.Assertions.assertThrows(
                        IllegalStateException.class, () -> calibration.run(Calibration.Progress.NONE, () -> false))
                .getMessage()
                .contains("21443"));
    }

    @Test
    void calibrationCanBeCancelled() {
        assertTrue(new Calibration(TableParameters.FROZEN, 21443, 2, ScriptedRun.asPublished())
                .run(Calibration.Progress.NONE, () -> true)
                .isEmpty());
    }
}
