package io.vfio4j.linux.jna;

import io.vfio4j.linux.SystemCalls;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The contract, kept by the real kernel through JNA and the bridge. */
@EnabledOnOs(OS.LINUX)
class BridgeLinuxContractTest extends RealKernelContract {
    @Override
    protected SystemCalls systemCalls() {
        return BuiltBridge.open();
    }
}
