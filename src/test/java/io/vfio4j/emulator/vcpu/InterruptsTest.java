package io.vfio4j.emulator.vcpu;

import static io.vfio4j.emulator.vcpu.Scene.MILLISECOND;
import static io.vfio4j.emulator.vcpu.Scene.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Interrupts from outside, between vCPUs, and frames. */
class InterruptsTest {
    private static final long VBLANK = 16 * MILLISECOND;
    private static final GuestProgram DRAWING = new GuestProgram.DrawLoop(2 * MILLISECOND, 4);

    private final Recorder recorder = new Recorder();

    private static final class Recorder implements SimulationListener {
        private final List<Long> interrupts = new ArrayList<>();
        private final List<Long> shootdowns = new ArrayList<>();
        private final List<Long> scheduled = new ArrayList<>();
        private final List<Long> preempted = new ArrayList<>();
        private final List<Long> flips = new ArrayList<>();
        private final List<Long> vblanks = new ArrayList<>();

        @Override
        public void onInterrupt(int machine, int vcpu, long nanos) {
            interrupts.add(nanos);
        }

        @Override
        public void onShootdown(int machine, long nanos) {
            shootdowns.add(nanos);
        }

        @Override
        public void onScheduled(int machine, int vcpu, boolean woken, long nanos) {
            (woken ? scheduled : preempted).add(nanos);
        }

        @Override
        public void onFlip(int machine, int vcpu, long timeNanos, long vblankNanos) {
            flips.add(timeNanos);
            vblanks.add(vblankNanos);
        }
    }

    private static Scene exact(int cpus, List<GuestProgram> programs) {
        return Scene.of(HostModel.ofCpus(cpus), List.of(new VirtualMachine(programs, SpinLock.TICKET)))
                .jitter(0);
    }

    @Test
    void anInterruptWakesAVcpuThatHaltsForTheCostOfASwitch() {
        Scene scene = exact(1, List.of(new GuestProgram.Idle()));
        Simulation simulation = scene.simulation(recorder);
        simulation.runTo(SECOND);
        simulation.postInterrupt(0, 0);
        simulation.runTo(2 * SECOND);
        long contextSwitch = scene.setup().costs().contextSwitch();
        assertEquals(List.of(contextSwitch), recorder.interrupts);
        assertEquals(List.of(contextSwitch), recorder.scheduled);
        assertEquals(
                scene.setup().costs().interrupt(),
                simulation.outcome().processorNanos().get(Bucket.INTERRUPT));
    }

    @Test
    void aVcpuThatWasPreemptedWaitsForTheTurnOfTheOther() {
        VirtualMachine hog = VirtualMachine.of(1, new GuestProgram.Hog(), SpinLock.TICKET);
        HostModel host = HostModel.ofCpus(1).withScheduler(HostScheduler.ROUND_ROBIN);
        Scene scene = Scene.of(host, List.of(hog, hog)).costs(Costs.none());
        scene.simulation(recorder).runTo(SECOND);
        assertEquals(List.of(), recorder.scheduled);
        // The first time that they run they were neither woken nor preempted; the one that is first comes back after
        // the other's turn.
        assertEquals(SECOND / (4 * MILLISECOND) - 1, recorder.preempted.size(), 1);
        assertTrue(
                recorder.preempted.stream().allMatch(nanos -> nanos == 4 * MILLISECOND), recorder.preempted.toString());
    }

    /** With posted interrupts a vCPU that runs is not even left for them. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptReachesAVcpuThatRunsAtOnceOrForTheCostOfAnExit(boolean posted) {
        Scene scene = exact(1, List.of(new GuestProgram.Hog())).postedInterrupts(posted);
        Simulation simulation = scene.simulation(recorder);
        simulation.runTo(MILLISECOND);
        simulation.postInterrupt(0, 0);
        simulation.runTo(2 * MILLISECOND);
        long exit = scene.setup().costs().exit();
        assertEquals(List.of(posted ? 0 : exit), recorder.interrupts);
        assertEquals(posted ? 0 : exit, simulation.outcome().processorNanos().get(Bucket.EXIT));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptWaitsUntilItsVcpuHasLetGoOfItsLock(boolean posted) {
        GuestProgram holder = new GuestProgram.LockBench(10 * MILLISECOND, MILLISECOND);
        Scene scene = exact(1, List.of(holder)).postedInterrupts(posted);
        Simulation simulation = scene.simulation(recorder);
        long begun = scene.setup().costs().contextSwitch() + MILLISECOND;
        simulation.runTo(begun + 4 * MILLISECOND);
        simulation.postInterrupt(0, 0);
        simulation.runTo(SECOND);
        // Without posted interrupts it leaves the guest twice: kicked in vain, and when interrupts are on again.
        long exits = posted ? 0 : 2 * scene.setup().costs().exit();
        assertEquals(List.of(6 * MILLISECOND + exits), recorder.interrupts);
    }

    @Test
    void twoInterruptsBeforeTheHandlerAreOne() {
        Simulation simulation = exact(1, List.of(new GuestProgram.LockBench(10 * MILLISECOND, 1_000)))
                .postedInterrupts(true)
                .simulation(recorder);
        simulation.runTo(MILLISECOND);
        simulation.postInterrupt(0, 0);
        simulation.runTo(2 * MILLISECOND);
        simulation.postInterrupt(0, 0);
        simulation.runTo(SECOND);
        assertEquals(1, recorder.interrupts.size());
        assertEquals(1, simulation.outcome().machines().get(0).missedVblanks());
        // Timed from the first.
        assertTrue(recorder.interrupts.get(0) > 9 * MILLISECOND, recorder.interrupts.toString());
    }

    // Frames.

    private Simulation drawn(Scene scene, int vblanks) {
        Simulation simulation = scene.simulation(recorder);
        for (int i = 1; i <= vblanks; i++) {
            simulation.runTo(i * VBLANK);
            simulation.postInterrupt(0, 0);
        }
        simulation.runTo((vblanks + 1) * VBLANK);
        return simulation;
    }

    @Test
    void aGuestThatHasAProcessorFlipsOnceForEachVblank() {
        Scene scene = exact(2, List.of(DRAWING));
        Outcome outcome = drawn(scene, 100).outcome();
        assertEquals(100, outcome.machines().get(0).flips());
        assertEquals(100, outcome.machines().get(0).records());
        assertEquals(0, outcome.machines().get(0).missedVblanks());
        Costs costs = scene.setup().costs();
        for (int i = 0; i < 100; i++) {
            assertEquals((i + 1) * VBLANK, recorder.vblanks.get(i));
            // Nobody shares its address space, so that shootdowns ask nobody.
            long drawn = 5 * (2 * MILLISECOND / 5);
            assertEquals(
                    recorder.vblanks.get(i) + costs.contextSwitch() + costs.interrupt() + drawn, recorder.flips.get(i));
        }
    }

    @Test
    void aFrameThatTakesLongerThanAVblankIsFollowedAtOnceByTheOneForTheLatestVblank() {
        Outcome outcome = drawn(exact(1, List.of(new GuestProgram.DrawLoop(20 * MILLISECOND, 0))), 100)
                .outcome();
        assertTrue(outcome.machines().get(0).flips() >= 78, outcome.toString());
        assertTrue(outcome.machines().get(0).flips() <= 81, outcome.toString());
        assertEquals(0, outcome.machines().get(0).missedVblanks());
        assertEquals(100, recorder.interrupts.size());
    }

    @Test
    void shootdownsOfAFrameWaitForThoseWhoShareItsMemory() {
        List<GuestProgram> alone = List.of(DRAWING, new GuestProgram.Idle(), new GuestProgram.Idle());
        drawn(exact(3, alone), 10);
        assertEquals(List.of(), recorder.shootdowns);
        List<GuestProgram> shared = List.of(DRAWING, new GuestProgram.Hog(), new GuestProgram.Hog());
        Scene scene = exact(3, shared).postedInterrupts(true);
        drawn(scene, 10);
        assertEquals(40, recorder.shootdowns.size());
        Costs costs = scene.setup().costs();
        long sent = costs.ipiSend() + 2 * costs.ipiTarget();
        assertEquals(sent + costs.interrupt() + costs.call(), recorder.shootdowns.get(0));
    }

    /** call_function_single_interrupt is sent only to a processor whose list was empty: generic_exec_single() of kernel/smp.c. */
    @Test
    void aVcpuThatHasBeenAskedForACallIsNotInterruptedForTheNext() {
        // All on one processor: each turn asks the others, who cannot answer until they run.
        GuestProgram records = new GuestProgram.Ebizzy(100_000, 0, 0, 0);
        Scene scene = exact(1, List.of(records, records, records, records)).boost(Boost.NONE);
        Outcome outcome = scene.measured(0, SECOND);
        Costs costs = scene.setup().costs();
        long records1 = outcome.machines().get(0).records();
        assertTrue(records1 > 20, outcome.toString());
        // Each record is answered by three, but one interrupt answers several.
        long handled = outcome.processorNanos().get(Bucket.INTERRUPT);
        long uncoalesced = 3 * records1 * (costs.interrupt() + costs.call());
        assertTrue(handled < 0.75 * uncoalesced, handled + " of " + uncoalesced);
    }

    @Test
    void pingPongTakesTheWayThereAndBack() {
        long work = 50_000;
        Scene scene = exact(2, List.of(new GuestProgram.PingPong(work), new GuestProgram.PingPong(work)))
                .postedInterrupts(true);
        Outcome outcome = scene.measured(0, SECOND);
        long records = outcome.machines().get(0).records();
        Costs costs = scene.setup().costs();
        // Each way: work, send, and the other one takes the interrupt; waiting on its processor or in its queue.
        long least = 2 * (work + costs.ipiSend() + costs.ipiTarget() + costs.interrupt());
        long most = least + 2 * (costs.wakeUp() + costs.contextSwitch() + costs.exit());
        assertTrue(records <= SECOND / least && records >= SECOND / most - 1, outcome.toString());
    }

    @Test
    void aHaltedVcpusProcessorWaitsForItOnlyIfItHasNothingElseToDo() {
        long work = 50_000;
        List<GuestProgram> pair = List.of(new GuestProgram.PingPong(work), new GuestProgram.PingPong(work));
        HostModel polls = HostModel.ofCpus(2);
        HostModel never = new HostModel(2, 250, HostScheduler.CFS, 24, 3, 4, 3, 0);
        Outcome polling = exact(2, pair).host(polls).measured(MILLISECOND, 100 * MILLISECOND);
        Outcome blocking = exact(2, pair).host(never).measured(MILLISECOND, 100 * MILLISECOND);
        assertEquals(0, polling.processorNanos().get(Bucket.IDLE));
        assertTrue(blocking.processorNanos().get(Bucket.IDLE) > 50 * MILLISECOND, blocking.toString());
        assertTrue(Scene.rate(polling) > Scene.rate(blocking));
        VirtualMachine hogs = VirtualMachine.of(2, new GuestProgram.Hog(), SpinLock.TICKET);
        Scene busy = Scene.of(polls, List.of(new VirtualMachine(pair, SpinLock.TICKET), hogs));
        Outcome shared = busy.measured(MILLISECOND, 100 * MILLISECOND);
        assertEquals(0, shared.processorNanos().get(Bucket.IDLE));
        assertTrue(shared.processorNanos().get(Bucket.USER) > 150 * MILLISECOND, shared.toString());
    }
}
