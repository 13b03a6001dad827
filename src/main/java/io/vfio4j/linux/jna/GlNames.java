package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.uapi.DrmFourcc;
import java.util.Locale;

/** Numbers of GL in the words of its headers. */
final class GlNames {
    private GlNames() {}

    static String eglError(int error) {
        return switch (error) {
            case EglAbi.EGL_SUCCESS -> "EGL_SUCCESS";
            case EglAbi.EGL_NOT_INITIALIZED -> "EGL_NOT_INITIALIZED";
            case EglAbi.EGL_BAD_ACCESS -> "EGL_BAD_ACCESS";
            case EglAbi.EGL_BAD_ALLOC -> "EGL_BAD_ALLOC";
            case EglAbi.EGL_BAD_ATTRIBUTE -> "EGL_BAD_ATTRIBUTE";
            case EglAbi.EGL_BAD_CONFIG -> "EGL_BAD_CONFIG";
            case EglAbi.EGL_BAD_CONTEXT -> "EGL_BAD_CONTEXT";
            case EglAbi.EGL_BAD_CURRENT_SURFACE -> "EGL_BAD_CURRENT_SURFACE";
            case EglAbi.EGL_BAD_DISPLAY -> "EGL_BAD_DISPLAY";
            case EglAbi.EGL_BAD_MATCH -> "EGL_BAD_MATCH";
            case EglAbi.EGL_BAD_NATIVE_PIXMAP -> "EGL_BAD_NATIVE_PIXMAP";
            case EglAbi.EGL_BAD_NATIVE_WINDOW -> "EGL_BAD_NATIVE_WINDOW";
            case EglAbi.EGL_BAD_PARAMETER -> "EGL_BAD_PARAMETER";
            case EglAbi.EGL_BAD_SURFACE -> "EGL_BAD_SURFACE";
            case EglAbi.EGL_CONTEXT_LOST -> "EGL_CONTEXT_LOST";
            default -> "EGL error " + hex(error);
        };
    }

    static String glError(int error) {
        return switch (error) {
            case GlesAbi.GL_NO_ERROR -> "GL_NO_ERROR";
            case GlesAbi.GL_INVALID_ENUM -> "GL_INVALID_ENUM";
            case GlesAbi.GL_INVALID_VALUE -> "GL_INVALID_VALUE";
            case GlesAbi.GL_INVALID_OPERATION -> "GL_INVALID_OPERATION";
            case GlesAbi.GL_OUT_OF_MEMORY -> "GL_OUT_OF_MEMORY";
            case GlesAbi.GL_INVALID_FRAMEBUFFER_OPERATION -> "GL_INVALID_FRAMEBUFFER_OPERATION";
            case GlesAbi.GL_CONTEXT_LOST_KHR -> "GL_CONTEXT_LOST";
            default -> "GL error " + hex(error);
        };
    }

    /** A format by its name or its letters, such as {@code XRGB8888 (XR24)} or {@code NV12}. */
    static String format(int fourcc) {
        String letters = letters(fourcc);
        return GlFormat.of(fourcc).map(format -> format + " (" + letters + ")").orElse(letters);
    }

    private static String letters(int fourcc) {
        StringBuilder letters = new StringBuilder();
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            int letter = fourcc >> shift & 0xff;
            if (letter < ' ' || letter > '~') {
                return hex(fourcc);
            }
            letters.append((char) letter);
        }
        return letters.toString().strip();
    }

    static String modifier(long modifier) {
        if (modifier == DrmFourcc.DRM_FORMAT_MOD_LINEAR) {
            return "LINEAR";
        }
        if (modifier == DrmFourcc.DRM_FORMAT_MOD_INVALID) {
            return "none";
        }
        if (modifier == DrmFourcc.I915_FORMAT_MOD_X_TILED) {
            return "I915 X_TILED";
        }
        if (modifier == DrmFourcc.I915_FORMAT_MOD_Y_TILED) {
            return "I915 Y_TILED";
        }
        if (modifier == DrmFourcc.I915_FORMAT_MOD_Yf_TILED) {
            return "I915 Yf_TILED";
        }
        return String.format(Locale.ROOT, "0x%016x", modifier);
    }

    static String image(DmaBufImage image) {
        return image.width() + "x" + image.height() + " " + format(image.format()) + " with modifier "
                + modifier(image.modifier());
    }

    private static String hex(int value) {
        return String.format(Locale.ROOT, "0x%08x", value);
    }
}
