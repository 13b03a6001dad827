package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import org.junit.jupiter.api.Tag;

/** On a real kernel. */
@Tag("real-kernel")
class RealMonitorTest extends MonitorContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }
}
