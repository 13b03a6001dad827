package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import org.junit.jupiter.api.Tag;

/** On a real kernel, with groups alone or with the nodes of devices beside them. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealMdevTest extends MdevContract {
    @Override
    MdevHost openHost() {
        return new RealMdevHost(JnaLinux.open());
    }
}
