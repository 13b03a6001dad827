package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.vcpu.Outcome.Filter;

/** KVM's directed yield: whom a spinning vCPU gives its processor to. The rules of kvm_vcpu_on_spin(), virt/kvm/kvm_main.c, by version. */
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
            java.util.Arrays.fill(rejected, 0);
        }
    }

    private final Boost boost;
    private final boolean relaxIntercept;
    private final boolean postedInterrupts;

    /**
     * Makes the rules of a kernel.
     *
     * @param relaxIntercept CONFIG_HAVE_KVM_CPU_RELAX_INTERCEPT: x86 has it, s390 has not
     * @param postedInterrupts whether the host sees a pending interrupt of a vCPU that does not run (APICv)
     */
    DirectedYield(Boost boost, boolean relaxIntercept, boolean postedInterrupts) {
        this.boost = boost;
        this.relaxIntercept = relaxIntercept;
        this.postedInterrupts = postedInterrupts;
    }

    static DirectedYield of(Setup setup) {
        boolean x86 = setup.wakeUp() == WakeUpRule.X86;
        return new DirectedYield(setup.boost(), x86, x86 && setup.postedInterrupts());
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
        throw new UnsupportedOperationException();
    }

    /** The spinning vCPU that yielded has its processor again: the end of kvm_vcpu_on_spin(). */
    void returned(KvmVcpus vm, int me) {
        throw new UnsupportedOperationException();
    }

    /** A vCPU asks by hypercall to yield to another one: kvm_sched_yield(), arch/x86/kvm/x86.c. Whether it yields. */
    boolean hypercall(KvmVcpus vm, int me, int target, boolean aloneOnProcessor, Host host) {
        throw new UnsupportedOperationException();
    }

    /** A vCPU of s390 asks by diag 9c to yield to another one. Whether it yields. */
    boolean diag9c(KvmVcpus vm, int me, int target, boolean targetRuns, Host host) {
        throw new UnsupportedOperationException();
    }
}
