package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.vfio.AttachPath;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** On a real kernel that has both paths. */
@Tag("real-kernel-cdev")
class RealCdevAttachTest extends AttachContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }

    @Override
    Stream<AttachPath> paths() {
        return Stream.of(AttachPath.GROUP, AttachPath.CDEV);
    }
}
