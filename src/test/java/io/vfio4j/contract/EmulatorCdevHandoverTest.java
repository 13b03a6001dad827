package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;

/** The same on a kernel that has no groups: owners have bound the devices' own nodes to an iommufd. */
class EmulatorCdevHandoverTest extends EmulatorHandoverTest {
    @Override
    DeviceNodes nodes() {
        return DeviceNodes.CDEV;
    }
}
