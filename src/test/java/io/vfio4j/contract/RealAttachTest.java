package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.vfio.AttachPath;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** On a real kernel that has groups only. */
@Tag("real-kernel")
class RealAttachTest extends AttachContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }

    @Override
    Stream<AttachPath> paths() {
        return Stream.of(AttachPath.GROUP);
    }
}
