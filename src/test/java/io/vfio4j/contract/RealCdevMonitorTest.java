package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import org.junit.jupiter.api.Tag;

/** On a real kernel that has device cdevs. */
@Tag("real-kernel-cdev")
class RealCdevMonitorTest extends MonitorContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }
}
