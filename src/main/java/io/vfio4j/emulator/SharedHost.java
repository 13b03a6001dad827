package io.vfio4j.emulator;

import io.vfio4j.emulator.vcpu.Costs;
import io.vfio4j.emulator.vcpu.GuestProgram;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.Pause;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.Simulation;
import io.vfio4j.emulator.vcpu.SimulationListener;
import io.vfio4j.emulator.vcpu.SpinLock;
import io.vfio4j.emulator.vcpu.VirtualMachine;
import io.vfio4j.emulator.vcpu.WakeUpRule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A host with 8 processors and several guests with 8 vCPUs each, simulated: how long the first one's frames take.
 *
 * <p>What the guests do is assumed, and was written down before any of it was run:
 *
 * <ul>
 *   <li>vCPU 0 of the first draws a frame for each vblank in {@link #DRAW}, half the time that it has at 62.5 Hz, as a compositor or a
 *       game that is neither idle nor at its limit; and unmaps memory {@link #FRAME_SHOOTDOWNS} times meanwhile: the buffers of four
 *       windows that changed
 *   <li>its other seven vCPUs run threads that render or compute in the same address space: for {@link #RENDER_USER} each piece, for
 *       which they allocate and free 512 KiB. That costs {@link #PAGES_KERNEL} in the kernel for 96 page faults, as measured with
 *       glibc's malloc, two sections of the address space's lock, and a TLB flush of all vCPUs
 *   <li>the other guests run {@code ebizzy -M} on every vCPU: {@link #SEARCH_USER} of search for each record of the same size
 *   <li>guests have a kernel of 2019, as those that the boost was made for, whose lock waits early
 *       ({@link SpinLock#PV_QUEUED_EARLY_IF_PREEMPTED})
 *   <li>guests flush TLBs by interrupts and do not pass over vCPUs that are preempted (no KVM_FEATURE_PV_TLB_FLUSH), as in the
 *       measurements that the boost was published with
 *   <li>the host has CFS with 250 ticks a second, and KVM sees pending interrupts (APICv), as on servers
 * </ul>
 *
 * <p>A vCPU that sleeps until the vblank is woken quickly: CFS places it before those that compute, by half the latency. So a frame is
 * late mostly because of what is waited for on the way, a vCPU of its own guest that is preempted: while that one does not run, it
 * neither answers a TLB flush nor lets go of a lock. A guest that draws longer than its credit waits in the queue itself as well; so
 * does one that is still drawing when the vblank comes.
 */
final class SharedHost implements GuestModel, SimulationListener {
    private static final int PROCESSORS = 8;
    private static final int VCPUS = 8;

    private static final long DRAW = 8_000_000;
    private static final int FRAME_SHOOTDOWNS = 4;
    private static final long RENDER_USER = 500_000;
    private static final long PAGES_KERNEL = 150_000;
    private static final int RENDER_LOCKS = 2;
    private static final long SEARCH_USER = 15_000;
    private static final int EBIZZY_LOCKS = 6;
    private static final long LOCK_HELD = 3_000;

    private static final SpinLock LOCK = SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED;

    /** Until the run queues do not remember any more that all began at once: some rounds of the longest latency. */
    private static final long WARM_UP = 200_000_000;

    private final Flips flips;
    private final Simulation simulation;

    private SharedHost(HostLoad load, Flips flips) {
        this.flips = flips;
        simulation = new Simulation(setup(load), this);
        simulation.runTo(WARM_UP);
        simulation.startMeasuring();
    }

    static GuestModel.Maker with(HostLoad load) {
        return flips -> new SharedHost(load, flips);
    }

    private static Setup setup(HostLoad load) {
        List<GuestProgram> threads = new ArrayList<>();
        threads.add(new GuestProgram.DrawLoop(DRAW, FRAME_SHOOTDOWNS));
        GuestProgram rendering = new GuestProgram.Ebizzy(RENDER_USER, PAGES_KERNEL, RENDER_LOCKS, LOCK_HELD);
        threads.addAll(Collections.nCopies(VCPUS - 1, rendering));
        GuestProgram searching = new GuestProgram.Ebizzy(SEARCH_USER, PAGES_KERNEL, EBIZZY_LOCKS, LOCK_HELD);
        List<VirtualMachine> guests = new ArrayList<>();
        guests.add(new VirtualMachine(threads, LOCK));
        guests.addAll(Collections.nCopies(load.machines() - 1, VirtualMachine.of(VCPUS, searching, LOCK)));
        return new Setup(
                HostModel.ofCpus(PROCESSORS),
                Pause.defaults(),
                Costs.defaults(),
                load.boost(),
                WakeUpRule.X86,
                true,
                guests,
                load.seed());
    }

    @Override
    public long nanoTime() {
        return simulation.nanoTime();
    }

    @Override
    public void runTo(long nanos) {
        simulation.runTo(nanos);
    }

    @Override
    public void postInterrupt() {
        simulation.postInterrupt(0, 0);
    }

    @Override
    public void onFlip(int machine, int vcpu, long timeNanos, long vblankNanos) {
        flips.flip(timeNanos, vblankNanos);
    }
}
