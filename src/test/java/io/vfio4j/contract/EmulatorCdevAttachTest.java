package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.vfio.AttachPath;
import java.util.stream.Stream;

/** The emulated host where the kernel has no groups any more. */
class EmulatorCdevAttachTest extends AttachContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost(DeviceNodes.CDEV);
    }

    @Override
    Stream<AttachPath> paths() {
        return Stream.of(AttachPath.CDEV);
    }
}
