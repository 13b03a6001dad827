package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** kvm_sched_out(), kvm_sched_in() and kvm_arch_vcpu_put(), virt/kvm/kvm_main.c and arch/x86/kvm/x86.c. */
class KvmVcpusTest {
    private final KvmVcpus vm = new KvmVcpus(2);

    /** kvm_sched_out() of 5.3 (current->state == TASK_RUNNING) and of 6.1 (current->on_rq). */
    @Test
    void who_is_descheduled_and_wants_to_run_on_is_preempted_and_ready() {
        vm.schedOut(1, true, true);
        assertTrue(vm.preempted[1]);
        assertTrue(vm.ready[1]);
        assertTrue(vm.preemptedInKernel[1]);
        assertFalse(vm.preempted[0]);
    }

    @Test
    void who_goes_to_sleep_is_neither() {
        vm.block(1);
        vm.schedOut(1, false, true);
        assertFalse(vm.preempted[1]);
        assertFalse(vm.ready[1]);
    }

    /** kvm_arch_vcpu_put() of x86 records the level only of who was preempted. */
    @Test
    void only_a_preemption_records_the_privilege_level() {
        vm.schedOut(1, true, true);
        vm.schedIn(1);
        vm.schedOut(1, false, false);
        assertTrue(vm.preemptedInKernel[1]);
        vm.schedOut(1, true, false);
        assertFalse(vm.preemptedInKernel[1]);
    }

    /** kvm_sched_in(). */
    @Test
    void who_runs_is_neither_preempted_nor_ready_nor_woken() {
        vm.schedOut(1, true, true);
        vm.woken[1] = true;
        vm.schedIn(1);
        assertFalse(vm.preempted[1]);
        assertFalse(vm.ready[1]);
        assertFalse(vm.woken[1]);
        assertTrue(vm.preemptedInKernel[1]);
    }

    /**
     * Why there are two flags (the review of the series, July 2019): vmx_vcpu_pi_put() must not take a woken sleeper for a preempted vCPU, for
     * whose sleep posted interrupts were arranged already; so the wake-up leaves {@code preempted} alone.
     */
    @Test
    void preempted_stays_false_for_a_woken_sleeper_which_is_why_there_are_two_flags() {
        vm.block(1);
        vm.schedOut(1, false, true);
        assertTrue(WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, 1));
        assertTrue(vm.ready[1]);
        assertFalse(vm.preempted[1]);
    }

    /** A vCPU that yields in kvm_vcpu_on_spin() is on its run queue: it is preempted and ready itself, in the kernel, in a spin loop. */
    @Test
    void who_yields_becomes_a_candidate_that_is_not_eligible_at_first() {
        vm.schedOut(1, true, true);
        DirectedYield rules = new DirectedYield(Boost.READY_FIXED, true, false);
        DirectedYield.Counters counters = new DirectedYield.Counters();
        DirectedYield.Host host = new DirectedYield.Host() {
            @Override
            public boolean hasWork(int vcpu) {
                return false;
            }

            @Override
            public boolean pendingInterrupt(int vcpu) {
                return false;
            }

            @Override
            public boolean isWanted(int me, int vcpu) {
                return false;
            }

            @Override
            public int yieldTo(int me, int vcpu) {
                return YieldTo.YIELDED;
            }
        };
        assertEquals(1, rules.onSpin(vm, 0, true, host, counters));
        vm.schedOut(0, true, true);
        vm.schedIn(1);
        assertEquals(RunQueue.NOBODY, rules.onSpin(vm, 1, true, host, counters));
        assertEquals(0, rules.onSpin(vm, 1, true, host, counters));
    }

    @Test
    void its_state_can_be_read_in_a_message() {
        vm.schedOut(1, true, false);
        assertEquals("preempted ready user-mode", vm.describe(1));
        vm.schedIn(1);
        vm.inSpinLoop[1] = true;
        vm.block(1);
        assertEquals("blocking in-spin-loop user-mode", vm.describe(1));
    }
}
