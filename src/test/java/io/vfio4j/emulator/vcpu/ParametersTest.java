package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {
    private static final long TOO_LONG = 1_000_000_000_001L;
    private static final List<String> COSTS = List.of(
            "exit",
            "contextSwitch",
            "scan",
            "yield",
            "wakeUp",
            "ipiSend",
            "ipiTarget",
            "interrupt",
            "call",
            "handover",
            "leastStay");

    static Stream<Arguments> absurdities() {
        VirtualMachine machine = VirtualMachine.of(1, new GuestProgram.Hog(), SpinLock.TICKET);
        return Stream.of(
                absurd("cpus", () -> host(0, 250, 1, 1, 1, 1, 1)),
                absurd("cpus", () -> host(4097, 250, 1, 1, 1, 1, 1)),
                absurd("cpus", () -> HostModel.ofCpus(-1)),
                absurd("hertz", () -> host(1, 0, 1, 1, 1, 1, 1)),
                absurd("hertz", () -> host(1, 10_001, 1, 1, 1, 1, 1)),
                absurd("latencyNanos", () -> host(1, 250, 0, 0, 1, 1, 1)),
                absurd("latencyNanos", () -> host(1, 250, TOO_LONG, 1, 1, 1, 1)),
                absurd("minimumGranularityNanos", () -> host(1, 250, 1, -1, 1, 1, 1)),
                absurd("minimumGranularityNanos", () -> host(1, 250, 1, 2, 1, 1, 1)),
                absurd("wakeUpGranularityNanos", () -> host(1, 250, 1, 1, -1, 1, 1)),
                absurd("sliceNanos", () -> host(1, 250, 1, 1, 1, 0, 1)),
                absurd("haltPollNanos", () -> host(1, 250, 1, 1, 1, 1, Long.MAX_VALUE)),
                absurd("windowNanos", () -> new Pause(0, 2, 1)),
                absurd("windowNanos", () -> new Pause(2, 2, 1)),
                absurd("growth", () -> new Pause(1, -1, 1)),
                absurd("longestNanos", () -> new Pause(1, 2, TOO_LONG)),
                absurd("thresholdNanos", () -> new Patience(0, 1)),
                absurd("checkNanos", () -> new Patience(1, 0)),
                absurd("userNanos", () -> new GuestProgram.Ebizzy(-1, 1, 1, 1)),
                absurd("kernelNanos", () -> new GuestProgram.Ebizzy(1, TOO_LONG, 1, 1)),
                absurd("kernelNanos", () -> new GuestProgram.Ebizzy(0, 0, 1, 1)),
                absurd("kernelNanos", () -> new GuestProgram.Ebizzy(0, 10, 10, 0)),
                absurd("lockSections", () -> new GuestProgram.Ebizzy(1, 1, -1, 1)),
                absurd("lockSections", () -> new GuestProgram.Ebizzy(1, 1, Integer.MAX_VALUE, 1)),
                absurd("holdNanos", () -> new GuestProgram.Ebizzy(1, 1, 1, Long.MIN_VALUE)),
                absurd("holdNanos", () -> new GuestProgram.LockBench(-1, 1)),
                absurd("outsideNanos", () -> new GuestProgram.LockBench(1, -1)),
                absurd("outsideNanos", () -> new GuestProgram.LockBench(0, 0)),
                absurd("workNanos", () -> new GuestProgram.PingPong(0)),
                absurd("drawNanos", () -> new GuestProgram.DrawLoop(0, 1)),
                absurd("shootdowns", () -> new GuestProgram.DrawLoop(1, -1)),
                absurd("programs", () -> new VirtualMachine(List.of(), SpinLock.TICKET)),
                absurd("vcpus", () -> VirtualMachine.of(0, new GuestProgram.Hog(), SpinLock.TICKET)),
                absurd("vcpus", () -> VirtualMachine.of(1025, new GuestProgram.Hog(), SpinLock.TICKET)),
                absurd("machines", () -> setup(List.of(), 0)),
                absurd("machines", () -> setup(Collections.nCopies(65, machine), 0)),
                absurd("jitterPercent", () -> setup(List.of(machine), -1)),
                absurd("jitterPercent", () -> setup(List.of(machine), 91)));
    }

    private static Arguments absurd(String component, Executable making) {
        return Arguments.of(component, making);
    }

    private static HostModel host(
            int cpus, int hertz, long latency, long granularity, long wakeUp, long slice, long poll) {
        return new HostModel(cpus, hertz, HostScheduler.CFS, latency, granularity, wakeUp, slice, poll);
    }

    private static Setup setup(List<VirtualMachine> machines, int jitter) {
        return new Setup(
                HostModel.ofCpus(1),
                Pause.defaults(),
                Costs.defaults(),
                Boost.NONE,
                WakeUpRule.X86,
                false,
                machines,
                jitter,
                0);
    }

    private static Costs costs(long[] nanos) {
        return new Costs(
                nanos[0], nanos[1], nanos[2], nanos[3], nanos[4], nanos[5], nanos[6], nanos[7], nanos[8], nanos[9],
                nanos[10]);
    }

    @ParameterizedTest
    @MethodSource("absurdities")
    void whatIsAbsurdIsRefusedByTheNameOfItsComponent(String component, Executable making) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, making);
        assertTrue(refused.getMessage().contains(component), refused.getMessage());
    }

    @Test
    void noCostIsNegativeOrEndless() {
        for (int i = 0; i < COSTS.size(); i++) {
            for (long bad : new long[] {-1, TOO_LONG, Long.MAX_VALUE, Long.MIN_VALUE}) {
                long[] nanos = new long[COSTS.size()];
                nanos[i] = bad;
                IllegalArgumentException refused =
                        assertThrows(IllegalArgumentException.class, () -> costs(nanos), Arrays.toString(nanos));
                assertTrue(refused.getMessage().startsWith(COSTS.get(i) + " "), refused.getMessage());
            }
        }
    }

    /** get_update_sysctl_factor() of kernel/sched/fair.c. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7, 8, 80, 4096})
    void theTimesOfFairSchedulingGrowWithTheLogarithmOfTheProcessorsUpToEight(int cpus) {
        long scale = 1 + (long) Math.floor(Math.log(Math.min(cpus, 8)) / Math.log(2));
        HostModel host = HostModel.ofCpus(cpus);
        assertEquals(scale * 6_000_000, host.latencyNanos());
        assertEquals(scale * 750_000, host.minimumGranularityNanos());
        assertEquals(scale * 1_000_000, host.wakeUpGranularityNanos());
    }

    @Test
    void aTimeThatCouldOverflowIsRefused() {
        Simulation simulation =
                Scene.of(1, 1, new GuestProgram.Idle(), SpinLock.TICKET).simulation();
        assertThrows(IllegalArgumentException.class, () -> simulation.runTo(Long.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> simulation.runTo((1L << 60) + 1));
        simulation.runTo(1L << 60);
        assertEquals(1L << 60, simulation.nanoTime());
    }

    @Test
    void thePastIsOver() {
        Simulation simulation =
                Scene.of(1, 1, new GuestProgram.Hog(), SpinLock.TICKET).simulation();
        simulation.runTo(5);
        simulation.runTo(3);
        simulation.runTo(-1);
        assertEquals(5, simulation.nanoTime());
    }

    @Test
    void anInterruptForAGuestThatIsNotThereIsRefused() {
        Simulation simulation =
                Scene.of(2, 2, new GuestProgram.Idle(), SpinLock.TICKET).simulation();
        assertThrows(IllegalArgumentException.class, () -> simulation.postInterrupt(2, 0));
        assertThrows(IllegalArgumentException.class, () -> simulation.postInterrupt(-1, 0));
        assertThrows(IllegalArgumentException.class, () -> simulation.postInterrupt(0, 2));
    }
}
