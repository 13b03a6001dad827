package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.vfio.AttachPath;
import java.io.IOException;
import java.util.Set;

/** A kernel to run the contract on. */
interface TestHost extends AutoCloseable {
    SystemCalls systemCalls();

    /** Makes a vGPU that speaks a dialect, by its name on the command line; {@code none} for mainline. */
    TestVgpu create(String dialect) throws IOException;

    /** The same, by a driver that opens the device only for who has its VM. */
    TestVgpu createForVm(String dialect) throws IOException;

    /** The paths by which the kernel hands out devices. */
    Set<AttachPath> paths();

    /** How many descriptors are open: of the emulated kernel, or of this process. */
    long openDescriptors() throws IOException;

    @Override
    void close() throws IOException;
}
