package io.vfio4j.emulator.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Boost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StudyTest {
    private static final List<Experiment> EXPERIMENTS =
            List.of(ScriptedRun.experiment(2, Boost.PREEMPTED), ScriptedRun.experiment(3, Boost.READY));

    private static Study.Plan plan(int seeds, int threads) {
        return new Study.Plan(7, seeds, Duration.ZERO, Duration.ofSeconds(1), threads);
    }

    @Test
    void theResultDoesNotDependOnTheNumberOfThreads() {
        List<List<List<Long>>> results = Stream.of(1, 2, 5)
                .map(threads -> new Study(EXPERIMENTS, plan(5, threads), ScriptedRun.asPublished())
                        .run(Study.Progress.NONE, () -> false))
                .map(result -> result.cells().stream()
                        .map(cell -> cell.runs().stream()
                                .flatMap(run -> Stream.of(
                                        run.seed(),
                                        run.outcome().machines().get(0).records()))
                                .toList())
                        .toList())
                .toList();
        assertEquals(
                List.of(
                        List.of(7L, 2807L, 8L, 2808L, 9L, 2809L, 10L, 2810L, 11L, 2811L),
                        List.of(7L, 3107L, 8L, 3108L, 9L, 3109L, 10L, 3110L, 11L, 3111L)),
                results.get(0));
        assertEquals(results.get(0), results.get(1));
        assertEquals(results.get(0), results.get(2));
    }

    @Test
    void progressIsToldOneByOneByTheCallingThread() {
        List<Integer> told = new ArrayList<>();
        Thread caller = Thread.currentThread();
        new Study(EXPERIMENTS, plan(3, 2), ScriptedRun.asPublished())
                .run(
                        (done, total) -> {
                            assertEquals(6, total);
                            assertEquals(caller, Thread.currentThread());
                            told.add(done);
                        },
                        () -> false);
        assertEquals(List.of(1, 2, 3, 4, 5, 6), told);
    }

    @Test
    void aStudyThatIsCancelledReturnsWhatIsDone() {
        AtomicBoolean cancelled = new AtomicBoolean();
        Run run = (experiment, seed, plan, stop) -> {
            if (seed == 9) {
                cancelled.set(true);
                while (!stop.getAsBoolean()) {
                    Thread.onSpinWait();
                }
                return Optional.empty();
            }
            return ScriptedRun.asPublished().of(experiment, seed, plan, stop);
        };
        Study.Result result = new Study(EXPERIMENTS, plan(5, 1), run).run(Study.Progress.NONE, cancelled::get);
        assertFalse(result.complete());
        assertEquals(1, result.cells().size());
        assertEquals(
                List.of(7L, 8L),
                result.cells().get(0).runs().stream().map(Measurement::seed).toList());
    }

    @Test
    void anInterruptCancelsAndStaysSet() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        Run run = (experiment, seed, plan, stop) -> {
            begun.countDown();
            while (!stop.getAsBoolean()) {
                Thread.onSpinWait();
            }
            return Optional.empty();
        };
        AtomicBoolean interrupted = new AtomicBoolean();
        List<Study.Result> results = new ArrayList<>();
        Thread caller = new Thread(() -> {
            results.add(new Study(EXPERIMENTS, plan(1, 1), run).run(Study.Progress.NONE, () -> false));
            interrupted.set(Thread.currentThread().isInterrupted());
        });
        caller.start();
        begun.await();
        caller.interrupt();
        caller.join();
        assertTrue(interrupted.get());
        assertFalse(results.get(0).complete());
        assertEquals(List.of(), results.get(0).cells());
    }

    @Test
    void aRunThatFailsEndsTheStudyAndIsNamed() {
        Run run = (experiment, seed, plan, stop) -> {
            if (seed == 8) {
                throw new IllegalStateException("no progress");
            }
            return ScriptedRun.asPublished().of(experiment, seed, plan, stop);
        };
        Study study = new Study(EXPERIMENTS, plan(3, 2), run);
        FailedRunException failure =
                assertThrows(FailedRunException.class, () -> study.run(Study.Progress.NONE, () -> false));
        assertTrue(
                failure.getMessage().matches("(2VM preempted|3VM ready), seed 8: no progress"), failure.getMessage());
    }

    @Test
    void anErrorOfARunIsNotHidden() {
        Run run = (experiment, seed, plan, stop) -> {
            throw new OutOfMemoryError("in a test");
        };
        Study study = new Study(EXPERIMENTS, plan(1, 1), run);
        assertThrows(OutOfMemoryError.class, () -> study.run(Study.Progress.NONE, () -> false));
    }

    @Test
    void noExperimentIsNoWork() {
        Study.Result result =
                new Study(List.of(), plan(3, 2), ScriptedRun.asPublished()).run(Study.Progress.NONE, () -> false);
        assertTrue(result.complete());
        assertEquals(List.of(), result.cells());
        assertEquals(0, result.eventsPerSecond());
    }

    @Test
    void absurdPlansAreRefusedByName() {
        refused("seeds", () -> plan(0, 1));
        refused("seeds", () -> plan(10_001, 1));
        refused("threads", () -> plan(1, 0));
        refused("threads", () -> plan(1, 5000));
        refused("warmUp", () -> new Study.Plan(1, 1, Duration.ofMillis(-1), Duration.ofSeconds(1), 1));
        refused("measured", () -> new Study.Plan(1, 1, Duration.ZERO, Duration.ZERO, 1));
        refused("measured", () -> new Study.Plan(1, 1, Duration.ZERO, Duration.ofDays(2), 1));
        Experiment some = ScriptedRun.experiment(2, Boost.NONE);
        refused("counted", () -> new Experiment("x", some.setup(), 3, 0));
        refused("counted", () -> new Experiment("x", some.setup(), 0, 0));
        refused("interruptHertz", () -> new Experiment("x", some.setup(), 1, -1));
        refused("runs", () -> new Cell(some, List.of()));
    }

    private static void refused(String name, org.junit.jupiter.api.function.Executable absurd) {
        String message = assertThrows(IllegalArgumentException.class, absurd).getMessage();
        assertTrue(message.startsWith(name + " "), message);
    }
}
