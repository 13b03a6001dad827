package io.vfio4j.contract;

import org.junit.jupiter.api.Tag;

/** On a real kernel. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealServeTest extends ServeContract {
    @Override
    ServedHost openHost() {
        return new RealServedHost();
    }
}
