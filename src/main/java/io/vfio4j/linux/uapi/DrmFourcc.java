package io.vfio4j.linux.uapi;

/**
 * The pixel formats and buffer layouts that displays of VFIO devices have: {@code drm/drm_fourcc.h}. The letters of a format name
 * its components from the highest bit of a little-endian word to the lowest.
 */
public final class DrmFourcc {
    public static final int DRM_FORMAT_C8 = 0x2020_3843;
    public static final int DRM_FORMAT_R8 = 0x2020_3852;
    public static final int DRM_FORMAT_RGB565 = 0x3631_4752;
    public static final int DRM_FORMAT_XRGB8888 = 0x3432_5258;
    public static final int DRM_FORMAT_XBGR8888 = 0x3432_4258;
    public static final int DRM_FORMAT_ARGB8888 = 0x3432_5241;
    public static final int DRM_FORMAT_ABGR8888 = 0x3432_4241;
    public static final int DRM_FORMAT_XRGB2101010 = 0x3033_5258;
    public static final int DRM_FORMAT_XBGR2101010 = 0x3033_4258;
    public static final int DRM_FORMAT_YUYV = 0x5659_5559;
    public static final int DRM_FORMAT_YVYU = 0x5559_5659;
    public static final int DRM_FORMAT_UYVY = 0x5956_5955;
    public static final int DRM_FORMAT_VYUY = 0x5955_5956;

    public static final long DRM_FORMAT_MOD_LINEAR = 0;
    public static final long DRM_FORMAT_MOD_INVALID = 0x00ff_ffff_ffff_ffffL;
    public static final long I915_FORMAT_MOD_X_TILED = 0x0100_0000_0000_0001L;
    public static final long I915_FORMAT_MOD_Y_TILED = 0x0100_0000_0000_0002L;
    public static final long I915_FORMAT_MOD_Yf_TILED = 0x0100_0000_0000_0003L;

    private DrmFourcc() {}
}
