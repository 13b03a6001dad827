package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * kvm_vcpu_wake_up(), and what "KVM: s390: Use kvm_vcpu_wake_up in kvm_s390_vcpu_wakeup" of Linux 5.3 keeps and what it alters; read in the
 * series as posted on 18 July 2019 (v3) and in the source of 6.1.
 */
class WakeUpTest {
    private static final int SLEEPER = 1;

    private final KvmVcpus vm = new KvmVcpus(3, true);
    private final DirectedYield.Counters counters = new DirectedYield.Counters();
    private final DirectedYield.Host host = new DirectedYield.Host() {
        @Override
        public boolean hasWork(int vcpu) {
            return true;
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

    private void sleep(boolean inKernel) {
        vm.block(SLEEPER);
        vm.schedOut(SLEEPER, false, inKernel);
    }

    private static DirectedYield s390(Boost boost) {
        return new DirectedYield(boost, true, false);
    }

    private int diag44(Boost boost) {
        return s390(boost).diag44(vm, 0, host, counters);
    }

    // x86

    /** kvm_vcpu_wake_up() of 5.3 and later. */
    @Test
    void a_sleeper_is_woken_and_ready_and_counted() {
        sleep(true);
        assertTrue(WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, SLEEPER));
        assertTrue(vm.ready[SLEEPER]);
        assertFalse(vm.blocking[SLEEPER]);
        assertTrue(vm.woken[SLEEPER]);
        assertEquals(1, vm.haltWakeUps);
    }

    /** kvm_vcpu_wake_up(): nothing happens to a vCPU that does not sleep, and a second wake-up finds nobody. */
    @Test
    void who_does_not_sleep_is_neither_woken_nor_ready_nor_counted() {
        assertFalse(WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, SLEEPER));
        assertFalse(vm.ready[SLEEPER]);
        assertEquals(0, vm.haltWakeUps);
        sleep(true);
        WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, SLEEPER);
        assertFalse(WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, SLEEPER));
        assertEquals(1, vm.haltWakeUps);
    }

    /** On x86 nothing says valid or kicks a nested guest. */
    @Test
    void x86_has_no_valid_wake_ups_and_no_vsie() {
        sleep(true);
        WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, SLEEPER);
        assertFalse(vm.validWakeUp[SLEEPER]);
        assertEquals(0, vm.vsieKicks);
    }

    // s390: what the series keeps

    @ParameterizedTest
    @EnumSource(names = {"S390_BEFORE", "S390_AFTER"})
    void s390_keeps_that_a_sleeper_is_woken_and_counted_once(WakeUpRule rule) {
        sleep(true);
        assertTrue(WakeUp.wake(rule, Boost.READY_FIXED, vm, SLEEPER));
        assertFalse(vm.blocking[SLEEPER]);
        assertFalse(WakeUp.wake(rule, Boost.READY_FIXED, vm, SLEEPER));
        assertEquals(1, vm.haltWakeUps);
    }

    /** Both say so before they look: the vCPU may be polling in kvm_vcpu_block(), and not sleep yet. */
    @ParameterizedTest
    @EnumSource(names = {"S390_BEFORE", "S390_AFTER"})
    void s390_keeps_that_a_wake_up_is_valid_even_of_who_does_not_sleep_yet(WakeUpRule rule) {
        assertFalse(WakeUp.wake(rule, Boost.READY_FIXED, vm, SLEEPER));
        assertTrue(vm.validWakeUp[SLEEPER]);
    }

    /** kvm_s390_handle_wait(): what makes the next wake-up worth its halt polling must be said anew. */
    @ParameterizedTest
    @EnumSource(names = {"S390_BEFORE", "S390_AFTER"})
    void s390_keeps_that_a_wake_up_nobody_vouched_for_is_not_valid(WakeUpRule rule) {
        sleep(true);
        WakeUp.wake(rule, Boost.READY_FIXED, vm, SLEEPER);
        vm.schedIn(SLEEPER);
        vm.unblocked(SLEEPER);
        assertFalse(vm.validWakeUp[SLEEPER]);
    }

    /** kvm_s390_vsie_kick() has no condition in either: a vCPU that does not sleep may run a nested guest. */
    @ParameterizedTest
    @EnumSource(names = {"S390_BEFORE", "S390_AFTER"})
    void s390_keeps_that_a_nested_guest_is_left_whether_the_vcpu_slept_or_not(WakeUpRule rule) {
        WakeUp.wake(rule, Boost.READY_FIXED, vm, SLEEPER);
        sleep(true);
        WakeUp.wake(rule, Boost.READY_FIXED, vm, SLEEPER);
        assertEquals(2, vm.vsieKicks);
    }

    /** 9cac38dd5d had s390 do so for years by {@code preempted}; the series has it do so by {@code ready}. */
    @Test
    void s390_keeps_that_a_woken_vcpu_is_a_candidate_of_diag_44() {
        sleep(true);
        WakeUp.wake(WakeUpRule.S390_BEFORE, Boost.PREEMPTED, vm, SLEEPER);
        assertEquals(SLEEPER, diag44(Boost.PREEMPTED));
        s390(Boost.PREEMPTED).returned(vm, 0);
        vm.schedIn(SLEEPER);
        sleep(true);
        WakeUp.wake(WakeUpRule.S390_AFTER, Boost.READY_FIXED, vm, SLEEPER);
        assertEquals(SLEEPER, diag44(Boost.READY_FIXED));
    }

    /** Between the two commits: d73eb57b80b9 changed the flag in s390's own path too, so that it never lost its woken vCPUs. */
    @Test
    void the_first_commit_of_the_series_already_makes_s390_say_ready() {
        sleep(true);
        WakeUp.wake(WakeUpRule.S390_BEFORE, Boost.READY, vm, SLEEPER);
        assertTrue(vm.ready[SLEEPER]);
        assertFalse(vm.preempted[SLEEPER]);
        assertEquals(SLEEPER, diag44(Boost.READY));
    }

    /** The second commit alone alters nothing that a guest or a statistic sees. */
    @Test
    void the_second_commit_of_the_series_leaves_the_same_state_behind() {
        KvmVcpus other = new KvmVcpus(3, true);
        for (boolean asleep : new boolean[] {true, false, true}) {
            if (asleep) {
                sleep(false);
                other.block(SLEEPER);
                other.schedOut(SLEEPER, false, false);
            }
            boolean before = WakeUp.wake(WakeUpRule.S390_BEFORE, Boost.READY, vm, SLEEPER);
            boolean after = WakeUp.wake(WakeUpRule.S390_AFTER, Boost.READY, other, SLEEPER);
            assertEquals(before, after);
            assertEquals(vm.describe(SLEEPER), other.describe(SLEEPER));
            assertEquals(vm.haltWakeUps, other.haltWakeUps);
            assertEquals(vm.vsieKicks, other.vsieKicks);
        }
    }

    // s390: what the series alters

    /** Before, a woken vCPU looked as if it had been preempted. */
    @Test
    void s390_alters_that_a_woken_vcpu_is_ready_and_not_preempted() {
        sleep(true);
        WakeUp.wake(WakeUpRule.S390_BEFORE, Boost.PREEMPTED, vm, SLEEPER);
        assertTrue(vm.preempted[SLEEPER]);
        assertFalse(vm.ready[SLEEPER]);
        vm.schedIn(SLEEPER);
        sleep(true);
        WakeUp.wake(WakeUpRule.S390_AFTER, Boost.READY, vm, SLEEPER);
        assertFalse(vm.preempted[SLEEPER]);
        assertTrue(vm.ready[SLEEPER]);
    }

    /**
     * So since 046ddeed of 5.3 a vCPU that waits in user mode (an enabled wait with the problem state bit on, which only a test guest would
     * do) is no longer passed over by diag 44; s390 reads the privilege level in the PSW, so that it is never stale.
     */
    @Test
    void s390_alters_that_a_woken_vcpu_is_not_judged_by_its_privilege_level() {
        sleep(false);
        WakeUp.wake(WakeUpRule.S390_BEFORE, Boost.PREEMPTED, vm, SLEEPER);
        assertEquals(RunQueue.NOBODY, diag44(Boost.PREEMPTED));
        vm.schedIn(SLEEPER);
        sleep(false);
        WakeUp.wake(WakeUpRule.S390_AFTER, Boost.READY_FIXED, vm, SLEEPER);
        assertEquals(SLEEPER, diag44(Boost.READY_FIXED));
    }

    /** kvm_arch_vcpu_in_kernel() of s390 reads gpsw: also a sleeper's level is known, unlike on x86. */
    @Test
    void s390_always_knows_the_privilege_level() {
        vm.schedOut(SLEEPER, true, false);
        vm.schedIn(SLEEPER);
        sleep(true);
        assertTrue(vm.preemptedInKernel[SLEEPER]);
    }

    // diag 9c

    /** __diag_time_slice_end_directed(), arch/s390/kvm/diag.c: a directed yield to a vCPU by name. */
    @Test
    void diag_9c_yields_to_the_vcpu_it_names() {
        sleep(true);
        WakeUp.wake(WakeUpRule.S390_AFTER, Boost.READY, vm, SLEEPER);
        assertTrue(s390(Boost.READY).diag9c(vm, 0, SLEEPER, false, host));
        assertEquals(0, vm.diag9cIgnored);
    }

    /** diag.c of 6.1 with diag9c_forwarding_hz 0: who has a processor needs no other's. */
    @Test
    void diag_9c_is_ignored_when_its_target_runs_or_is_the_caller_or_does_not_exist() {
        assertFalse(s390(Boost.READY).diag9c(vm, 0, SLEEPER, true, host));
        assertFalse(s390(Boost.READY).diag9c(vm, 0, 0, false, host));
        assertFalse(s390(Boost.READY).diag9c(vm, 0, 3, false, host));
        assertFalse(s390(Boost.READY).diag9c(vm, 0, -1, false, host));
        assertFalse(s390(Boost.READY).diag9c(vm, 0, 1L << 32, false, host));
        assertEquals(5, vm.diag9cIgnored);
    }
}
