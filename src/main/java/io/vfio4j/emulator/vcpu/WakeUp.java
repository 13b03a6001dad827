package io.vfio4j.emulator.vcpu;

/** What waking a vCPU does to what KVM knows of it. */
final class WakeUp {
    private WakeUp() {}

    /**
     * Wakes a vCPU that may block. When this returns true, the caller enqueues its thread.
     *
     * @return whether it blocked and was woken
     */
    static boolean wake(WakeUpRule rule, KvmVcpus vm, int vcpu) {
        throw new UnsupportedOperationException();
    }
}
