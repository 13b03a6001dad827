package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.vfio.AttachPath;

/** On the emulated host, where the kernel has no groups any more. */
class EmulatorCdevDisplayTest extends DisplayContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost(DeviceNodes.CDEV);
    }

    @Override
    AttachPath path() {
        return AttachPath.CDEV;
    }

    @Override
    boolean speaks(String dialect) {
        return dialect.startsWith("port");
    }
}
