package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.vfio.AttachPath;
import java.util.stream.Stream;

/** The emulated host as Debian's kernel has it: by groups. */
class EmulatorGroupAttachTest extends AttachContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost(DeviceNodes.GROUP);
    }

    @Override
    Stream<AttachPath> paths() {
        return Stream.of(AttachPath.GROUP);
    }
}
