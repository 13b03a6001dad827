package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;

/** A device that raises interrupts when a test writes its registers, on whichever kernel. */
interface TestIrqDevice extends AutoCloseable {
    SystemCalls systemCalls();

    HostDevice host() throws IOException;

    /** Which registers it has. */
    Registers registers();

    /** How many descriptors are open: of the emulated kernel, or of this process. */
    long openDescriptors() throws IOException;

    /** Begins to take the device away from its driver; ends when it is closed. */
    void beginRemoval() throws IOException;

    boolean isRemoved() throws IOException;

    /** Removes what was made for the test. */
    @Override
    void close() throws IOException;

    /** What a test does to the device through VFIO: the same on every kernel. */
    interface Registers {
        /** Makes it ready to raise interrupts, messages too. */
        void prepare(VfioDevice device) throws IOException;

        /** Has the device raise an interrupt. */
        void raise(VfioDevice device) throws IOException;

        /** Has it take its interrupt back. */
        void acknowledge(VfioDevice device) throws IOException;

        /** Whether its line is a level: asserted until it is acknowledged, masked or not. */
        boolean keepsItsLine();

        /** Whether the driver unmasks by an eventfd. */
        boolean isUnmaskedByEventFd();
    }
}
