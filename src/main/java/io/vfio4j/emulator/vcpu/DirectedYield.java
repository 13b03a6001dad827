package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.vcpu.Outcome.Filter;
import java.util.Arrays;

/**
 * KVM's directed yield: whom a spinning vCPU gives its processor to. The rules of kvm_vcpu_on_spin(), virt/kvm/kvm_main.c, by version. Stateless:
 * the state is in {@link KvmVcpus}.
 */
final class DirectedYield {
    /** How often a yield may fail because both processors have nobody else. */
    static final int TRIES = 3;

    /** What the search asks of the host. */
    interface Host {
        /** Whether a blocking vCPU has something to wake for: kvm_arch_dy_runnable(), a completed asynchronous page fault. */
        boolean hasWork(int vcpu);

        /** Whether an interrupt is posted to a vCPU: kvm_arch_dy_has_pending_interrupt(). Asked only where posted interrupts are in use. */
        boolean pendingInterrupt(int vcpu);

        /** Whether a spinning vCPU waits for another one. The host cannot know; {@link Boost#ORACLE} does, and the statistics. */
        boolean isWanted(int me, int vcpu);

        /** yield_to(): one of the answers of {@link YieldTo}. Only marks the queues; the switch itself comes later. */
        int yieldTo(int me, int vcpu);
    }

    /** What is counted. */
    static final class Counters {
        /** vCPUs looked at. */
        long scanned;
        /** Calls of yield_to(). */
        long attempted;
        /** Those that returned 0. */
        long refused;
        /** Those that returned -ESRCH. */
        long alone;
        /** The others. */
        long successful;
        /** Of those, towards a vCPU that had been woken and had not run since. */
        long toWoken;
        /** Of those, towards a vCPU that the spinning one waited for. */
        long toWanted;
        /** By the number of the {@link Filter}. */
        final long[] rejected = new long[Filter.values().length];

        void clear() {
            scanned = 0;
            attempted = 0;
            refused = 0;
            alone = 0;
            successful = 0;
            toWoken = 0;
            toWanted = 0;
            Arrays.fill(rejected, 0);
        }
    }

    private static final int NOT_READY = Filter.NOT_READY.ordinal();
    private static final int SELF = Filter.SELF.ordinal();

    private final Boost boost;
    private final boolean relaxIntercept;
    private final boolean postedInterrupts;
    /** 7e513617da71 of 6.13: one loop, that leaves itself out first and goes on behind the last vCPU whatever the last answer was. */
    private final boolean singleLoop;
    /** The mistake of that commit, repaired by 32bd348be3fa of 6.19. */
    private final boolean remembersOffset;

    /**
     * Makes the rules of a kernel.
     *
     * @param relaxIntercept CONFIG_HAVE_KVM_CPU_RELAX_INTERCEPT: x86 and s390 have it
     * @param postedInterrupts whether the host sees a pending interrupt of a vCPU that does not run (APICv)
     */
    DirectedYield(Boost boost, boolean relaxIntercept, boolean postedInterrupts) {
        this(boost, relaxIntercept, postedInterrupts, boost == Boost.LOOP_BUG_613, boost == Boost.LOOP_BUG_613);
    }

    private DirectedYield(
            Boost boost,
            boolean relaxIntercept,
            boolean postedInterrupts,
            boolean singleLoop,
            boolean remembersOffset) {
        this.boost = boost;
        this.relaxIntercept = relaxIntercept;
        this.postedInterrupts = postedInterrupts;
        this.singleLoop = singleLoop;
        this.remembersOffset = remembersOffset;
    }

    /** The rules of a setup's kernel. s390 posts interrupts differently: kvm_arch_dy_has_pending_interrupt() is false there. */
    static DirectedYield of(Setup setup) {
        boolean posted = setup.wakeUp() == WakeUpRule.X86 && setup.postedInterrupts();
        return new DirectedYield(setup.boost(), true, posted);
    }

    /** The single loop of 6.13 without its mistake: 32bd348be3fa, Linux 6.19. */
    static DirectedYield of619(boolean postedInterrupts) {
        return new DirectedYield(Boost.PENDING_IRQ, true, postedInterrupts, true, false);
    }

    /**
     * A vCPU spins: searches for another one and yields to it.
     *
     * <p>When this returns a vCPU, the caller switches, and calls {@link #returned} when the spinning vCPU has got its processor back
     * (at once if it was taken again). The kernel's function is as long on the stack: others see until then that this vCPU is in a spin
     * loop, and begin their search where it began.
     *
     * @param kernelOnly the spinning vCPU is in the kernel, and wants somebody in the kernel: always on VMX and for s390's diag 44, at
     *     privilege level 0 on SVM
     * @return whom it yields to, or {@link RunQueue#NOBODY}
     */
    int onSpin(KvmVcpus vm, int me, boolean kernelOnly, Host host, Counters counters) {
        if (boost == Boost.NONE) {
            return RunQueue.NOBODY;
        }
        vm.inSpinLoop[me] = true;
        boolean[] candidates = boost == Boost.PREEMPTED ? vm.preempted : vm.ready;
        int count = candidates.length;
        int start = vm.lastBoosted;
        int tries = TRIES;
        int answer = YieldTo.REFUSED;
        int chosen = RunQueue.NOBODY;
        int looked = 0;
        int found = 0;
        for (int pass = 0; pass < 2 && chosen == RunQueue.NOBODY && tries > 0; pass++) {
            // Up to 6.12 the second pass is left out if the last answer of the first was -ESRCH.
            if (pass == 1 && !singleLoop && answer < 0) {
                break;
            }
            int from = pass == 0 ? start + 1 : 0;
            int to = pass == 0 ? count : start + 1;
            int vcpu = from;
            for (; vcpu < to; vcpu++) {
                if (!candidates[vcpu]) {
                    continue;
                }
                found++;
                if (!isCandidate(vm, me, vcpu, kernelOnly, host, counters)) {
                    continue;
                }
                answer = ask(vm, me, vcpu, host, counters);
                if (answer > 0) {
                    chosen = vcpu;
                    break;
                } else if (answer < 0 && --tries == 0) {
                    break;
                }
            }
            looked += Math.min(vcpu + 1, to) - from;
        }
        counters.scanned += looked;
        counters.rejected[NOT_READY] += looked - found;
        if (singleLoop && !candidates[me] && Math.floorMod(me - start - 1, count) < looked) {
            // It leaves itself out before it looks who is ready.
            counters.rejected[NOT_READY]--;
            counters.rejected[SELF]++;
        }
        if (chosen == RunQueue.NOBODY) {
            returned(vm, me);
        } else {
            vm.remembers[me] = remembersOffset ? looked - 1 : chosen;
        }
        return chosen;
    }

    private static int ask(KvmVcpus vm, int me, int vcpu, Host host, Counters counters) {
        int answer = host.yieldTo(me, vcpu);
        counters.attempted++;
        if (answer > 0) {
            counters.successful++;
            counters.toWoken += vm.woken[vcpu] ? 1 : 0;
            counters.toWanted += host.isWanted(me, vcpu) ? 1 : 0;
        } else if (answer < 0) {
            counters.alone++;
        } else {
            counters.refused++;
        }
        return answer;
    }

    /** Whether a vCPU that is ready is to be yielded to. */
    private boolean isCandidate(KvmVcpus vm, int me, int vcpu, boolean kernelOnly, Host host, Counters counters) {
        if (vcpu == me) {
            return rejected(Filter.SELF, counters);
        }
        if (boost == Boost.ORACLE) {
            return host.isWanted(me, vcpu);
        }
        if (vm.blocking[vcpu] && !host.hasWork(vcpu)) {
            return rejected(Filter.BLOCKED, counters);
        }
        if (kernelOnly && !vm.preemptedInKernel[vcpu] && isJudgedByMode(vm, vcpu) && !isExcused(vcpu, host)) {
            return rejected(Filter.USER_MODE, counters);
        }
        if (!isEligible(vm, vcpu)) {
            return rejected(Filter.NOT_ELIGIBLE, counters);
        }
        return true;
    }

    private static boolean rejected(Filter filter, Counters counters) {
        counters.rejected[filter.ordinal()]++;
        return false;
    }

    /** At first everybody was judged by the privilege level; since 046ddeed of 5.3 only who was preempted, for whom it is not stale. */
    private boolean isJudgedByMode(KvmVcpus vm, int vcpu) {
        return boost == Boost.PREEMPTED || boost == Boost.READY || vm.preempted[vcpu];
    }

    /** 52acd22faa1a of 5.13: the interrupt will take it into the kernel. */
    private boolean isExcused(int vcpu, Host host) {
        return (boost == Boost.PENDING_IRQ || boost == Boost.LOOP_BUG_613)
                && postedInterrupts
                && host.pendingInterrupt(vcpu);
    }

    /** kvm_vcpu_eligible_for_directed_yield(): somebody who spins himself is passed over every other time. */
    private boolean isEligible(KvmVcpus vm, int vcpu) {
        if (!relaxIntercept || !vm.inSpinLoop[vcpu]) {
            return true;
        }
        vm.eligible[vcpu] = !vm.eligible[vcpu];
        return !vm.eligible[vcpu];
    }

    /** The spinning vCPU that yielded has its processor again: the end of kvm_vcpu_on_spin(). */
    void returned(KvmVcpus vm, int me) {
        if (vm.remembers[me] != RunQueue.NOBODY) {
            vm.lastBoosted = vm.remembers[me];
            vm.remembers[me] = RunQueue.NOBODY;
        }
        vm.inSpinLoop[me] = false;
        vm.eligible[me] = false;
    }

    /**
     * A vCPU asks by hypercall to yield to another one: kvm_sched_yield(), arch/x86/kvm/x86.c of 6.1, of KVM_HC_SCHED_YIELD and, since
     * 266e85a5ec91 of 5.3, KVM_HC_KICK_CPU.
     *
     * @param aloneOnProcessor whether nobody else wants the asking vCPU's processor: single_task_running()
     * @param target any number: the guest's
     * @return whether it yields
     */
    boolean hypercall(KvmVcpus vm, int me, long target, boolean aloneOnProcessor, Host host) {
        vm.hypercallYieldsAttempted++;
        if (aloneOnProcessor || target < 0 || target >= vm.count()) {
            return false;
        }
        int vcpu = (int) target;
        if (!vm.ready[vcpu] || vcpu == me || host.yieldTo(me, vcpu) <= 0) {
            return false;
        }
        vm.hypercallYieldsSuccessful++;
        return true;
    }

    /**
     * A vCPU of s390 asks by diag 9c to yield to another one: __diag_time_slice_end_directed(), arch/s390/kvm/diag.c of 6.1, with
     * diag9c_forwarding_hz 0, the default. Whether the target is ready does not matter, but it must not run.
     *
     * @param target any number: the guest's
     * @param targetRuns whether the target has a processor
     * @return whether it yields
     */
    boolean diag9c(KvmVcpus vm, int me, long target, boolean targetRuns, Host host) {
        boolean yields =
                target != me && target >= 0 && target < vm.count() && !targetRuns && host.yieldTo(me, (int) target) > 0;
        if (!yields) {
            vm.diag9cIgnored++;
        }
        return yields;
    }

    /** A vCPU of s390 says by diag 44 that it spins: __diag_time_slice_end(), which wants somebody in the kernel. */
    int diag44(KvmVcpus vm, int me, Host host, Counters counters) {
        return onSpin(vm, me, true, host, counters);
    }
}
