package io.vfio4j.emulator.vcpu;

/**
 * What waking a vCPU does to what KVM knows of it.
 *
 * <p>{@link WakeUpRule#X86} is kvm_vcpu_wake_up() of virt/kvm/kvm_main.c. The two of s390 are kvm_s390_vcpu_wakeup() of
 * arch/s390/kvm/interrupt.c before and after "KVM: s390: Use kvm_vcpu_wake_up in kvm_s390_vcpu_wakeup" (Linux 5.3). The first one looks
 * itself whether somebody sleeps, behind a barrier of its own, and sets the flag and the statistic itself; which flag was changed from
 * preempted to ready by d73eb57b80b9 already, the commit before. Both say first that the wake-up is valid (a vCPU that polls and does not
 * sleep yet must see that), and kick the vCPU out of a nested guest last, whether it slept or not.
 */
final class WakeUp {
    private WakeUp() {}

    /**
     * Wakes a vCPU that may block. When this returns true, the caller enqueues its thread.
     *
     * @param boost of the same kernel, for the flag
     * @return whether it blocked and was woken
     */
    static boolean wake(WakeUpRule rule, Boost boost, KvmVcpus vm, int vcpu) {
        return switch (rule) {
            case X86 -> wakeSleeper(vm, vcpu);
            case S390_BEFORE -> {
                vm.validWakeUp[vcpu] = true;
                boolean sleeps = vm.blocking[vcpu];
                if (sleeps) {
                    if (boost == Boost.NONE || boost == Boost.PREEMPTED) {
                        vm.preempted[vcpu] = true;
                    } else {
                        vm.ready[vcpu] = true;
                    }
                    unblock(vm, vcpu);
                }
                vm.vsieKicks++;
                yield sleeps;
            }
            case S390_AFTER -> {
                vm.validWakeUp[vcpu] = true;
                boolean woken = wakeSleeper(vm, vcpu);
                vm.vsieKicks++;
                yield woken;
            }
        };
    }

    /** kvm_vcpu_wake_up(). */
    private static boolean wakeSleeper(KvmVcpus vm, int vcpu) {
        if (!vm.blocking[vcpu]) {
            return false;
        }
        vm.ready[vcpu] = true;
        unblock(vm, vcpu);
        return true;
    }

    private static void unblock(KvmVcpus vm, int vcpu) {
        vm.blocking[vcpu] = false;
        vm.woken[vcpu] = true;
        vm.haltWakeUps++;
    }
}
