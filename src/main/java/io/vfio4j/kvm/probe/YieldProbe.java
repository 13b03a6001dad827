package io.vfio4j.kvm.probe;

import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.kvm.guest.GuestCode.Hypercall;
import io.vfio4j.kvm.guest.SmallGuest;
import io.vfio4j.kvm.guest.SmallGuest.PauseExits;
import io.vfio4j.kvm.guest.Vcpu;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * Has vCPUs yield to another one by the hypercall KVM_HC_SCHED_YIELD, and counts by KVM's own statistics how many yields were
 * attempted and how many succeeded. KVM yields only to a vCPU that is <em>ready</em>: one that wants its processor and does not have it,
 * because it was preempted or has just been woken. So what succeeds shows the flag.
 */
public final class YieldProbe {
    private static final int VCPUS = 3;
    private static final int TARGET = 0;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** A hypercall that is not answered after so long never will be. */
    private static final Duration ANSWER = Duration.ofSeconds(2);

    private static final int READY = SmallGuest.NOTES;
    private static final int RESULTS = SmallGuest.NOTES + 0x40;
    private static final int ROUNDS = SmallGuest.NOTES + 0x80;
    private static final int NO_ANSWER = 0x5aa5_5aa5;
    private static final int MOST_CPUID_ENTRIES = 256;
    private static final String ATTEMPTED = "directed_yield_attempted";
    private static final String SUCCESSFUL = "directed_yield_successful";

    private final SystemCalls calls;
    private final Hypercall instruction;
    private final Duration time;

    private YieldProbe(SystemCalls calls, Hypercall instruction, Duration time) {
        this.calls = calls;
        this.instruction = instruction;
        this.time = time;
    }

    /** What the vCPU does that the others yield to. Two others do so, in turn on one processor. */
    public enum Target {
        /** It sleeps with interrupts off: not ready, but for moments in which the host wakes it for reasons of its own. */
        HALTED,
        /** It computes, alone on a processor of its own: not ready, but for moments in which the host needs that processor. */
        RUNNING,
        /** It computes on the processor of those that yield: ready as long as one of them runs. */
        PREEMPTED
    }

    /**
     * What came of it.
     *
     * @param target what the target did
     * @param hypercalls how often the guest came back from the hypercall
     * @param attempted {@code directed_yield_attempted} of the vCPUs that yield
     * @param successful {@code directed_yield_successful} of the same
     * @param targetPreempted how often the target lost its processor, {@code preemption_reported} and {@code preemption_other}; empty
     *     where KVM does not count it
     * @param targetWoken how often it was woken from its sleep, {@code halt_wakeup}; empty where KVM does not count it
     */
    public record Outcome(
            Target target,
            long hypercalls,
            long attempted,
            long successful,
            OptionalLong targetPreempted,
            OptionalLong targetWoken) {}

    /**
     * Whether the hypercall can be had. Blocks for some seconds where it cannot.
     *
     * @param calls a real kernel
     * @return why not; empty when it can
     * @throws IOException when there is no KVM, with advice
     * @throws InterruptedException when the thread is interrupted
     */
    public static Optional<String> obstacle(SystemCalls calls) throws IOException, InterruptedException {
        try (Descriptor kvm = KvmVm.openKvm(calls)) {
            Optional<String> notOffered = notOffered(calls, kvm);
            if (notOffered.isPresent()) {
                return notOffered;
            }
        }
        return new YieldProbe(calls, instructionOf(calls), Duration.ZERO).notAnswered();
    }

    /**
     * Has two vCPUs yield to a third. Blocks a little longer than the time.
     *
     * @param calls a real kernel, where {@link #obstacle} sees none
     * @param target what the third does
     * @param processor where those that yield are, and the target but for {@link Target#RUNNING}
     * @param otherProcessor where the target is then
     * @param time how long
     * @param wanted asked some times a second; false ends it early, in order
     * @return what came of it
     * @throws IOException what KVM says; {@link UnresponsiveGuestException}
     * @throws InterruptedException when the thread is interrupted; the guest has ended then
     */
    public static Outcome run(
            SystemCalls calls, Target target, int processor, int otherProcessor, Duration time, BooleanSupplier wanted)
            throws IOException, InterruptedException {
        return new YieldProbe(calls, instructionOf(calls), time).run(target, processor, otherProcessor, wanted);
    }

    /** KVM would patch the other one into the guest's memory. */
    private static Hypercall instructionOf(SystemCalls calls) throws LinuxException {
        String processor = calls.readText("/proc/cpuinfo");
        return processor.contains("AuthenticAMD") || processor.contains("HygonGenuine")
                ? Hypercall.VMMCALL
                : Hypercall.VMCALL;
    }

    /** KVM_GET_SUPPORTED_CPUID: what it would tell a guest of itself. */
    private static Optional<String> notOffered(SystemCalls calls, Descriptor kvm) throws LinuxException {
        int size = Kvm.Cpuid2.SIZE + MOST_CPUID_ENTRIES * Kvm.CpuidEntry2.SIZE;
        try (NativeMemory cpuid = calls.allocate(size)) {
            cpuid.putInt(Kvm.Cpuid2.NENT, MOST_CPUID_ENTRIES);
            try {
                calls.ioctl(kvm, Kvm.KVM_GET_SUPPORTED_CPUID, cpuid);
            } catch (LinuxException e) {
                throw e.errno() == Errno.EINVAL ? e.withAdvice("KVM of this host runs no guests for x86.") : e;
            }
            int entries = Math.min(Math.max(0, cpuid.getInt(Kvm.Cpuid2.NENT)), MOST_CPUID_ENTRIES);
            for (int i = 0; i < entries; i++) {
                int entry = Kvm.Cpuid2.ENTRIES + i * Kvm.CpuidEntry2.SIZE;
                if (cpuid.getInt(entry + Kvm.CpuidEntry2.FUNCTION) == Kvm.KVM_CPUID_FEATURES
                        && (cpuid.getInt(entry + Kvm.CpuidEntry2.EAX) >>> Kvm.KVM_FEATURE_PV_SCHED_YIELD & 1) != 0) {
                    return Optional.empty();
                }
            }
            return Optional.of("KVM of this host does not offer KVM_FEATURE_PV_SCHED_YIELD to its guests");
        }
    }

    /** What is offered need not work in real mode, where some KVMs interpret the guest. */
    private Optional<String> notAnswered() throws IOException, InterruptedException {
        try (SmallGuest guest = SmallGuest.create(calls, 1, PauseExits.AS_THEY_ARE)) {
            Vcpu vcpu = guest.vcpu(0);
            for (String name : List.of(ATTEMPTED, SUCCESSFUL)) {
                if (vcpu.statistics().find(name).isEmpty()) {
                    return Optional.of("KVM of this host does not count " + name);
                }
            }
            guest.memory().putInt(RESULTS, NO_ANSWER);
            GuestCode code = new GuestCode()
                    .mark(READY)
                    .hypercall(instruction, Kvm.KVM_HC_SCHED_YIELD, 0, RESULTS)
                    .stop();
            guest.start(0, code, calls.allowedProcessors(), Vcpu.Ports.NONE);
            Watch watch = new Watch(calls, guest, ANSWER);
            try {
                watch.await("the guest to be ready", () -> guest.memory().getByte(READY) == 1);
                watch.await("the answer to the hypercall", () -> guest.memory().getInt(RESULTS) != NO_ANSWER);
                watch.stop();
            } catch (UnresponsiveGuestException e) {
                return Optional.of("the hypercall does not work here: " + e.getMessage());
            }
            int answer = guest.memory().getInt(RESULTS);
            return answer == 0
                    ? Optional.empty()
                    : Optional.of("KVM of this host answers KVM_HC_SCHED_YIELD with " + answer
                            + (answer == -Kvm.KVM_ENOSYS ? " (KVM_ENOSYS)" : ""));
        }
    }

    private Outcome run(Target target, int processor, int otherProcessor, BooleanSupplier wanted)
            throws IOException, InterruptedException {
        try (SmallGuest guest = SmallGuest.create(calls, VCPUS, PauseExits.AS_THEY_ARE)) {
            Watch watch = new Watch(calls, guest, PATIENCE);
            GuestCode work = target == Target.HALTED ? new GuestCode().stop() : new GuestCode().spin();
            GuestCode code = new GuestCode().mark(READY).then(work);
            guest.start(TARGET, code, List.of(target == Target.RUNNING ? otherProcessor : processor), Vcpu.Ports.NONE);
            watch.await("the target to be ready", () -> guest.memory().getByte(READY) == 1);
            if (target == Target.HALTED) {
                awaitSleep(guest, watch);
            }
            List<Vcpu> yielding = new ArrayList<>();
            for (int i = TARGET + 1; i < VCPUS; i++) {
                guest.start(i, yieldingForEver(i), List.of(processor), Vcpu.Ports.NONE);
                yielding.add(guest.vcpu(i));
            }
            for (Vcpu each : yielding) {
                watch.await("a yield of vCPU " + each.index(), () -> rounds(guest, each) > 0);
            }
            Counts first = counts(guest, yielding);
            watch.let(time, wanted);
            Counts last = counts(guest, yielding);
            watch.stop();
            return new Outcome(
                    target,
                    last.rounds - first.rounds,
                    last.attempted - first.attempted,
                    last.successful - first.successful,
                    difference(first.preempted, last.preempted),
                    difference(first.woken, last.woken));
        }
    }

    private GuestCode yieldingForEver(int index) {
        return new GuestCode()
                .loop(new GuestCode()
                        .hypercall(instruction, Kvm.KVM_HC_SCHED_YIELD, TARGET, RESULTS + Integer.BYTES * index)
                        .count(ROUNDS + Integer.BYTES * index));
    }

    private static long rounds(SmallGuest guest, Vcpu vcpu) {
        return Integer.toUnsignedLong(guest.memory().getInt(ROUNDS + Integer.BYTES * vcpu.index()));
    }

    /** It was runnable before it slept, and so may have been ready. */
    private void awaitSleep(SmallGuest guest, Watch watch) throws IOException, InterruptedException {
        watch.await("the target to halt", () -> guest.vcpu(TARGET).statistics().value("halt_exits") > 0);
        // KVM polls before it lets a vCPU sleep, for halt_poll_ns, 0.2 ms as a rule.
        watch.let(Duration.ofMillis(100), () -> true);
    }

    private record Counts(long rounds, long attempted, long successful, OptionalLong preempted, OptionalLong woken) {}

    private static OptionalLong difference(OptionalLong first, OptionalLong last) {
        return last.isPresent() ? OptionalLong.of(last.getAsLong() - first.getAsLong()) : OptionalLong.empty();
    }

    private static Counts counts(SmallGuest guest, List<Vcpu> yielding) throws IOException {
        long rounds = 0;
        long attempted = 0;
        long successful = 0;
        for (Vcpu each : yielding) {
            KvmStatistics statistics = each.statistics();
            rounds += rounds(guest, each);
            attempted += statistics.value(ATTEMPTED);
            successful += statistics.value(SUCCESSFUL);
        }
        KvmStatistics target = guest.vcpu(TARGET).statistics();
        return new Counts(
                rounds,
                attempted,
                successful,
                sum(target, "preemption_reported", "preemption_other"),
                sum(target, "halt_wakeup"));
    }

    /** Empty where KVM does not count one of them. */
    private static OptionalLong sum(KvmStatistics statistics, String... names) {
        long sum = 0;
        for (String name : names) {
            if (statistics.find(name).isEmpty()) {
                return OptionalLong.empty();
            }
            sum += statistics.value(name);
        }
        return OptionalLong.of(sum);
    }
}
