package io.vfio4j.linux.jna;

import io.vfio4j.contract.EventLoopContract;
import io.vfio4j.linux.SystemCalls;
import java.time.Duration;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The loop on the real kernel, through JNA alone. */
@EnabledOnOs(OS.LINUX)
class JnaEventLoopTest extends EventLoopContract {
    @Override
    protected SystemCalls systemCalls() {
        return JnaLinux.withoutBridge();
    }

    @Override
    protected void letPass(Duration time) {}
}
