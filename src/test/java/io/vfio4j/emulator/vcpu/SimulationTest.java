package io.vfio4j.emulator.vcpu;

import static io.vfio4j.emulator.vcpu.Scene.EBIZZY;
import static io.vfio4j.emulator.vcpu.Scene.MILLISECOND;
import static io.vfio4j.emulator.vcpu.Scene.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulationTest {
    private static Scene overcommitted(SpinLock lock) {
        return Scene.of(8, 3, EBIZZY, lock);
    }

    private static Outcome run(Scene scene, long nanos) {
        return scene.measured(0, nanos);
    }

    // Determinism.

    @Test
    void theSameSeedGivesTheSameHistoryAndAnotherSeedAnother() {
        Scene scene = overcommitted(SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED).boost(Boost.READY_FIXED);
        Outcome outcome = run(scene, 200 * MILLISECOND);
        assertEquals(outcome, run(scene, 200 * MILLISECOND));
        assertNotEquals(
                outcome.traceHash(), run(scene.seed(2), 200 * MILLISECOND).traceHash());
    }

    @Test
    void inHowManyPiecesTimePassesDoesNotMatter() {
        Scene scene = overcommitted(SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED).boost(Boost.READY_FIXED);
        Simulation pieces = scene.simulation();
        for (long nanos = 0; nanos < 100 * MILLISECOND; nanos += 33_331) {
            pieces.runTo(nanos);
            pieces.outcome();
        }
        pieces.runTo(100 * MILLISECOND);
        assertEquals(run(scene, 100 * MILLISECOND), pieces.outcome());
    }

    /** d73eb57b80b9 changes nothing but for vCPUs that blocked and were woken. */
    @ParameterizedTest
    @CsvSource({
        "1, TICKET",
        "2, TICKET",
        "3, TICKET",
        "4, TICKET",
        "5, TICKET",
        "6, QUEUED",
        "7, QUEUED",
        "8, PV_QUEUED"
    })
    void whereNoVcpuBlocksReadyIsThePreemptedOfBefore(long seed, SpinLock lock) {
        Scene scene = overcommitted(lock).seed(seed);
        Outcome before = run(scene.boost(Boost.PREEMPTED), 60 * MILLISECOND);
        assertTrue(before.yields().successful() > 1000, before.toString());
        assertEquals(before, run(scene.boost(Boost.READY), 60 * MILLISECOND));
        assertEquals(before, run(scene.boost(Boost.READY_FIXED), 60 * MILLISECOND));
        assertNotEquals(
                before.traceHash(),
                run(scene.boost(Boost.ORACLE), 60 * MILLISECOND).traceHash());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whereVcpusBlockReadyIsNotThePreemptedOfBefore(long seed) {
        Scene scene = overcommitted(SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED).seed(seed);
        Outcome before = run(scene.boost(Boost.PREEMPTED), 200 * MILLISECOND);
        Outcome after = run(scene.boost(Boost.READY), 200 * MILLISECOND);
        assertNotEquals(before.traceHash(), after.traceHash());
        assertEquals(0, before.yields().toWoken());
        assertTrue(after.yields().toWoken() > 0, after.toString());
    }

    // What is counted.

    @ParameterizedTest
    @EnumSource(Boost.class)
    void theBucketsOfTimeAddUpToTheProcessorsTimeForEveryBoostSchedulerAndLock(Boost boost) {
        for (HostScheduler scheduler : HostScheduler.values()) {
            for (SpinLock lock : SpinLock.values()) {
                Scene scene = Scene.of(6, 3, EBIZZY, lock).boost(boost).scheduler(scheduler);
                Outcome outcome = scene.measured(3 * MILLISECOND + 17, 20 * MILLISECOND + 1);
                String what = boost + " " + scheduler + " " + lock + " " + outcome;
                assertEquals(6 * (20 * MILLISECOND + 1), Scene.total(outcome), what);
                long machines = outcome.machines().stream()
                        .mapToLong(Outcome.Machine::processorNanos)
                        .sum();
                assertEquals(
                        Scene.total(outcome),
                        machines + outcome.processorNanos().get(Bucket.IDLE),
                        what);
                Outcome.Yields yields = outcome.yields();
                assertEquals(yields.attempted(), yields.refused() + yields.alone() + yields.successful(), what);
                assertTrue(yields.toWoken() <= yields.successful() && yields.toWanted() <= yields.successful(), what);
                assertTrue(yields.honoured() <= yields.successful() + 18, what);
                assertTrue(boost != Boost.NONE || outcome.pauseExits() == 0 && yields.attempted() == 0, what);
            }
        }
    }

    /** Guests of any mixture of programs, on any host, interrupted at random. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void whateverIsSimulatedKeepsItsAccounts(long seed) {
        Random random = new Random(seed);
        Setup setup = anything(random, seed);
        Simulation simulation = new Simulation(setup, SimulationListener.NONE);
        long begun = 5 * MILLISECOND;
        simulation.runTo(begun);
        simulation.startMeasuring();
        while (simulation.nanoTime() < 40 * MILLISECOND) {
            simulation.runTo(simulation.nanoTime() + 1 + random.nextInt(3_000_000));
            int machine = random.nextInt(setup.machines().size());
            simulation.postInterrupt(
                    machine,
                    random.nextInt(setup.machines().get(machine).programs().size()));
        }
        Outcome outcome = simulation.outcome();
        assertEquals(simulation.nanoTime() - begun, outcome.nanos(), "seed " + seed);
        assertEquals(outcome.nanos() * setup.host().cpus(), Scene.total(outcome), "seed " + seed);
        for (long nanos : outcome.processorNanos().values()) {
            assertTrue(nanos >= 0, "seed " + seed + ": " + outcome);
        }
    }

    private static Setup anything(Random random, long seed) {
        List<VirtualMachine> machines = new ArrayList<>();
        int guests = 1 + random.nextInt(4);
        for (int i = 0; i < guests; i++) {
            List<GuestProgram> programs = new ArrayList<>();
            int vcpus = 1 + random.nextInt(8);
            for (int j = 0; j < vcpus; j++) {
                programs.add(anyProgram(random));
            }
            machines.add(new VirtualMachine(
                    programs, any(SpinLock.values(), random), new Patience(1 + random.nextInt(2_000_000), 3_000)));
        }
        return new Setup(
                HostModel.ofCpus(1 + random.nextInt(8)).withScheduler(any(HostScheduler.values(), random)),
                Pause.defaults(),
                random.nextInt(4) == 0 ? Costs.none() : Costs.defaults(),
                any(Boost.values(), random),
                any(WakeUpRule.values(), random),
                random.nextBoolean(),
                machines,
                random.nextInt(50),
                seed);
    }

    private static GuestProgram anyProgram(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> new GuestProgram.Hog();
            case 1 -> new GuestProgram.Idle();
            case 2 -> new GuestProgram.PingPong(1 + random.nextInt(50_000));
            case 3 -> new GuestProgram.DrawLoop(1 + random.nextInt(5_000_000), random.nextInt(8));
            case 4 -> new GuestProgram.LockBench(random.nextInt(5_000), 1 + random.nextInt(50_000));
            default ->
                new GuestProgram.Ebizzy(
                        random.nextInt(20_000), 1 + random.nextInt(500_000), random.nextInt(7), random.nextInt(5_000));
        };
    }

    private static <T> T any(T[] values, Random random) {
        return values[random.nextInt(values.length)];
    }

    @Test
    void measuringBeginsAnewButTheHistoryGoesOn() {
        Scene scene = overcommitted(SpinLock.TICKET).boost(Boost.READY_FIXED);
        Outcome late = scene.measured(50 * MILLISECOND, 50 * MILLISECOND);
        Outcome all = run(scene, 100 * MILLISECOND);
        Outcome early = run(scene, 50 * MILLISECOND);
        assertEquals(all.traceHash(), late.traceHash());
        assertEquals(all.events(), early.events() + late.events());
        assertEquals(all.pauseExits(), early.pauseExits() + late.pauseExits());
        assertEquals(
                all.machines().get(0).records(),
                early.machines().get(0).records() + late.machines().get(0).records());
    }

    /** yield_to() returns -ESRCH while nobody else wants either processor. */
    @ParameterizedTest
    @EnumSource(
            value = Boost.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NONE"})
    void aGuestThatIsAloneNeverYieldsAndEveryAttemptFindsBothProcessorsTakenByNobodyElse(Boost boost) {
        // Waiters halt soon, so that there are vCPUs that are woken and not yet entered, whom a yield may try; windows
        // do not grow.
        List<GuestProgram> programs = VirtualMachine.of(8, new GuestProgram.LockBench(3_000, 9_000), SpinLock.PV_QUEUED)
                .programs();
        VirtualMachine guest = new VirtualMachine(programs, SpinLock.PV_QUEUED, new Patience(4_000, 1_000));
        Scene scene = Scene.of(HostModel.ofCpus(8), List.of(guest))
                .pause(new Pause(1_000, 1, 1_000))
                .boost(boost);
        Outcome outcome = run(scene, 50 * MILLISECOND);
        assertTrue(outcome.pauseExits() > 1000, outcome.toString());
        assertEquals(0, outcome.yields().successful());
        assertEquals(outcome.yields().attempted(), outcome.yields().alone());
        // Nobody is preempted, but there are vCPUs that were woken; d73eb57b80b9 alone takes them for being in user
        // mode.
        assertEquals(
                boost != Boost.PREEMPTED && boost != Boost.READY,
                outcome.yields().alone() > 0,
                outcome.toString());
    }

    // Spinning.

    /** The window doubles at each exit: after n exits w·(2^n − 1) has been spun. */
    @ParameterizedTest
    @ValueSource(longs = {1638, 1000, 7})
    void aSpinOfLengthTExitsAsOftenAsTheLogarithmOfItsWindows(long window) {
        long hold = 50 * MILLISECOND;
        Simulation simulation = Scene.of(2, 1, new GuestProgram.LockBench(hold, 1), SpinLock.TICKET)
                .boost(Boost.PREEMPTED)
                .costs(Costs.none())
                .pause(new Pause(window, 2, SECOND))
                .jitter(0)
                .simulation();
        // Both come for the lock at 1 ns; one of them spins from then on.
        for (long spun = 1; spun < hold; spun += 1 + spun / 3) {
            simulation.runTo(1 + spun);
            int exits = Long.SIZE - 1 - Long.numberOfLeadingZeros(spun / window + 1);
            assertEquals(exits, simulation.outcome().pauseExits(), "after " + spun);
        }
    }

    /** Ten milliseconds of spinning before a vCPU halts; those behind it halt when it has (pv_wait_early). */
    @Test
    void waitersHaltInACascadeWhenTheOneBeforeThemHasHalted() {
        Outcome fixed = run(holder(SpinLock.PV_QUEUED), 100 * MILLISECOND);
        Outcome early = run(holder(SpinLock.PV_QUEUED_EARLY_IF_HALTED), 100 * MILLISECOND);
        // Seven spin for the whole of their patience, or only the first of them.
        assertEquals(7 * 10 * MILLISECOND, fixed.processorNanos().get(Bucket.LOCK_SPIN), MILLISECOND);
        long first = early.processorNanos().get(Bucket.LOCK_SPIN);
        assertTrue(first < 7 * 10 * MILLISECOND && first > 10 * MILLISECOND, early.toString());
    }

    /** One vCPU holds the lock for longer than anybody spins. */
    private static Scene holder(SpinLock lock) {
        List<GuestProgram> programs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            programs.add(new GuestProgram.LockBench(200 * MILLISECOND, 1 + i * MILLISECOND));
        }
        VirtualMachine guest = new VirtualMachine(programs, lock, new Patience(10 * MILLISECOND, 10_000));
        return Scene.of(HostModel.ofCpus(8), List.of(guest)).jitter(0);
    }

    @Test
    void waitersHaltEarlyWhenTheOneBeforeThemIsPreempted() {
        // Threshold out of reach: whoever halts does so early.
        Outcome halted = run(impatient(SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED), 200 * MILLISECOND);
        Outcome never = run(impatient(SpinLock.PV_QUEUED_EARLY_IF_HALTED), 200 * MILLISECOND);
        assertTrue(halted.yields().toWoken() > 0, halted.toString());
        assertEquals(0, never.yields().toWoken());
    }

    private static Scene impatient(SpinLock lock) {
        VirtualMachine guest =
                new VirtualMachine(VirtualMachine.of(8, EBIZZY, lock).programs(), lock, new Patience(SECOND, 14_000));
        return Scene.of(HostModel.ofCpus(8), List.of(guest, guest, guest)).boost(Boost.READY_FIXED);
    }

    @Test
    void aRepairedGuestGainsLittleFromAnyBoostOfWokenVcpus() {
        for (SpinLock lock : List.of(SpinLock.PV_QUEUED, SpinLock.PV_QUEUED_EARLY_IF_HALTED)) {
            Scene scene = overcommitted(lock);
            double before = Scene.rate(scene.boost(Boost.PREEMPTED).measured(50 * MILLISECOND, 150 * MILLISECOND));
            double after = Scene.rate(scene.boost(Boost.READY_FIXED).measured(50 * MILLISECOND, 150 * MILLISECOND));
            assertEquals(before, after, 0.03 * before);
        }
    }

    // Scheduling.

    /** Each tick asks for another vCPU, and there is one in each switch: the exact rule is what keeps the guests going. */
    @Test
    void aVcpuThatWasEnteredStaysForAWhile() {
        long stay = 10_000;
        Outcome outcome = run(switching(stay), SECOND);
        long turn = 200_000 + stay + 2_000;
        assertEquals(SECOND / turn * stay, outcome.processorNanos().get(Bucket.USER), 0.01 * SECOND / turn * stay);
    }

    @Test
    void withoutThatTheyGetNothingDoneWhichIsNoticed() {
        LivelockException livelock = assertThrows(LivelockException.class, () -> run(switching(0), 1000 * SECOND));
        assertTrue(livelock.getMessage().contains("processor 0: "), livelock.getMessage());
        assertTrue(livelock.getMessage().contains("vCPU 0 of guest 1: "), livelock.getMessage());
    }

    private static Scene switching(long leastStay) {
        Costs costs = new Costs(2_000, 200_000, 0, 0, 0, 0, 0, 0, 0, 0, leastStay);
        HostModel host = HostModel.ofCpus(1)
                .withHertz(10_000)
                .withScheduler(HostScheduler.ROUND_ROBIN)
                .withSlice(1);
        return Scene.of(1, 2, new GuestProgram.Hog(), SpinLock.TICKET)
                .host(host)
                .costs(costs);
    }

    @Test
    void aHistoryWhereNothingGetsDoneInSoManyEventsIsEnded() {
        Setup setup = overcommitted(SpinLock.TICKET).boost(Boost.READY_FIXED).setup();
        Simulation simulation = new Simulation(setup, SimulationListener.NONE, new LivelockGuard(2, SECOND));
        LivelockException livelock = assertThrows(LivelockException.class, () -> simulation.runTo(SECOND));
        assertTrue(livelock.getMessage().contains("in the last 3 events"), livelock.getMessage());
    }

    @Test
    void progressWithoutTimeIsNone() {
        LivelockGuard guard = new LivelockGuard(3, SECOND);
        guard.progressed(1);
        for (int event = 0; event < 4; event++) {
            assertFalse(guard.isExhausted(1), event + " events");
            guard.count();
            guard.progressed(1);
        }
        assertTrue(guard.isExhausted(1));
        guard.progressed(2);
        assertFalse(guard.isExhausted(2));
    }

    @Test
    void aHostThatIdlesForLongIsNotTakenForOne() {
        Simulation simulation =
                Scene.of(2, 1, new GuestProgram.Idle(), SpinLock.TICKET).simulation();
        simulation.runTo(3600 * SECOND);
        simulation.postInterrupt(0, 0);
        simulation.runTo(7200 * SECOND);
        assertTrue(simulation.outcome().events() < 50, simulation.outcome().toString());
    }

    /**
     * Of EEVDF without a boost only: there each yield of 6.6 to 6.17 moves a task's deadline away by a slice, and whoever has yielded
     * often and is eligible then runs until that deadline.
     */
    @ParameterizedTest
    @CsvSource({
        "CFS, NONE",
        "CFS, PREEMPTED",
        "CFS, READY_FIXED",
        "CFS, ORACLE",
        "EEVDF, NONE",
        "EEVDF_WITHOUT_HINT, NONE",
        "ROUND_ROBIN, NONE"
    })
    void noGuestGetsMoreThanItsShareButForWhatAHintIsAllowed(HostScheduler scheduler, Boost boost) {
        // vCPUs that never block, and whose work differs from guest to guest.
        List<VirtualMachine> machines = List.of(
                VirtualMachine.of(4, new GuestProgram.Hog(), SpinLock.TICKET),
                VirtualMachine.of(4, EBIZZY, SpinLock.TICKET),
                VirtualMachine.of(4, new GuestProgram.LockBench(2_000, 10_000), SpinLock.TICKET));
        HostModel host = HostModel.ofCpus(4).withScheduler(scheduler);
        Outcome outcome = run(Scene.of(host, machines).boost(boost), SECOND);
        long share = 4 * SECOND / 3;
        // Virtual run times of a queue are never further apart than a granularity and a slice that a tick ends.
        long apart = host.wakeUpGranularityNanos() + host.latencyNanos() / 3 + host.tickNanos();
        for (Outcome.Machine machine : outcome.machines()) {
            assertTrue(machine.processorNanos() <= share + 4 * apart, outcome.toString());
        }
    }

    @Test
    void aProcessorWithNothingToDoTakesAVcpuThatWaitsElsewhere() {
        // Dealt out in turn, both hogs are on processor 0, and the other processor has only those that halt.
        List<GuestProgram> programs = List.of(
                new GuestProgram.Hog(), new GuestProgram.Idle(), new GuestProgram.Hog(), new GuestProgram.Idle());
        Scene scene = Scene.of(HostModel.ofCpus(2), List.of(new VirtualMachine(programs, SpinLock.TICKET)));
        Outcome outcome = scene.measured(10 * MILLISECOND, 100 * MILLISECOND);
        assertEquals(200 * MILLISECOND, outcome.processorNanos().get(Bucket.USER), MILLISECOND);
    }

    // Resources.

    @Test
    void memoryDoesNotGrowWithSimulatedTime() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Simulation simulation = overcommitted(SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED)
                .boost(Boost.READY_FIXED)
                .simulation();
        simulation.runTo(200 * MILLISECOND);
        long before = threads.getCurrentThreadAllocatedBytes();
        simulation.runTo(500 * MILLISECOND);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 16_384, allocated + " bytes for 300 ms");
    }
}
