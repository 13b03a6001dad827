package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;

/** On the emulated host. */
class EmulatorAttachCallsTest extends AttachCallsContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost(DeviceNodes.GROUP_AND_CDEV);
    }
}
