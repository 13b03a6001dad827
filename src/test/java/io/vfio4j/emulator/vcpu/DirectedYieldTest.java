package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Outcome.Filter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whom kvm_vcpu_on_spin() of virt/kvm/kvm_main.c yields to, rule by rule and version by version, on states written down by hand. The vCPU that
 * spins is always 0, in the kernel, on a processor.
 */
class DirectedYieldTest {
    private static final int ME = 0;

    private final KvmVcpus vm = new KvmVcpus(4);
    private final Script host = new Script(4);
    private final DirectedYield.Counters counters = new DirectedYield.Counters();

    /** A host that answers what is written down, and writes down what it is asked for. */
    private static final class Script implements DirectedYield.Host {
        final boolean[] work;
        final boolean[] pending;
        final boolean[] wanted;
        final int[] answers;
        final List<Integer> asked = new ArrayList<>();

        Script(int count) {
            work = new boolean[count];
            pending = new boolean[count];
            wanted = new boolean[count];
            answers = new int[count];
            Arrays.fill(answers, YieldTo.YIELDED);
        }

        @Override
        public boolean hasWork(int vcpu) {
            return work[vcpu];
        }

        @Override
        public boolean pendingInterrupt(int vcpu) {
            return pending[vcpu];
        }

        @Override
        public boolean isWanted(int me, int vcpu) {
            return wanted[vcpu];
        }

        @Override
        public int yieldTo(int me, int vcpu) {
            asked.add(vcpu);
            return answers[vcpu];
        }
    }

    private static DirectedYield rules(Boost boost) {
        return new DirectedYield(boost, true, true);
    }

    private int onSpin(Boost boost) {
        return rules(boost).onSpin(vm, ME, true, host, counters);
    }

    private void preemptInKernel(int... vcpus) {
        for (int vcpu : vcpus) {
            vm.schedOut(vcpu, true, true);
        }
    }

    private void preemptInUserMode(int... vcpus) {
        for (int vcpu : vcpus) {
            vm.schedOut(vcpu, true, false);
        }
    }

    /** It halts, and is woken before anybody looks. */
    private void sleepAndWake(int vcpu, boolean inKernel) {
        vm.block(vcpu);
        vm.schedOut(vcpu, false, inKernel);
        WakeUp.wake(WakeUpRule.X86, Boost.READY, vm, vcpu);
    }

    private Map<Filter, Long> rejected() {
        Map<Filter, Long> map = new EnumMap<>(Filter.class);
        for (Filter filter : Filter.values()) {
            if (counters.rejected[filter.ordinal()] > 0) {
                map.put(filter, counters.rejected[filter.ordinal()]);
            }
        }
        return map;
    }

    // Who is a candidate at all

    /** kvm_main.c before d73eb57b80b9 of 5.3: only {@code preempted} counts. */
    @Test
    void before_5_3_a_woken_vcpu_is_no_candidate() {
        sleepAndWake(2, true);
        assertEquals(RunQueue.NOBODY, onSpin(Boost.PREEMPTED));
        assertEquals(Map.of(Filter.NOT_READY, 4L), rejected());
        preemptInKernel(3);
        assertEquals(3, onSpin(Boost.PREEMPTED));
    }

    /** d73eb57b80b9 of 5.3: {@code ready} counts, which a wake-up sets as well. */
    @Test
    void since_5_3_a_woken_vcpu_is_a_candidate() {
        vm.preemptedInKernel[2] = true;
        sleepAndWake(2, true);
        assertEquals(2, onSpin(Boost.READY));
        assertEquals(1, counters.successful);
        assertEquals(1, counters.toWoken);
    }

    /** d73eb57b80b9: the series alters nothing while nobody blocks, for then both flags are always equal. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED"})
    void while_nobody_blocks_the_series_alters_nothing(Boost boost) {
        preemptInUserMode(1, 3);
        preemptInKernel(2);
        assertArrayEquals(vm.preempted, vm.ready);
        assertEquals(2, onSpin(boost));
        assertEquals(Map.of(Filter.USER_MODE, 1L), rejected());
        assertEquals(2, counters.scanned);
        assertEquals(0, counters.toWoken);
    }

    /** Every version: a vCPU that runs is neither preempted nor ready. */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NONE"})
    void a_vcpu_that_runs_is_no_candidate(Boost boost) {
        preemptInKernel(1, 2, 3);
        for (int vcpu = 1; vcpu < 4; vcpu++) {
            vm.schedIn(vcpu);
            host.wanted[vcpu] = true;
        }
        assertEquals(RunQueue.NOBODY, onSpin(boost));
        assertEquals(0, counters.attempted);
        assertEquals(4, counters.scanned);
    }

    /** Up to 6.12 readiness is looked at before identity; the spinning vCPU is ready only by a race. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ"})
    void it_never_yields_to_itself(Boost boost) {
        preemptInKernel(ME);
        assertEquals(RunQueue.NOBODY, onSpin(boost));
        assertEquals(List.of(), host.asked);
        assertEquals(Map.of(Filter.NOT_READY, 3L, Filter.SELF, 1L), rejected());
    }

    /** 7e513617da71 of 6.13 looks at identity first. */
    @Test
    void since_6_13_it_leaves_itself_out_before_it_looks_who_is_ready() {
        assertEquals(RunQueue.NOBODY, onSpin(Boost.LOOP_BUG_613));
        assertEquals(Map.of(Filter.NOT_READY, 3L, Filter.SELF, 1L), rejected());
    }

    /** A PAUSE exit that does not happen finds nobody: KVM_CAP_X86_DISABLE_EXITS. */
    @Test
    void without_pause_exits_nobody_is_looked_at() {
        preemptInKernel(1, 2, 3);
        assertEquals(RunQueue.NOBODY, onSpin(Boost.NONE));
        assertEquals(0, counters.scanned);
        assertFalse(vm.inSpinLoop[ME]);
    }

    // Those who block

    /** kvm_main.c of every version: a vCPU on its wait queue must have something to wake for (preempted on its way to sleep). */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void a_blocking_vcpu_without_work_is_passed_over(Boost boost) {
        preemptInKernel(1);
        vm.block(1);
        assertEquals(RunQueue.NOBODY, onSpin(boost));
        assertEquals(1, rejected().get(Filter.BLOCKED));
    }

    /** kvm_arch_dy_runnable(), 17e433b54393 of 5.3: a pending request or interrupt is work, and is seen without loading the vCPU. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void a_blocking_vcpu_that_has_work_is_a_candidate(Boost boost) {
        preemptInKernel(1);
        vm.block(1);
        host.work[1] = true;
        assertEquals(1, onSpin(boost));
    }

    // User mode

    /** kvm_main.c since 4.14: a spinning kernel wants somebody who may hold its lock. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void a_spinning_kernel_passes_over_who_was_preempted_in_user_mode(Boost boost) {
        preemptInUserMode(1);
        preemptInKernel(2);
        assertEquals(2, onSpin(boost));
        assertEquals(Map.of(Filter.USER_MODE, 1L), rejected());
    }

    /** A vCPU that spins in user mode (only SVM reports it) takes anybody. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void a_spinning_user_mode_takes_anybody(Boost boost) {
        preemptInUserMode(1);
        assertEquals(1, rules(boost).onSpin(vm, ME, false, host, counters));
    }

    /** d73eb57b80b9 alone judges a woken vCPU by the level of its last preemption: kvm_arch_vcpu_put() records it only then. */
    @Test
    void d73eb57b80b9_alone_judges_a_woken_vcpu_by_a_stale_privilege_level() {
        preemptInUserMode(1);
        vm.schedIn(1);
        // It halts in its kernel, which nobody records.
        sleepAndWake(1, true);
        assertEquals(RunQueue.NOBODY, onSpin(Boost.READY));
        assertEquals(1, rejected().get(Filter.USER_MODE));
    }

    /** "Check preempted_in_kernel for involuntary preemption", 046ddeed of 5.3: a woken vCPU is not judged. */
    @ParameterizedTest
    @EnumSource(names = {"READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void since_046ddeed_of_5_3_only_a_preempted_vcpu_is_judged_by_its_privilege_level(Boost boost) {
        preemptInUserMode(1);
        vm.schedIn(1);
        sleepAndWake(1, true);
        assertEquals(1, onSpin(boost));
        assertEquals(1, counters.toWoken);
    }

    /** Before 52acd22faa1a of 5.13 a pending interrupt excuses nothing. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED"})
    void before_5_13_a_pending_interrupt_does_not_excuse_user_mode(Boost boost) {
        preemptInUserMode(1);
        host.pending[1] = true;
        assertEquals(RunQueue.NOBODY, onSpin(boost));
    }

    /** 52acd22faa1a of 5.13: the spinning vCPU may wait for that very interrupt. */
    @ParameterizedTest
    @EnumSource(names = {"PENDING_IRQ", "LOOP_BUG_613"})
    void since_5_13_a_pending_posted_interrupt_excuses_user_mode(Boost boost) {
        preemptInUserMode(1, 2);
        host.pending[2] = true;
        assertEquals(2, onSpin(boost));
    }

    /** kvm_arch_dy_has_pending_interrupt(): without APICv the host does not see it. */
    @ParameterizedTest
    @EnumSource(names = {"PENDING_IRQ", "LOOP_BUG_613"})
    void without_apicv_there_is_no_excuse(Boost boost) {
        preemptInUserMode(1);
        host.pending[1] = true;
        assertEquals(RunQueue.NOBODY, new DirectedYield(boost, true, false).onSpin(vm, ME, true, host, counters));
    }

    // Those who spin themselves

    /** Raghavendra K T, 2012: a vCPU in a spin loop is passed over, and its turn comes the next time it is looked at. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void a_vcpu_that_spins_itself_is_eligible_every_other_time(Boost boost) {
        preemptInKernel(1);
        vm.inSpinLoop[1] = true;
        host.answers[1] = YieldTo.REFUSED;
        List<Integer> looks = new ArrayList<>();
        for (int look = 0; look < 4; look++) {
            onSpin(boost);
            looks.add(host.asked.size());
        }
        assertEquals(List.of(0, 1, 1, 2), looks);
        assertEquals(2, rejected().get(Filter.NOT_ELIGIBLE));
    }

    /** The check toggles only vCPUs in a spin loop, and only those that came so far. */
    @Test
    void eligibility_is_not_touched_by_checks_that_do_not_reach_it() {
        preemptInUserMode(1);
        vm.inSpinLoop[1] = true;
        preemptInKernel(2);
        assertEquals(2, onSpin(Boost.READY_FIXED));
        assertFalse(vm.eligible[1]);
        assertFalse(vm.eligible[2]);
    }

    /** kvm_vcpu_eligible_for_directed_yield() without CONFIG_HAVE_KVM_CPU_RELAX_INTERCEPT is plain true, and toggles nothing. */
    @Test
    void without_the_intercept_configuration_everybody_is_eligible() {
        preemptInKernel(1);
        vm.inSpinLoop[1] = true;
        DirectedYield rules = new DirectedYield(Boost.READY_FIXED, false, false);
        assertEquals(1, rules.onSpin(vm, ME, true, host, counters));
        assertFalse(vm.eligible[1]);
    }

    /** kvm_main.c: in_spin_loop holds until the vCPU has been scheduled back in, for the function is on its stack until then. */
    @Test
    void in_spin_loop_is_set_while_it_yields_and_cleared_when_it_is_back() {
        preemptInKernel(1);
        DirectedYield rules = rules(Boost.READY_FIXED);
        assertEquals(1, rules.onSpin(vm, ME, true, host, counters));
        assertTrue(vm.inSpinLoop[ME]);
        vm.schedOut(ME, true, true);
        vm.eligible[ME] = true;
        vm.schedIn(ME);
        rules.returned(vm, ME);
        assertFalse(vm.inSpinLoop[ME]);
        assertFalse(vm.eligible[ME]);
    }

    /** The same when nobody was found: at once. */
    @Test
    void in_spin_loop_is_cleared_at_once_when_nobody_was_found() {
        vm.eligible[ME] = true;
        assertEquals(RunQueue.NOBODY, onSpin(Boost.READY_FIXED));
        assertFalse(vm.inSpinLoop[ME]);
        assertFalse(vm.eligible[ME]);
    }

    // The order of the search

    /** kvm_main.c: round robin begins behind the vCPU boosted last, goes around, and ends with that one. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613"})
    void the_search_begins_behind_the_last_boosted_and_goes_around(Boost boost) {
        KvmVcpus five = new KvmVcpus(5);
        Script answers = new Script(5);
        for (int vcpu = 1; vcpu < 5; vcpu++) {
            five.schedOut(vcpu, true, true);
            answers.answers[vcpu] = YieldTo.REFUSED;
        }
        five.lastBoosted = 2;
        assertEquals(RunQueue.NOBODY, rules(boost).onSpin(five, ME, true, answers, counters));
        assertEquals(List.of(3, 4, 1, 2), answers.asked);
        assertEquals(5, counters.scanned);
    }

    /** A fresh guest: last_boosted_vcpu is 0, so that vCPU 1 comes first and vCPU 0 last. */
    @Test
    void at_first_the_search_begins_with_vcpu_1() {
        preemptInKernel(1, 2, 3);
        assertEquals(1, onSpin(Boost.READY));
    }

    /** kvm_main.c: only an answer above 0 moves the beginning of the next search. */
    @Test
    void last_boosted_is_remembered_only_on_success() {
        preemptInKernel(1, 2, 3);
        Arrays.fill(host.answers, YieldTo.REFUSED);
        onSpin(Boost.READY_FIXED);
        assertEquals(0, vm.lastBoosted);
        Arrays.fill(host.answers, YieldTo.ALONE);
        onSpin(Boost.READY_FIXED);
        assertEquals(0, vm.lastBoosted);
        host.answers[2] = YieldTo.YIELDED;
        DirectedYield rules = rules(Boost.READY_FIXED);
        assertEquals(2, rules.onSpin(vm, ME, true, host, counters));
        rules.returned(vm, ME);
        assertEquals(2, vm.lastBoosted);
    }

    /** kvm_main.c: last_boosted_vcpu is written after yield_to() returns, which is when the vCPU that yielded runs again. */
    @Test
    void others_that_spin_meanwhile_begin_where_it_began() {
        preemptInKernel(2);
        DirectedYield rules = rules(Boost.READY_FIXED);
        assertEquals(2, rules.onSpin(vm, ME, true, host, counters));
        vm.schedOut(ME, true, true);
        assertEquals(0, vm.lastBoosted);
        assertEquals(2, rules.onSpin(vm, 3, true, host, counters));
        vm.schedIn(ME);
        rules.returned(vm, ME);
        assertEquals(2, vm.lastBoosted);
    }

    // Tries

    /** kvm_main.c: -ESRCH spends one of three tries. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ", "LOOP_BUG_613", "ORACLE"})
    void three_tries_are_spent_on_esrch(Boost boost) {
        KvmVcpus six = new KvmVcpus(6);
        Script answers = new Script(6);
        Arrays.fill(answers.answers, YieldTo.ALONE);
        Arrays.fill(answers.wanted, true);
        for (int vcpu = 1; vcpu < 6; vcpu++) {
            six.schedOut(vcpu, true, true);
        }
        assertEquals(RunQueue.NOBODY, rules(boost).onSpin(six, ME, true, answers, counters));
        assertEquals(List.of(1, 2, 3), answers.asked);
        assertEquals(3, counters.alone);
        assertEquals(3, counters.scanned);
    }

    /** kvm_main.c: a target that runs already, or does not want to, costs no try. */
    @Test
    void an_answer_of_0_costs_no_try() {
        KvmVcpus eight = new KvmVcpus(8);
        Script answers = new Script(8);
        for (int vcpu = 1; vcpu < 8; vcpu++) {
            eight.schedOut(vcpu, true, true);
            answers.answers[vcpu] = YieldTo.REFUSED;
        }
        answers.answers[2] = YieldTo.ALONE;
        answers.answers[5] = YieldTo.ALONE;
        answers.answers[7] = YieldTo.YIELDED;
        assertEquals(7, rules(Boost.READY_FIXED).onSpin(eight, ME, true, answers, counters));
        assertEquals(7, counters.attempted);
        assertEquals(4, counters.refused);
        assertEquals(2, counters.alone);
    }

    /** A wake-up marks the vCPU ready after it has woken it: a vCPU that runs already may stay marked. It costs nothing. */
    @Test
    void a_running_vcpu_that_a_race_left_ready_costs_no_try() {
        vm.ready[1] = true;
        host.answers[1] = YieldTo.REFUSED;
        preemptInKernel(2);
        assertEquals(2, onSpin(Boost.READY_FIXED));
        assertEquals(1, counters.refused);
        assertEquals(0, counters.alone);
    }

    /** kvm_main.c up to 6.12: the second pass is entered only while the last answer is 0, and -ESRCH is not. */
    @ParameterizedTest
    @EnumSource(names = {"PREEMPTED", "READY", "READY_FIXED", "PENDING_IRQ"})
    void up_to_6_12_the_search_does_not_go_around_after_esrch(Boost boost) {
        preemptInKernel(1, 3);
        vm.lastBoosted = 2;
        host.answers[3] = YieldTo.ALONE;
        assertEquals(RunQueue.NOBODY, onSpin(boost));
        assertEquals(List.of(3), host.asked);
    }

    /** 7e513617da71 of 6.13: there are no passes any more. */
    @Test
    void since_6_13_the_search_goes_around_after_esrch() {
        preemptInKernel(1, 3);
        vm.lastBoosted = 2;
        host.answers[3] = YieldTo.ALONE;
        assertEquals(1, onSpin(Boost.LOOP_BUG_613));
        assertEquals(List.of(3, 1), host.asked);
        host.asked.clear();
        vm.lastBoosted = 2;
        assertEquals(1, DirectedYield.of619(true).onSpin(vm, ME, true, host, counters));
        assertEquals(List.of(3, 1), host.asked);
    }

    // The mistake of 6.13

    /** 7e513617da71 of 6.13 stores how far it looked; 6.12 and, since 32bd348be3fa, 6.19 whom they found. Four vCPUs, scripted. */
    @Test
    void the_loop_of_6_13_begins_its_next_search_elsewhere_than_6_12_and_6_19() {
        assertEquals(List.of(3, 1, 2, 3), boostedInTurn(rules(Boost.PENDING_IRQ)));
        assertEquals(List.of(3, 1, 2, 3), boostedInTurn(DirectedYield.of619(true)));
        // Finds 3 at offset 0 and so begins at 1; finds 1 at offset 0 and begins at 1 again, for ever: 2 and 3 starve.
        assertEquals(List.of(3, 1, 1, 1), boostedInTurn(rules(Boost.LOOP_BUG_613)));
    }

    private List<Integer> boostedInTurn(DirectedYield rules) {
        KvmVcpus four = new KvmVcpus(4);
        for (int vcpu = 1; vcpu < 4; vcpu++) {
            four.schedOut(vcpu, true, true);
        }
        four.lastBoosted = 2;
        List<Integer> boosted = new ArrayList<>();
        for (int turn = 0; turn < 4; turn++) {
            boosted.add(rules.onSpin(four, ME, true, host, counters));
            rules.returned(four, ME);
        }
        return boosted;
    }

    /** 32bd348be3fa of 6.19: what is remembered is the number of the vCPU, also behind the wrap. */
    @Test
    void what_6_13_remembers_is_the_offset_and_what_6_19_remembers_is_the_number() {
        preemptInKernel(2);
        vm.lastBoosted = 2;
        DirectedYield broken = rules(Boost.LOOP_BUG_613);
        assertEquals(2, broken.onSpin(vm, ME, true, host, counters));
        broken.returned(vm, ME);
        assertEquals(3, vm.lastBoosted);
        vm.lastBoosted = 2;
        DirectedYield repaired = DirectedYield.of619(true);
        assertEquals(2, repaired.onSpin(vm, ME, true, host, counters));
        repaired.returned(vm, ME);
        assertEquals(2, vm.lastBoosted);
    }

    // The bound

    /** No kernel: it takes whom it waits for, whatever it is doing, if that one waits for a processor. */
    @Test
    void the_oracle_yields_to_whom_it_waits_for() {
        preemptInKernel(1);
        preemptInUserMode(3);
        vm.inSpinLoop[3] = true;
        host.wanted[3] = true;
        assertEquals(3, onSpin(Boost.ORACLE));
        assertEquals(List.of(3), host.asked);
        assertEquals(1, counters.toWanted);
    }

    /** Nor does it take anybody else when that one runs or sleeps. */
    @Test
    void the_oracle_yields_to_nobody_when_whom_it_waits_for_is_not_ready() {
        preemptInKernel(1, 2);
        vm.block(3);
        vm.schedOut(3, false, true);
        host.wanted[3] = true;
        assertEquals(RunQueue.NOBODY, onSpin(Boost.ORACLE));
        assertEquals(0, counters.attempted);
    }

    /** The other policies do not know whom they wait for, but the statistics do. */
    @Test
    void yields_to_whom_it_waited_for_are_counted() {
        preemptInKernel(1, 2);
        host.wanted[2] = true;
        DirectedYield rules = rules(Boost.READY_FIXED);
        rules.onSpin(vm, ME, true, host, counters);
        rules.returned(vm, ME);
        assertEquals(0, counters.toWanted);
        rules.onSpin(vm, ME, true, host, counters);
        assertEquals(1, counters.toWanted);
        assertEquals(2, counters.successful);
    }

    @Test
    void counters_begin_anew() {
        preemptInKernel(1, 2, 3);
        sleepAndWake(3, true);
        vm.preempted[3] = false;
        host.answers[1] = YieldTo.ALONE;
        host.answers[2] = YieldTo.REFUSED;
        host.wanted[3] = true;
        vm.lastBoosted = 3;
        assertEquals(3, onSpin(Boost.READY_FIXED));
        List<Long> counted = List.of(
                counters.scanned,
                counters.attempted,
                counters.refused,
                counters.alone,
                counters.successful,
                counters.toWoken,
                counters.toWanted);
        assertEquals(List.of(4L, 3L, 1L, 1L, 1L, 1L, 1L), counted);
        assertEquals(Map.of(Filter.NOT_READY, 1L), rejected());
        counters.clear();
        assertEquals(
                0,
                counters.scanned
                        | counters.attempted
                        | counters.refused
                        | counters.alone
                        | counters.successful
                        | counters.toWoken
                        | counters.toWanted);
        assertEquals(Map.of(), rejected());
    }

    // The paravirtual yield: KVM_HC_SCHED_YIELD

    /** kvm_sched_yield(), x86.c of 5.13 (4a7132efff1c): what is attempted and what succeeds is counted, for the hypercall alone. */
    @Test
    void the_hypercall_yields_to_a_ready_vcpu_and_counts_it() {
        preemptInUserMode(1);
        assertTrue(rules(Boost.NONE).hypercall(vm, ME, 1, false, host));
        assertEquals(1, vm.hypercallYieldsAttempted);
        assertEquals(1, vm.hypercallYieldsSuccessful);
        onSpin(Boost.PENDING_IRQ);
        assertEquals(1, vm.hypercallYieldsAttempted);
    }

    /** 266e85a5ec91 of 5.3: the target must be ready, which a woken one is. */
    @Test
    void the_hypercall_refuses_a_target_that_is_not_ready() {
        assertFalse(rules(Boost.READY).hypercall(vm, ME, 1, false, host));
        assertEquals(List.of(), host.asked);
        sleepAndWake(1, true);
        assertTrue(rules(Boost.READY).hypercall(vm, ME, 1, false, host));
        assertEquals(2, vm.hypercallYieldsAttempted);
        assertEquals(1, vm.hypercallYieldsSuccessful);
    }

    /** a1fa4cbd53d9 of 5.13: to yield to oneself is refused, though attempted. */
    @Test
    void the_hypercall_refuses_to_yield_to_oneself() {
        preemptInKernel(ME);
        assertFalse(rules(Boost.READY).hypercall(vm, ME, ME, false, host));
        assertEquals(1, vm.hypercallYieldsAttempted);
        assertEquals(List.of(), host.asked);
    }

    /** x86.c of 6.1, single_task_running(): alone on its processor it need not yield. */
    @Test
    void the_hypercall_gives_up_when_nobody_else_wants_the_processor() {
        preemptInKernel(1);
        assertFalse(rules(Boost.READY).hypercall(vm, ME, 1, true, host));
        assertEquals(1, vm.hypercallYieldsAttempted);
        assertEquals(List.of(), host.asked);
    }

    /** x86.c of 6.1: the guest may name any number (the kernel masks it against speculation). */
    @Test
    void the_hypercall_refuses_a_target_that_does_not_exist() {
        for (long target : new long[] {4, -1, Integer.MAX_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32}) {
            assertFalse(rules(Boost.READY).hypercall(vm, ME, target, false, host));
        }
        assertEquals(6, vm.hypercallYieldsAttempted);
        assertEquals(0, vm.hypercallYieldsSuccessful);
    }

    /** x86.c of 6.1: 0 and -ESRCH of yield_to() are no success. */
    @Test
    void the_hypercall_succeeds_only_when_the_scheduler_yields() {
        preemptInKernel(1, 2);
        host.answers[1] = YieldTo.REFUSED;
        host.answers[2] = YieldTo.ALONE;
        assertFalse(rules(Boost.READY).hypercall(vm, ME, 1, false, host));
        assertFalse(rules(Boost.READY).hypercall(vm, ME, 2, false, host));
        assertEquals(2, vm.hypercallYieldsAttempted);
        assertEquals(0, vm.hypercallYieldsSuccessful);
    }

    // By a setup

    private static Setup setup(WakeUpRule wakeUp, boolean posted) {
        return new Setup(
                HostModel.ofCpus(8),
                Pause.defaults(),
                Costs.defaults(),
                Boost.PENDING_IRQ,
                wakeUp,
                posted,
                List.of(VirtualMachine.of(2, new GuestProgram.Hog(), SpinLock.TICKET)),
                1);
    }

    /** Only x86 asks for posted interrupts; 6.1's weak default is false. */
    @Test
    void a_setup_has_posted_interrupts_where_it_says_so_and_never_on_s390() {
        host.pending[1] = true;
        assertEquals(1, boostedInUserMode(setup(WakeUpRule.X86, true)));
        assertEquals(RunQueue.NOBODY, boostedInUserMode(setup(WakeUpRule.X86, false)));
        assertEquals(RunQueue.NOBODY, boostedInUserMode(setup(WakeUpRule.S390_AFTER, true)));
        assertEquals(RunQueue.NOBODY, boostedInUserMode(setup(WakeUpRule.S390_BEFORE, true)));
    }

    private int boostedInUserMode(Setup setup) {
        KvmVcpus vcpus = KvmVcpus.of(setup, 4);
        vcpus.schedOut(1, true, false);
        return DirectedYield.of(setup).onSpin(vcpus, ME, true, host, counters);
    }

    /** x86 and s390 both select HAVE_KVM_CPU_RELAX_INTERCEPT (arch/.../kvm/Kconfig of 6.1). */
    @ParameterizedTest
    @EnumSource(WakeUpRule.class)
    void a_setup_passes_over_who_spins_itself(WakeUpRule wakeUp) {
        preemptInKernel(1);
        vm.inSpinLoop[1] = true;
        DirectedYield rules = DirectedYield.of(setup(wakeUp, false));
        assertEquals(RunQueue.NOBODY, rules.onSpin(vm, ME, true, host, counters));
        assertEquals(1, rules.onSpin(vm, ME, true, host, counters));
    }

    /** kvm_arch_vcpu_in_kernel() of s390 reads the guest's PSW; that of x86 what a preemption has recorded. */
    @ParameterizedTest
    @EnumSource(WakeUpRule.class)
    void a_setup_knows_a_sleepers_privilege_level_on_s390_only(WakeUpRule wakeUp) {
        KvmVcpus vcpus = KvmVcpus.of(setup(wakeUp, true), 4);
        vcpus.schedOut(1, false, true);
        assertEquals(wakeUp != WakeUpRule.X86, vcpus.preemptedInKernel[1]);
    }

    /** 32bd348be3fa of 6.19 keeps the excuse of 5.13. */
    @Test
    void in_6_19_a_pending_posted_interrupt_excuses_user_mode_and_spinning_still_counts() {
        preemptInUserMode(1);
        host.pending[1] = true;
        assertEquals(RunQueue.NOBODY, DirectedYield.of619(false).onSpin(vm, ME, true, host, counters));
        assertEquals(1, DirectedYield.of619(true).onSpin(vm, ME, true, host, counters));
        vm.inSpinLoop[1] = true;
        assertEquals(RunQueue.NOBODY, DirectedYield.of619(true).onSpin(vm, ME, true, host, counters));
    }

    // All together

    /** The search, one vCPU after the other and written plainly, against the one that is quick. */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NONE"})
    void a_plain_search_finds_the_same(Boost boost) {
        long seed = 1563457031;
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 20_000; round++) {
            int count = random.nextInt(1, 9);
            KvmVcpus one = new KvmVcpus(count);
            KvmVcpus two = new KvmVcpus(count);
            Script script = new Script(count);
            for (int vcpu = 0; vcpu < count; vcpu++) {
                one.preempted[vcpu] = two.preempted[vcpu] = random.nextInt(3) == 0;
                one.ready[vcpu] = two.ready[vcpu] = one.preempted[vcpu] || random.nextInt(3) == 0;
                one.preemptedInKernel[vcpu] = two.preemptedInKernel[vcpu] = random.nextBoolean();
                one.inSpinLoop[vcpu] = two.inSpinLoop[vcpu] = random.nextInt(3) == 0;
                one.eligible[vcpu] = two.eligible[vcpu] = random.nextBoolean();
                one.blocking[vcpu] = two.blocking[vcpu] = random.nextInt(4) == 0;
                script.work[vcpu] = random.nextBoolean();
                script.pending[vcpu] = random.nextInt(3) == 0;
                script.wanted[vcpu] = random.nextInt(3) == 0;
                int answer = random.nextInt(5);
                script.answers[vcpu] = answer == 0 ? YieldTo.YIELDED : answer < 3 ? YieldTo.ALONE : YieldTo.REFUSED;
            }
            int me = random.nextInt(count);
            one.lastBoosted = two.lastBoosted = random.nextInt(count);
            boolean kernelOnly = random.nextBoolean();
            boolean posted = random.nextBoolean();
            String where = "seed " + seed + " round " + round;
            counters.clear();
            DirectedYield rules = new DirectedYield(boost, true, posted);
            int quick = rules.onSpin(one, me, kernelOnly, script, counters);
            rules.returned(one, me);
            List<Integer> asked = List.copyOf(script.asked);
            script.asked.clear();
            long[] rejected = new long[Filter.values().length];
            int plain = plainSearch(boost, two, me, kernelOnly, posted, script, rejected);
            assertEquals(plain, quick, where);
            assertEquals(script.asked, asked, where);
            assertEquals(two.lastBoosted, one.lastBoosted, where);
            assertArrayEquals(two.eligible, one.eligible, where);
            assertArrayEquals(two.inSpinLoop, one.inSpinLoop, where);
            assertArrayEquals(rejected, counters.rejected, where);
        }
    }

    private static int plainSearch(
            Boost boost, KvmVcpus vm, int me, boolean kernelOnly, boolean posted, Script host, long[] rejected) {
        int count = vm.count();
        int chosen = RunQueue.NOBODY;
        int answer = 0;
        int tries = 3;
        vm.inSpinLoop[me] = true;
        for (int offset = 0; offset < count; offset++) {
            int vcpu = (vm.lastBoosted + 1 + offset) % count;
            boolean wraps = vcpu == 0 && boost != Boost.LOOP_BUG_613;
            if (wraps && answer < 0) {
                break;
            }
            Filter filter = plainFilter(boost, vm, me, vcpu, kernelOnly, posted, host);
            if (filter != null) {
                rejected[filter.ordinal()]++;
                continue;
            }
            if (boost == Boost.ORACLE && !host.wanted[vcpu]) {
                continue;
            }
            answer = host.yieldTo(me, vcpu);
            if (answer > 0) {
                chosen = vcpu;
                vm.lastBoosted = boost == Boost.LOOP_BUG_613 ? offset : vcpu;
                break;
            }
            if (answer < 0 && --tries == 0) {
                break;
            }
        }
        vm.inSpinLoop[me] = false;
        vm.eligible[me] = false;
        return chosen;
    }

    private static Filter plainFilter(
            Boost boost, KvmVcpus vm, int me, int vcpu, boolean kernelOnly, boolean posted, Script host) {
        boolean candidate = boost == Boost.PREEMPTED ? vm.preempted[vcpu] : vm.ready[vcpu];
        if (boost == Boost.LOOP_BUG_613 && vcpu == me) {
            return Filter.SELF;
        }
        if (!candidate) {
            return Filter.NOT_READY;
        }
        if (vcpu == me) {
            return Filter.SELF;
        }
        if (boost == Boost.ORACLE) {
            return null;
        }
        if (vm.blocking[vcpu] && !host.work[vcpu]) {
            return Filter.BLOCKED;
        }
        boolean judged = boost == Boost.PREEMPTED || boost == Boost.READY || vm.preempted[vcpu];
        boolean excused = posted && host.pending[vcpu] && boost.compareTo(Boost.PENDING_IRQ) >= 0;
        if (kernelOnly && judged && !excused && !vm.preemptedInKernel[vcpu]) {
            return Filter.USER_MODE;
        }
        boolean eligible = !vm.inSpinLoop[vcpu] || vm.eligible[vcpu];
        if (vm.inSpinLoop[vcpu]) {
            vm.eligible[vcpu] = !vm.eligible[vcpu];
        }
        return eligible ? null : Filter.NOT_ELIGIBLE;
    }
}
