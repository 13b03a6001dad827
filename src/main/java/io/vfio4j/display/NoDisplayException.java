package io.vfio4j.display;

import java.io.IOException;

/** The device has no display: it does not answer VFIO_DEVICE_QUERY_GFX_PLANE. */
public final class NoDisplayException extends IOException {
    private static final long serialVersionUID = 1L;

    NoDisplayException(String device) {
        super(device + " is not a vGPU with a display: it does not answer VFIO_DEVICE_QUERY_GFX_PLANE");
    }
}
