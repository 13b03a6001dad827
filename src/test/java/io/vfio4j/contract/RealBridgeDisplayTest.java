package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import org.junit.jupiter.api.Tag;

/** On a real kernel, through the bridge. */
@Tag("real-kernel")
class RealBridgeDisplayTest extends DisplayContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }
}
