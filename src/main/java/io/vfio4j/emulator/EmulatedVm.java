package io.vfio4j.emulator;

/**
 * A KVM VM of an emulated host, seen from its guest's side. No guest runs in it: a test acts in its place. Safe for use by any
 * thread.
 */
public final class EmulatedVm {
    private final Kernel kernel;
    private final KvmVm vm;

    EmulatedVm(Kernel kernel, KvmVm vm) {
        this.kernel = kernel;
        this.vm = vm;
    }

    /**
     * How many interrupts reached the guest by irqfds.
     *
     * @param gsi the interrupt's number in the routing table
     * @return how often it was raised while it led somewhere
     */
    public long interrupts(int gsi) {
        kernel.lock();
        try {
            return vm.interrupts().count(gsi);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The guest ends a level-triggered interrupt (EOI): its line falls, and the resample eventfds are signalled. Nothing happens
     * where the line is not up.
     *
     * @param gsi the interrupt's number in the routing table
     */
    public void endOfInterrupt(int gsi) {
        kernel.lock();
        try {
            vm.interrupts().endOfInterrupt(gsi);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Sets a statistic of the VM.
     *
     * @param name its name in Linux 6.1 on x86
     * @param values its value, or the counts of a histogram's first buckets
     * @throws IllegalArgumentException when there is no such statistic
     */
    public void setStatistic(String name, long... values) {
        kernel.lock();
        try {
            vm.statistics().set(name, values);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Sets a statistic of a vCPU.
     *
     * @param vcpu the vCPU's id, as in KVM_CREATE_VCPU
     * @param name its name in Linux 6.1 on x86
     * @param values its value, or the counts of a histogram's first buckets
     * @throws IllegalArgumentException when there is no such vCPU or statistic
     */
    public void setVcpuStatistic(int vcpu, String name, long... values) {
        kernel.lock();
        try {
            vm.vcpu(vcpu)
                    .orElseThrow(() -> new IllegalArgumentException("the VM has no vCPU " + vcpu))
                    .statistics()
                    .set(name, values);
        } finally {
            kernel.unlock();
        }
    }
}
