package io.vfio4j.bench;

import com.sun.management.ThreadMXBean;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Costs;
import io.vfio4j.emulator.vcpu.GuestProgram;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.Outcome;
import io.vfio4j.emulator.vcpu.Pause;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.Simulation;
import io.vfio4j.emulator.vcpu.SimulationListener;
import io.vfio4j.emulator.vcpu.SpinLock;
import io.vfio4j.emulator.vcpu.VirtualMachine;
import io.vfio4j.emulator.vcpu.WakeUpRule;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How quickly the model of vCPU scheduling runs: events a second on one thread, with 240 vCPUs of four guests on 60 processors, and of
 * one guest on as many processors as it has vCPUs. An event is what the model's queue hands out: something came to its end on a
 * processor, or its timer ticked. Time is the thread's processor time, so that other work on the machine matters little. Prints the median of
 * all rounds, the slowest and the quickest, and what is allocated in the last.
 *
 * <p>Arguments: a directory, which is not used, the number of rounds, and part of the names of what is to be run.
 */
public final class VcpuBench {
    private static final int CPUS = 60;
    private static final int GUESTS = 4;
    private static final long ROUND_NANOS = 200_000_000;
    private static final int WARM_UP_ROUNDS = 3;

    private final PrintStream out;
    private final int rounds;

    private VcpuBench(PrintStream out, int rounds) {
        this.out = out;
        this.rounds = rounds;
    }

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        VcpuBench bench = new VcpuBench(out, Integer.parseInt(arguments[1]));
        setups().forEach((name, setup) -> {
            if (arguments.length < 3 || name.contains(arguments[2])) {
                bench.measure(name, setup);
            }
        });
    }

    private static Map<String, Setup> setups() {
        GuestProgram locks = new GuestProgram.LockBench(1_000, 30_000);
        GuestProgram records = new GuestProgram.Ebizzy(15_000, 600_000, 4, 2_000);
        Map<String, Setup> setups = new LinkedHashMap<>();
        setups.put("LockBench, ticket, no boost", setup(GUESTS, locks, SpinLock.TICKET, Boost.NONE));
        setups.put("LockBench, ticket, ready", setup(GUESTS, locks, SpinLock.TICKET, Boost.READY_FIXED));
        setups.put(
                "LockBench, pv, ready", setup(GUESTS, locks, SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED, Boost.READY_FIXED));
        setups.put(
                "ebizzy, pv, preempted",
                setup(GUESTS, records, SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED, Boost.PREEMPTED));
        setups.put(
                "ebizzy, pv, ready", setup(GUESTS, records, SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED, Boost.READY_FIXED));
        setups.put("ebizzy, one guest", setup(1, records, SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED, Boost.READY_FIXED));
        List<VirtualMachine> mixed = new ArrayList<>();
        mixed.add(VirtualMachine.of(CPUS, locks, SpinLock.PV_QUEUED));
        mixed.add(VirtualMachine.of(CPUS, locks, SpinLock.TICKET));
        mixed.add(VirtualMachine.of(CPUS, records, SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED));
        mixed.add(VirtualMachine.of(CPUS, records, SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED));
        setups.put("mixed, ready", setup(mixed, Boost.READY_FIXED));
        return setups;
    }

    private static Setup setup(int guests, GuestProgram program, SpinLock lock, Boost boost) {
        return setup(Collections.nCopies(guests, VirtualMachine.of(CPUS, program, lock)), boost);
    }

    private static Setup setup(List<VirtualMachine> machines, Boost boost) {
        return new Setup(
                HostModel.ofCpus(CPUS), Pause.defaults(), Costs.defaults(), boost, WakeUpRule.X86, true, machines, 1);
    }

    private void measure(String name, Setup setup) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Simulation simulation = new Simulation(setup, SimulationListener.NONE);
        List<Double> rates = new ArrayList<>();
        long allocated = 0;
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            simulation.startMeasuring();
            long end = simulation.nanoTime() + ROUND_NANOS;
            long before = threads.getCurrentThreadAllocatedBytes();
            long start = threads.getCurrentThreadCpuTime();
            simulation.runTo(end);
            long spent = threads.getCurrentThreadCpuTime() - start;
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
            Outcome outcome = simulation.outcome();
            if (round >= 0) {
                rates.add(outcome.events() * 1e3 / spent);
            }
        }
        Collections.sort(rates);
        Outcome last = simulation.outcome();
        out.printf(
                "%s: %.2f million events/s (%.2f to %.2f), %d events a round, %d bytes allocated%n",
                name, rates.get(rates.size() / 2), rates.get(0), rates.get(rates.size() - 1), last.events(), allocated);
    }
}
