package io.vfio4j.display;

import java.io.IOException;

/** The process that a device was shared with has ended, or has given the device up. */
public final class DeviceOwnerGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    DeviceOwnerGoneException(String device, String owner) {
        super(owner + " has ended, or has given " + device + " up, so it was closed here, too");
    }
}
