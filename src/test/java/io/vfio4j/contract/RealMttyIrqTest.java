package io.vfio4j.contract;

import java.io.IOException;
import org.junit.jupiter.api.Tag;

/** mtty of Linux 6.12, on that kernel. */
@Tag("real-kernel-cdev")
class RealMttyIrqTest extends IrqContract {
    @Override
    TestIrqDevice openDevice() throws IOException {
        return new RealMttyDevice();
    }
}
