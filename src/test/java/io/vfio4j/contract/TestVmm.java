package io.vfio4j.contract;

import java.io.IOException;

/** Another process that has a VM with one vCPU, number 0, and keeps the vCPU's statistics open. */
interface TestVmm extends AutoCloseable {
    /** Its number. */
    int pid();

    /** The descriptor of its VM, as it calls it. */
    int vmDescriptor() throws IOException;

    /** The thread that runs the vCPU, where that is known otherwise. */
    int vcpuThread() throws IOException;

    /** Interrupts the guest, which sleeps, and waits until it has taken them all. */
    void interrupt(int times) throws IOException;

    /** Ends it, and returns when it has ended; again if need be. */
    @Override
    void close() throws IOException;
}
