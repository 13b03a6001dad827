package io.vfio4j.emulator.vcpu;

import static io.vfio4j.emulator.vcpu.Scene.MILLISECOND;
import static io.vfio4j.emulator.vcpu.Scene.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The model against what can be computed by hand. */
class KnownResultsTest {
    private static final long SHORT_RECORD = 100_000;
    private static final long LONG_RECORD = MILLISECOND;

    // Without directed yield: X = N / (V·S).

    /** S: the first tick after latency / V, when check_preempt_tick() lets the next guest run. */
    private static long turn(HostModel host, int guests) {
        return (host.latencyNanos() / guests / host.tickNanos() + 1) * host.tickNanos();
    }

    private static double recordsComparedWithTheFormula(int hertz, int guests, int vcpus, long kernelNanos) {
        HostModel host = HostModel.ofCpus(vcpus).withHertz(hertz);
        GuestProgram records = new GuestProgram.Ebizzy(15_000, kernelNanos, 0, 0);
        long period = guests * turn(host, guests);
        Outcome outcome =
                Scene.of(vcpus, guests, records, SpinLock.TICKET).host(host).measured(10 * period, 40 * period);
        return Scene.rate(outcome) / ((double) vcpus * SECOND / period);
    }

    /** A vCPU of each guest on each processor; each shootdown waits until all of them have had their turn. */
    @ParameterizedTest
    @CsvSource({
        "250, 3, 16, 100000", "250, 3, 16, 1000000", "250, 3, 32, 100000", "250, 3, 32, 1000000",
        "250, 4, 16, 100000", "250, 4, 32, 1000000", "250, 2, 32, 1000000", "250, 2, 64, 1000000",
        "1000, 3, 16, 100000", "1000, 3, 32, 100000", "1000, 4, 16, 1000000", "1000, 2, 32, 1000000",
        "1000, 2, 64, 100000", "100, 3, 32, 100000"
    })
    void withoutBoostEachVcpuFinishesOneRecordInATurnOfAllGuests(int hertz, int guests, int vcpus, long kernelNanos) {
        assertEquals(1, recordsComparedWithTheFormula(hertz, guests, vcpus, kernelNanos), 0.03);
    }

    /**
     * Where the formula does not hold: two guests, few vCPUs, short records. The processors' ticks are not aligned, so that the two
     * guests change places over the length of a tick; a vCPU whose processor changes late meets those of the other half that come early,
     * gets its answers within its own turn, and finishes more than one record. With more vCPUs it is ever less likely that a
     * vCPU meets all others, and with long records nothing is gained by it; with three guests there is no moment at which they all could
     * have met.
     */
    @ParameterizedTest
    @CsvSource({"250, 2, 16, 100000", "250, 2, 32, 100000"})
    void withTwoGuestsOfShortRecordsSomeFinishMore(int hertz, int guests, int vcpus, long kernelNanos) {
        double compared = recordsComparedWithTheFormula(hertz, guests, vcpus, kernelNanos);
        assertTrue(compared > 1.2 && compared < 2, "" + compared);
    }

    @Test
    void theMissIsTheSmallerTheMoreVcpusThereAreAndTheLongerTheRecords() {
        double few = recordsComparedWithTheFormula(250, 2, 16, SHORT_RECORD);
        double more = recordsComparedWithTheFormula(250, 2, 64, SHORT_RECORD);
        double longer = recordsComparedWithTheFormula(250, 2, 16, LONG_RECORD);
        assertTrue(more < few && longer < few, few + ", " + more + ", " + longer);
    }

    // An interrupt for a busy vCPU: P(wait > x) = k/(k+1) · (1 − x/(kS)).

    @ParameterizedTest
    @CsvSource({
        "ROUND_ROBIN, 1, false",
        "ROUND_ROBIN, 2, false",
        "ROUND_ROBIN, 3, false",
        "ROUND_ROBIN, 3, true",
        "CFS, 1, false",
        "CFS, 2, true",
        "CFS, 3, false",
        "EEVDF, 1, false",
        "EEVDF, 3, false"
    })
    void anInterruptForABusyVcpuWaitsForTheRestOfTheHogsTurns(HostScheduler scheduler, int hogs, boolean posted) {
        long slice = 4 * MILLISECOND;
        List<VirtualMachine> machines = List.of(
                VirtualMachine.of(1, new GuestProgram.Hog(), SpinLock.TICKET),
                VirtualMachine.of(hogs, new GuestProgram.Hog(), SpinLock.TICKET));
        // On one processor and at 250 Hz all schedulers' slices end at the first tick.
        HostModel host = HostModel.ofCpus(1).withScheduler(scheduler).withSlice(3 * MILLISECOND);
        Scene scene = Scene.of(host, machines).costs(Costs.none()).postedInterrupts(posted);
        int count = 6_000;
        long[] waits = waits(scene, count, (hogs + 1) * slice);
        Arrays.sort(waits);
        double distance = 0;
        for (int i = 0; i < count; i++) {
            if (i == count - 1 || waits[i] != waits[i + 1]) {
                double law = 1 - exceeds(waits[i], hogs, slice);
                distance = Math.max(distance, Math.abs(law - (i + 1.0) / count));
            }
        }
        // The Kolmogorov distance is above this in one of a thousand runs of so many samples, if the law holds.
        assertTrue(distance < 1.95 / Math.sqrt(count), scheduler + ", " + hogs + " hogs: distance " + distance);
        assertEquals(hogs * slice, waits[count - 1], 0.01 * slice);
    }

    private static double exceeds(long wait, int hogs, long slice) {
        return hogs / (hogs + 1.0) * Math.max(0, 1 - (double) wait / (hogs * slice));
    }

    /** Interrupts at random times, each after the one before was taken. */
    private static long[] waits(Scene scene, int count, long cycle) {
        long[] waits = new long[count];
        int[] taken = {0};
        Simulation simulation = scene.simulation(new SimulationListener() {
            @Override
            public void onInterrupt(int machine, int vcpu, long nanos) {
                waits[taken[0]++] = nanos;
            }
        });
        SplittableRandom random = new SplittableRandom(7);
        long time = 10 * cycle;
        for (int i = 0; i < count; i++) {
            simulation.runTo(time);
            simulation.postInterrupt(0, 0);
            time += cycle + random.nextLong(cycle);
        }
        simulation.runTo(time + cycle);
        assertEquals(count, taken[0]);
        return waits;
    }

    // A lock: machines and their repairman.

    /** As many go through as the lock serves, once enough want it. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16})
    void aLockServesWhatItsHolderAndItsWayAllowOrWhatComes(int vcpus) {
        long hold = 10_000;
        long outside = 60_000;
        long handover = Costs.defaults().handover();
        Outcome outcome = Scene.of(vcpus, 1, new GuestProgram.LockBench(hold, outside), SpinLock.TICKET)
                .measured(10 * MILLISECOND, SECOND);
        double rate = Scene.rate(outcome);
        double most = Math.min((double) SECOND / (hold + handover), (double) vcpus * SECOND / (hold + outside));
        // Asymptotic bounds of operational analysis: waiting for nobody, or for everybody.
        double least = (double) vcpus * SECOND / (outside + vcpus * (hold + handover));
        assertTrue(rate <= 1.005 * most && rate >= 0.995 * least, rate + ", " + least + " to " + most);
        if (vcpus == 1 || vcpus == 16) {
            assertEquals(most, rate, 0.01 * most);
        }
    }

    /** With an ever smaller quantum round robin shares a processor equally, whatever the jobs are. */
    @Test
    void roundRobinWithASmallQuantumSharesAProcessor() {
        List<VirtualMachine> machines = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            machines.add(VirtualMachine.of(1, new GuestProgram.LockBench(1_000, i * 100_000L), SpinLock.TICKET));
        }
        HostModel host = HostModel.ofCpus(1)
                .withHertz(10_000)
                .withScheduler(HostScheduler.ROUND_ROBIN)
                .withSlice(1);
        Outcome outcome = Scene.of(host, machines).costs(Costs.none()).measured(0, SECOND);
        for (int i = 1; i <= 4; i++) {
            double alone = (double) SECOND / (1_000 + i * 100_000L);
            assertEquals(alone / 4, outcome.machines().get(i - 1).records(), 0.01 * alone / 4);
        }
        assertEquals(SECOND, outcome.processorNanos().get(Bucket.KERNEL));
    }
}
