package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.vfio.AttachPath;
import java.util.stream.Stream;

/** The emulated host with both paths. */
class EmulatorBothAttachTest extends AttachContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost(DeviceNodes.GROUP_AND_CDEV);
    }

    @Override
    Stream<AttachPath> paths() {
        return Stream.of(AttachPath.GROUP, AttachPath.CDEV);
    }
}
