package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import org.junit.jupiter.api.Tag;

/** On a real kernel, through JNA alone. */
@Tag("real-kernel")
class RealJnaDisplayTest extends DisplayContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.withoutBridge());
    }
}
