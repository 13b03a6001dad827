package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import java.io.IOException;

/** A kernel to run the contract on. */
interface TestHost extends AutoCloseable {
    SystemCalls systemCalls();

    /** Makes a vGPU that speaks a dialect, by its name on the command line; {@code none} for mainline. */
    TestVgpu create(String dialect) throws IOException;

    /** How many descriptors are open: of the emulated kernel, or of this process. */
    long openDescriptors() throws IOException;

    @Override
    void close() throws IOException;
}
