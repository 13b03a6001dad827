package io.vfio4j.linux.jna;

import io.vfio4j.contract.EventLoopContract;
import io.vfio4j.linux.SystemCalls;
import java.time.Duration;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The loop on the real kernel, through JNA and the bridge. */
@EnabledOnOs(OS.LINUX)
class BridgeEventLoopTest extends EventLoopContract {
    @Override
    protected SystemCalls systemCalls() {
        return BuiltBridge.open();
    }

    @Override
    protected void letPass(Duration time) {}
}
