package io.vfio4j.vfio;

import io.vfio4j.linux.uapi.Vfio;

/** The planes that VFIO_DEVICE_QUERY_GFX_PLANE knows. */
public enum PlaneType {
    /** What the guest scans out. */
    PRIMARY(Vfio.DrmPlaneType.PRIMARY),
    /** The hardware cursor. */
    CURSOR(Vfio.DrmPlaneType.CURSOR);

    final int drmPlaneType;

    PlaneType(int drmPlaneType) {
        this.drmPlaneType = drmPlaneType;
    }
}
