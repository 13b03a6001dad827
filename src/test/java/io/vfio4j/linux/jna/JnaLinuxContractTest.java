package io.vfio4j.linux.jna;

import io.vfio4j.linux.SystemCalls;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The contract, kept by the real kernel through JNA alone. */
@EnabledOnOs(OS.LINUX)
class JnaLinuxContractTest extends RealKernelContract {
    @Override
    protected SystemCalls systemCalls() {
        return JnaLinux.withoutBridge();
    }
}
