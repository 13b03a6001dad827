package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** The bridge, for tests that need it. */
final class BuiltBridge {
    private BuiltBridge() {}

    /** Skips the test where the bridge was not built, and fails it where it was built and does not load. */
    static JnaLinux open() {
        JnaLinux.bridgeUnavailabilityCause().ifPresent(cause -> {
            String file = EpollAbi.ofThisMachine().orElseThrow().directory() + "/" + BridgeLibrary.FILE;
            assumeTrue(
                    BridgeLibrary.class.getResource(file) != null,
                    "the bridge was not built here: " + cause.getMessage());
            fail("the bridge was built but is not used", cause);
        });
        return JnaLinux.open();
    }
}
