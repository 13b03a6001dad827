package io.vfio4j.emulator.vcpu;

/** What happens when a vCPU that blocks is woken. */
public enum WakeUpRule {
    /** kvm_vcpu_wake_up() of virt/kvm/kvm_main.c. */
    X86,
    /** kvm_s390_vcpu_wakeup() before the series, with a barrier, a flag and a statistic of its own. */
    S390_BEFORE,
    /** kvm_s390_vcpu_wakeup() after the series: marks the wake-up as valid, and leaves the rest to kvm_vcpu_wake_up(). */
    S390_AFTER
}
