package io.vfio4j.display;

import java.io.IOException;

/** The device is being removed from the host, or its driver unbound. */
public final class DeviceRemovedException extends IOException {
    private static final long serialVersionUID = 1L;

    DeviceRemovedException(String device) {
        super(device + " is being removed from the host");
    }
}
