package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.vfio.AttachPath;
import org.junit.jupiter.api.Tag;

/** On a real kernel that has device cdevs, through them. Its eventfds know no values, so there are only ports. */
@Tag("real-kernel-cdev")
class RealCdevDisplayTest extends DisplayContract {
    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
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
