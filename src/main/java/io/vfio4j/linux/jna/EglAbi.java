package io.vfio4j.linux.jna;

/** {@code EGL/egl.h} and {@code EGL/eglext.h}. */
final class EglAbi {
    static final int EGL_SUCCESS = 0x3000;
    static final int EGL_NOT_INITIALIZED = 0x3001;
    static final int EGL_BAD_ACCESS = 0x3002;
    static final int EGL_BAD_ALLOC = 0x3003;
    static final int EGL_BAD_ATTRIBUTE = 0x3004;
    static final int EGL_BAD_CONFIG = 0x3005;
    static final int EGL_BAD_CONTEXT = 0x3006;
    static final int EGL_BAD_CURRENT_SURFACE = 0x3007;
    static final int EGL_BAD_DISPLAY = 0x3008;
    static final int EGL_BAD_MATCH = 0x3009;
    static final int EGL_BAD_NATIVE_PIXMAP = 0x300a;
    static final int EGL_BAD_NATIVE_WINDOW = 0x300b;
    static final int EGL_BAD_PARAMETER = 0x300c;
    static final int EGL_BAD_SURFACE = 0x300d;
    static final int EGL_CONTEXT_LOST = 0x300e;
    static final int EGL_NONE = 0x3038;
    static final int EGL_EXTENSIONS = 0x3055;
    static final int EGL_VERSION = 0x3054;
    static final int EGL_HEIGHT = 0x3056;
    static final int EGL_WIDTH = 0x3057;
    static final int EGL_CONTEXT_CLIENT_VERSION = 0x3098;
    static final int EGL_OPENGL_ES_API = 0x30a0;

    static final int EGL_PLATFORM_GBM_KHR = 0x31d7;
    static final int EGL_PLATFORM_SURFACELESS_MESA = 0x31dd;
    static final int EGL_LINUX_DMA_BUF_EXT = 0x3270;
    static final int EGL_LINUX_DRM_FOURCC_EXT = 0x3271;
    static final int EGL_DMA_BUF_PLANE0_FD_EXT = 0x3272;
    static final int EGL_DMA_BUF_PLANE0_OFFSET_EXT = 0x3273;
    static final int EGL_DMA_BUF_PLANE0_PITCH_EXT = 0x3274;
    static final int EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT = 0x3443;
    static final int EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT = 0x3444;

    private EglAbi() {}
}
