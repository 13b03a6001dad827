package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import org.junit.jupiter.api.Tag;

/** On a real kernel. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealKvmTest extends KvmContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }
}
