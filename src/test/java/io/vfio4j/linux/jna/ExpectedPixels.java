package io.vfio4j.linux.jna;

import io.vfio4j.linux.uapi.DrmFourcc;
import java.nio.ByteBuffer;

/** What pixels of each format are in ARGB8888, written down a second time and one by one. */
final class ExpectedPixels {
    private ExpectedPixels() {}

    static int bytesPerPixel(int format) {
        return switch (format) {
            case DrmFourcc.DRM_FORMAT_C8 -> 1;
            case DrmFourcc.DRM_FORMAT_RGB565,
                    DrmFourcc.DRM_FORMAT_YUYV,
                    DrmFourcc.DRM_FORMAT_YVYU,
                    DrmFourcc.DRM_FORMAT_UYVY,
                    DrmFourcc.DRM_FORMAT_VYUY -> 2;
            default -> 4;
        };
    }

    /** Pixel x of the line that begins there. */
    static int pixel(int format, ByteBuffer bytes, int line, int x) {
        return switch (format) {
            case DrmFourcc.DRM_FORMAT_XRGB8888 -> 0xff000000 | bytes.getInt(line + 4 * x);
            case DrmFourcc.DRM_FORMAT_ARGB8888 -> bytes.getInt(line + 4 * x);
            case DrmFourcc.DRM_FORMAT_XBGR8888 -> 0xff000000 | exchanged(bytes.getInt(line + 4 * x));
            case DrmFourcc.DRM_FORMAT_ABGR8888 -> exchanged(bytes.getInt(line + 4 * x));
            case DrmFourcc.DRM_FORMAT_XRGB2101010 -> ofTenBits(bytes.getInt(line + 4 * x), 20, 0);
            case DrmFourcc.DRM_FORMAT_XBGR2101010 -> ofTenBits(bytes.getInt(line + 4 * x), 0, 20);
            case DrmFourcc.DRM_FORMAT_RGB565 -> {
                int pixel = Short.toUnsignedInt(bytes.getShort(line + 2 * x));
                int red = pixel >> 11;
                int green = pixel >> 5 & 0x3f;
                int blue = pixel & 0x1f;
                yield rgb(red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2);
            }
            case DrmFourcc.DRM_FORMAT_C8 -> rgb(at(bytes, line + x), at(bytes, line + x), at(bytes, line + x));
            case DrmFourcc.DRM_FORMAT_YUYV -> ofYuv(bytes, line, x, 0, 1, 3);
            case DrmFourcc.DRM_FORMAT_YVYU -> ofYuv(bytes, line, x, 0, 3, 1);
            case DrmFourcc.DRM_FORMAT_UYVY -> ofYuv(bytes, line, x, 1, 0, 2);
            case DrmFourcc.DRM_FORMAT_VYUY -> ofYuv(bytes, line, x, 1, 2, 0);
            default -> throw new AssertionError(format);
        };
    }

    private static int at(ByteBuffer bytes, int offset) {
        return Byte.toUnsignedInt(bytes.get(offset));
    }

    private static int rgb(int red, int green, int blue) {
        return 0xff000000 | red << 16 | green << 8 | blue;
    }

    private static int exchanged(int pixel) {
        return pixel & 0xff00ff00 | (pixel & 0xff) << 16 | pixel >> 16 & 0xff;
    }

    private static int ofTenBits(int pixel, int red, int blue) {
        return rgb(pixel >> red + 2 & 0xff, pixel >> 12 & 0xff, pixel >> blue + 2 & 0xff);
    }

    /** BT.601 in limited range, as everybody writes it in whole numbers. */
    private static int ofYuv(ByteBuffer bytes, int line, int x, int luma, int cb, int cr) {
        int pair = line + x / 2 * 4;
        int y = 298 * (at(bytes, pair + luma + x % 2 * 2) - 16) + 128;
        int u = at(bytes, pair + cb) - 128;
        int v = at(bytes, pair + cr) - 128;
        return rgb(clamp(y + 409 * v >> 8), clamp(y - 100 * u - 208 * v >> 8), clamp(y + 516 * u >> 8));
    }

    private static int clamp(int value) {
        return Math.max(0, Math.min(255, value));
    }
}
