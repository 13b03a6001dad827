package io.vfio4j.linux.uapi;

/** {@code drm/drm.h}. Laid out as {@link Vfio}. */
public final class Drm {
    /** Gives up the right to set the machine's own monitors, which who opens a card first gets unasked. */
    public static final Ioctl DRM_IOCTL_DROP_MASTER = Ioctl.io("DRM_IOCTL_DROP_MASTER", 'd', 0x1f);

    private Drm() {}
}
