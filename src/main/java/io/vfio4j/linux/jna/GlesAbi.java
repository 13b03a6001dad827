package io.vfio4j.linux.jna;

/** {@code GLES2/gl2.h} and {@code GLES2/gl2ext.h}. */
final class GlesAbi {
    static final int GL_NO_ERROR = 0;
    static final int GL_INVALID_ENUM = 0x500;
    static final int GL_INVALID_VALUE = 0x501;
    static final int GL_INVALID_OPERATION = 0x502;
    static final int GL_OUT_OF_MEMORY = 0x505;
    static final int GL_INVALID_FRAMEBUFFER_OPERATION = 0x506;
    static final int GL_RENDERER = 0x1f01;
    static final int GL_VERSION = 0x1f02;
    static final int GL_EXTENSIONS = 0x1f03;
    static final int GL_MAX_TEXTURE_SIZE = 0xd33;
    static final int GL_MAX_RENDERBUFFER_SIZE = 0x84e8;
    static final int GL_DITHER = 0xbd0;
    static final int GL_TEXTURE_2D = 0xde1;
    static final int GL_TEXTURE_MIN_FILTER = 0x2801;
    static final int GL_TEXTURE_MAG_FILTER = 0x2800;
    static final int GL_TEXTURE_WRAP_S = 0x2802;
    static final int GL_TEXTURE_WRAP_T = 0x2803;
    static final int GL_NEAREST = 0x2600;
    static final int GL_CLAMP_TO_EDGE = 0x812f;
    static final int GL_FRAMEBUFFER = 0x8d40;
    static final int GL_RENDERBUFFER = 0x8d41;
    static final int GL_COLOR_ATTACHMENT0 = 0x8ce0;
    static final int GL_FRAMEBUFFER_COMPLETE = 0x8cd5;
    static final int GL_VERTEX_SHADER = 0x8b31;
    static final int GL_FRAGMENT_SHADER = 0x8b30;
    static final int GL_LINK_STATUS = 0x8b82;
    static final int GL_ARRAY_BUFFER = 0x8892;
    static final int GL_STATIC_DRAW = 0x88e4;
    static final int GL_FLOAT = 0x1406;
    static final int GL_TRIANGLES = 0x4;
    static final int GL_RGBA = 0x1908;
    static final int GL_UNSIGNED_BYTE = 0x1401;

    static final int GL_BGRA_EXT = 0x80e1;
    static final int GL_RGBA8_OES = 0x8058;
    static final int GL_TEXTURE_EXTERNAL_OES = 0x8d65;
    static final int GL_CONTEXT_LOST_KHR = 0x507;

    private GlesAbi() {}
}
