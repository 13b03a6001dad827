package io.vfio4j.display;

import java.io.IOException;

/** The device has no EDID region, so nobody but its guest can choose the mode. */
public final class NoMonitorException extends IOException {
    private static final long serialVersionUID = 1L;

    NoMonitorException(String device) {
        super(device + " has no EDID region: only its guest can set the mode");
    }
}
