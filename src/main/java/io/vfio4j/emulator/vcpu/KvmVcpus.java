package io.vfio4j.emulator.vcpu;

import java.util.Arrays;

/**
 * What KVM knows of the vCPUs of one guest (struct kvm_vcpu, struct kvm; virt/kvm/kvm_main.c), and what the scheduler's notifiers do to it.
 */
final class KvmVcpus {
    /** It was descheduled although it wanted to run. */
    final boolean[] preempted;
    /** It waits for a processor: preempted, or (since 5.3) woken. */
    final boolean[] ready;
    /** Its privilege level when it was preempted last; on s390 when it left the processor last. */
    final boolean[] preemptedInKernel;
    /** It is in {@link DirectedYield#onSpin}, until it has run again. */
    final boolean[] inSpinLoop;
    /** Although it is in a spin loop, it may be yielded to the next time it is looked at. */
    final boolean[] eligible;
    /** It halts: it is on its wait queue, and nobody has woken it yet. */
    final boolean[] blocking;
    /** s390: its wake-up was worth it, so that halt polling is not shortened. */
    final boolean[] validWakeUp;
    /** Model only: it has been woken, and has not run since. */
    final boolean[] woken;
    /** While it yields: what {@link #lastBoosted} becomes when it is back; else {@link RunQueue#NOBODY}. A local variable of the kernel's. */
    final int[] remembers;

    /** Where the search of the next spinning vCPU begins: behind the vCPU boosted last. */
    int lastBoosted;
    /** Statistic halt_wakeup: how many sleepers were woken. */
    long haltWakeUps;
    /** s390 statistic diag_9c_ignored. */
    long diag9cIgnored;
    /** s390: how often a vCPU was kicked out of a nested guest's SIE, in case it was there. */
    long vsieKicks;
    /** Statistic directed_yield_attempted: of the hypercall only. */
    long hypercallYieldsAttempted;
    /** Statistic directed_yield_successful: of the hypercall only. */
    long hypercallYieldsSuccessful;

    private final boolean privilegeAlwaysKnown;

    /** As on x86. */
    KvmVcpus(int count) {
        this(count, false);
    }

    /**
     * Makes vCPUs that have never run.
     *
     * @param privilegeAlwaysKnown as on s390, whose kvm_arch_vcpu_in_kernel() reads the guest's PSW; on x86 only a preemption records it
     */
    KvmVcpus(int count, boolean privilegeAlwaysKnown) {
        this.privilegeAlwaysKnown = privilegeAlwaysKnown;
        preempted = new boolean[count];
        ready = new boolean[count];
        preemptedInKernel = new boolean[count];
        inSpinLoop = new boolean[count];
        eligible = new boolean[count];
        blocking = new boolean[count];
        validWakeUp = new boolean[count];
        woken = new boolean[count];
        remembers = new int[count];
        Arrays.fill(remembers, RunQueue.NOBODY);
    }

    /** The vCPUs of a guest under such a setup. */
    static KvmVcpus of(Setup setup, int count) {
        return new KvmVcpus(count, setup.wakeUp() != WakeUpRule.X86);
    }

    int count() {
        return ready.length;
    }

    /**
     * The vCPU's thread leaves its processor: kvm_sched_out(), kvm_arch_vcpu_put().
     *
     * @param stillRunnable it would like to run on
     * @param inKernel the guest's privilege level
     */
    void schedOut(int vcpu, boolean stillRunnable, boolean inKernel) {
        if (stillRunnable) {
            preempted[vcpu] = true;
            ready[vcpu] = true;
        }
        if (stillRunnable || privilegeAlwaysKnown) {
            preemptedInKernel[vcpu] = inKernel;
        }
    }

    /** The vCPU's thread gets a processor: kvm_sched_in(). */
    void schedIn(int vcpu) {
        preempted[vcpu] = false;
        ready[vcpu] = false;
        woken[vcpu] = false;
    }

    /** The vCPU halts: it is on its wait queue. */
    void block(int vcpu) {
        blocking[vcpu] = true;
    }

    /** The vCPU's halt is over: it runs again. On s390 the next wake-up is not valid until somebody says so: kvm_s390_handle_wait(). */
    void unblocked(int vcpu) {
        validWakeUp[vcpu] = false;
    }

    /** A vCPU's flags in words. */
    String describe(int vcpu) {
        StringBuilder words = new StringBuilder();
        word(words, preempted[vcpu], "preempted");
        word(words, ready[vcpu], "ready");
        word(words, blocking[vcpu], "blocking");
        word(words, woken[vcpu], "woken");
        word(words, validWakeUp[vcpu], "valid-wake-up");
        word(words, inSpinLoop[vcpu], "in-spin-loop");
        word(words, eligible[vcpu], "eligible");
        word(words, true, preemptedInKernel[vcpu] ? "kernel" : "user-mode");
        return words.toString();
    }

    private static void word(StringBuilder words, boolean said, String word) {
        if (said) {
            words.append(words.isEmpty() ? "" : " ").append(word);
        }
    }
}
