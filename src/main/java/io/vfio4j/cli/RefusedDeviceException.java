package io.vfio4j.cli;

import java.io.IOException;

/** Of the devices that a command names, the one of this host that could not be opened. The message is the cause's. */
final class RefusedDeviceException extends IOException {
    private static final long serialVersionUID = 1;

    private final String device;

    RefusedDeviceException(String device, IOException cause) {
        super(cause.getMessage(), cause);
        this.device = device;
    }

    /** As it was named. */
    String device() {
        return device;
    }
}
