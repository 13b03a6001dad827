package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Costs;
import io.vfio4j.emulator.vcpu.GuestProgram;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.HostScheduler;
import io.vfio4j.emulator.vcpu.Patience;
import io.vfio4j.emulator.vcpu.Pause;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.SpinLock;
import io.vfio4j.emulator.vcpu.VirtualMachine;
import io.vfio4j.emulator.vcpu.WakeUpRule;
import java.util.Collections;

/**
 * What the published table is simulated with. {@link #FROZEN} was chosen before the table was simulated with more than one guest, from the sources that
 * stand at each constant; one number, {@link #KERNEL_NANOS}, was calibrated, on the cell of one guest without the series alone.
 *
 * <p>The host's constants are those of Linux 6.1 (kernel/sched/fair.c), which are those of 2019. What the published host's tick was is unknown: 250 Hz
 * here, 1000 Hz for comparison.
 *
 * @param host the processors
 * @param pause when spinning leaves the guest
 * @param costs what things cost
 * @param patience how long a guest's vCPU spins for a lock before it halts
 * @param workload what each vCPU of a guest does
 * @param jitterPercent by how much each piece of work varies
 */
public record TableParameters(
        HostModel host, Pause pause, Costs costs, Patience patience, GuestProgram.Ebizzy workload, int jitterPercent) {
    private static final int MOST_MACHINES = 64;
    private static final int MOST_VCPUS = 1024;

    /** Processors of the published host, and vCPUs of each of its guests: 2 sockets of Skylake with 80 hyper-threads. */
    public static final int PROCESSORS = 80;

    /** Ticks a second: the default of the kernel's configuration; the published host's is unknown. */
    public static final int HERTZ = 250;

    /** sched_latency_ns: 6 ms times 1 + log2(8), as on any host with 8 processors or more. */
    public static final long LATENCY_NANOS = 24_000_000;

    /** sched_min_granularity_ns: 0.75 ms times 4. */
    public static final long MINIMUM_GRANULARITY_NANOS = 3_000_000;

    /** sched_wakeup_granularity_ns: 1 ms times 4. */
    public static final long WAKE_UP_GRANULARITY_NANOS = 4_000_000;

    /** The base slice of EEVDF: 0.75 ms times 4; not used by the table itself, whose host has CFS. */
    public static final long SLICE_NANOS = 3_000_000;

    /** halt_poll_ns: KVM_HALT_POLL_NS_DEFAULT of arch/x86/include/asm/kvm_host.h. */
    public static final long HALT_POLL_NANOS = 200_000;

    /** By how much each piece of work varies: without it all seeds would be alike; assumed. */
    public static final int JITTER_PERCENT = 10;

    /** ple_window of VMX, 4096 cycles (arch/x86/kvm/x86.h), at an assumed 2.5 GHz. */
    public static final long PAUSE_WINDOW_NANOS = 1_638;

    /** ple_window_grow of VMX. */
    public static final int PAUSE_WINDOW_GROWTH = 2;

    /** ple_window_max of VMX, UINT_MAX cycles, at the same 2.5 GHz. */
    public static final long LONGEST_PAUSE_WINDOW_NANOS = 1_717_986_918;

    /** SPIN_THRESHOLD of asm-generic/qspinlock.h, 1 &lt;&lt; 15 loops of a PAUSE that takes Skylake 140 cycles, assumed; at 2.5 GHz. */
    public static final long SPIN_THRESHOLD_NANOS = 1_835_008;

    /** PV_PREV_CHECK_MASK of kernel/locking/qspinlock_paravirt.h, 256 of these loops. */
    public static final long SPIN_CHECK_NANOS = 14_336;

    /** A VM exit and the entry after it: assumed; 1 to 1.5 us are commonly given. */
    public static final long EXIT_NANOS = 1_500;

    /** A context switch with vcpu_put and vcpu_load: assumed; 2 to 3 us are commonly given. */
    public static final long CONTEXT_SWITCH_NANOS = 3_000;

    /** Looking at one vCPU in kvm_vcpu_on_spin(), whose line another processor wrote: assumed, between 20 and 40 ns. */
    public static final long SCAN_NANOS = 40;

    /** yield_to(), two run queue locks: assumed, between 0.5 and 1.2 us. */
    public static final long YIELD_NANOS = 800;

    /** Waking a thread on another processor, its lock and an interrupt of the host: assumed. */
    public static final long WAKE_UP_NANOS = 1_000;

    /** Sending an interrupt to many: assumed, two exits; the hypercall takes 128 targets at a time. */
    public static final long IPI_SEND_NANOS = 3_000;

    /** For each target: assumed. */
    public static final long IPI_TARGET_NANOS = 500;

    /** Taking an interrupt in a guest, a full flush of the TLB and the misses after it included: assumed. */
    public static final long INTERRUPT_NANOS = 8_000;

    /** A function call that came with it, its line from the sender's processor and back: assumed. */
    public static final long CALL_NANOS = 300;

    /** A lock's way to the next processor: two lines that cross sockets; assumed. */
    public static final long HANDOVER_NANOS = 200;

    /** How long a vCPU stays that was entered: assumed, an exit; without such a rule switches can follow each other for ever. */
    public static final long LEAST_STAY_NANOS = 1_500;

    /** In user mode for each record: 12 to 19 us were measured for 512 KiB, on another machine; the middle. */
    public static final long USER_NANOS = 15_000;

    /** How often the lock of the address space is taken for each record: assumed; faults of 96 pages and one madvise(). */
    public static final int LOCK_SECTIONS = 6;

    /** How long it is held: assumed. */
    public static final long HOLD_NANOS = 3_000;

    /**
     * In the kernel for each record, without locks and interrupts. <b>Calibrated</b> by {@link Calibration}, so that one guest alone on a host without the
     * series does the published 21443 records a second at {@value #HERTZ} Hz; used at every other tick too.
     */
    public static final long KERNEL_NANOS = 3_329_000;

    /** So often a device interrupts each guest's first vCPU, as a vGPU does at each vblank: to measure its latency; not in the published runs. */
    public static final int INTERRUPT_HERTZ = 60;

    /** The lock of the guests of 2019: it waits early (75437bb304b2). */
    public static final SpinLock LOCK = SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED;

    /** The lock after 89340d0935c9, which took 75437bb304b2 back: it still waits early behind a vCPU that has halted. */
    public static final SpinLock FIXED_LOCK = SpinLock.PV_QUEUED_EARLY_IF_HALTED;

    /** A lock that never waits early, which no guest of 2019 had: to tell what of the repair is left. */
    public static final SpinLock PATIENT_LOCK = SpinLock.PV_QUEUED;

    /** Skylake with APICv: the host sees a vCPU's pending interrupt. */
    public static final boolean POSTED_INTERRUPTS = true;

    /** All of the above. */
    public static final TableParameters FROZEN = new TableParameters(
            new HostModel(
                    PROCESSORS,
                    HERTZ,
                    HostScheduler.CFS,
                    LATENCY_NANOS,
                    MINIMUM_GRANULARITY_NANOS,
                    WAKE_UP_GRANULARITY_NANOS,
                    SLICE_NANOS,
                    HALT_POLL_NANOS),
            new Pause(PAUSE_WINDOW_NANOS, PAUSE_WINDOW_GROWTH, LONGEST_PAUSE_WINDOW_NANOS),
            new Costs(
                    EXIT_NANOS,
                    CONTEXT_SWITCH_NANOS,
                    SCAN_NANOS,
                    YIELD_NANOS,
                    WAKE_UP_NANOS,
                    IPI_SEND_NANOS,
                    IPI_TARGET_NANOS,
                    INTERRUPT_NANOS,
                    CALL_NANOS,
                    HANDOVER_NANOS,
                    LEAST_STAY_NANOS),
            new Patience(SPIN_THRESHOLD_NANOS, SPIN_CHECK_NANOS),
            new GuestProgram.Ebizzy(USER_NANOS, KERNEL_NANOS, LOCK_SECTIONS, HOLD_NANOS),
            JITTER_PERCENT);

    /**
     * The same with another host.
     *
     * @param other the processors
     * @return new parameters
     */
    public TableParameters withHost(HostModel other) {
        return new TableParameters(other, pause, costs, patience, workload, jitterPercent);
    }

    /**
     * The same with another pause window.
     *
     * @param other when spinning leaves the guest
     * @return new parameters
     */
    public TableParameters withPause(Pause other) {
        return new TableParameters(host, other, costs, patience, workload, jitterPercent);
    }

    /**
     * The same with other costs.
     *
     * @param other what things cost
     * @return new parameters
     */
    public TableParameters withCosts(Costs other) {
        return new TableParameters(host, pause, other, patience, workload, jitterPercent);
    }

    /**
     * The same with other patience.
     *
     * @param other how long a guest's vCPU spins for a lock before it halts
     * @return new parameters
     */
    public TableParameters withPatience(Patience other) {
        return new TableParameters(host, pause, costs, other, workload, jitterPercent);
    }

    /**
     * The same with other guests.
     *
     * @param other what each vCPU does
     * @return new parameters
     */
    public TableParameters withWorkload(GuestProgram.Ebizzy other) {
        return new TableParameters(host, pause, costs, patience, other, jitterPercent);
    }

    /**
     * Guests of as many vCPUs as the host has processors, all of which do the workload.
     *
     * @param machines how many guests
     * @param boost whom a spinning vCPU yields to
     * @param lock the guests' locks
     * @return the experiment, with a device that interrupts each guest
     */
    public Experiment experiment(int machines, Boost boost, SpinLock lock) {
        return experiment(machines, host.cpus(), boost, lock);
    }

    /**
     * Guests that all do the workload.
     *
     * @param machines how many guests
     * @param vcpus how many vCPUs each has
     * @param boost whom a spinning vCPU yields to
     * @param lock the guests' locks
     * @return the experiment, with a device that interrupts each guest
     * @throws IllegalArgumentException when there are too few or too many guests or vCPUs, by the name of the parameter
     */
    public Experiment experiment(int machines, int vcpus, Boost boost, SpinLock lock) {
        if (machines < 1 || machines > MOST_MACHINES) {
            throw new IllegalArgumentException("machines must be between 1 and " + MOST_MACHINES + ", not " + machines);
        }
        if (vcpus < 1 || vcpus > MOST_VCPUS) {
            throw new IllegalArgumentException("vcpus must be between 1 and " + MOST_VCPUS + ", not " + vcpus);
        }
        VirtualMachine guest = new VirtualMachine(Collections.nCopies(vcpus, workload), lock, patience);
        Setup setup = new Setup(
                host,
                pause,
                costs,
                boost,
                WakeUpRule.X86,
                POSTED_INTERRUPTS,
                Collections.nCopies(machines, guest),
                jitterPercent,
                0);
        return new Experiment(name(machines, boost, lock), setup, machines, INTERRUPT_HERTZ);
    }

    private static String name(int machines, Boost boost, SpinLock lock) {
        String suffix = switch (lock) {
            case PV_QUEUED_EARLY_IF_PREEMPTED -> "";
            case PV_QUEUED_EARLY_IF_HALTED -> ", guest fixed";
            case PV_QUEUED -> ", never early";
            case QUEUED -> ", queued lock";
            case TICKET -> ", ticket lock";
        };
        return machines + "VM " + boost.label() + suffix;
    }
}
