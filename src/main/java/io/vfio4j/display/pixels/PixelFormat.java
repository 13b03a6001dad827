package io.vfio4j.display.pixels;

import io.vfio4j.linux.uapi.DrmFourcc;
import java.util.Locale;
import java.util.Optional;

/**
 * The pixel formats that displays of VFIO devices report. Words are little-endian; the letters name the components from the
 * highest bit of the word to the lowest, except for the YUV formats, whose letters are the bytes in the order of memory
 * ({@code drm/drm_fourcc.h}).
 */
public enum PixelFormat {
    /** Two pixels in four bytes: Y0, Cb, Y1, Cr. */
    YUYV(DrmFourcc.DRM_FORMAT_YUYV, 2),
    /** Two pixels in four bytes: Cb, Y0, Cr, Y1. */
    UYVY(DrmFourcc.DRM_FORMAT_UYVY, 2),
    /** Two pixels in four bytes: Y0, Cr, Y1, Cb. */
    YVYU(DrmFourcc.DRM_FORMAT_YVYU, 2),
    /** Two pixels in four bytes: Cr, Y0, Cb, Y1. */
    VYUY(DrmFourcc.DRM_FORMAT_VYUY, 2),
    /** An index into a palette, which no VFIO device tells. */
    C8(DrmFourcc.DRM_FORMAT_C8, 1),
    /** 5 bits red, 6 green, 5 blue. */
    RGB565(DrmFourcc.DRM_FORMAT_RGB565, 2),
    /** 8 bits each; the highest byte has no meaning. */
    XRGB8888(DrmFourcc.DRM_FORMAT_XRGB8888, 4),
    /** 8 bits each, with alpha. */
    ARGB8888(DrmFourcc.DRM_FORMAT_ARGB8888, 4),
    /** 8 bits each; the highest byte has no meaning. */
    XBGR8888(DrmFourcc.DRM_FORMAT_XBGR8888, 4),
    /** 8 bits each, with alpha. */
    ABGR8888(DrmFourcc.DRM_FORMAT_ABGR8888, 4),
    /** 10 bits each; the two highest bits have no meaning. */
    XRGB2101010(DrmFourcc.DRM_FORMAT_XRGB2101010, 4),
    /** 10 bits each; the two highest bits have no meaning. */
    XBGR2101010(DrmFourcc.DRM_FORMAT_XBGR2101010, 4);

    private final int fourcc;
    private final int bytesPerPixel;

    PixelFormat(int fourcc, int bytesPerPixel) {
        this.fourcc = fourcc;
        this.bytesPerPixel = bytesPerPixel;
    }

    /**
     * The format's number.
     *
     * @return the DRM fourcc
     */
    public int fourcc() {
        return fourcc;
    }

    /**
     * How many bytes a pixel takes.
     *
     * @return 1, 2 or 4; for the YUV formats 2, the half of a pair
     */
    public int bytesPerPixel() {
        return bytesPerPixel;
    }

    /**
     * How many bytes a line of pixels takes, without what a stride adds. Pixels of the YUV formats come in pairs: an odd width
     * takes the last pair whole.
     *
     * @param width in pixels, not negative
     * @return the bytes
     * @throws IllegalArgumentException if the width is negative
     */
    public long lineBytes(int width) {
        if (width < 0) {
            throw new IllegalArgumentException("a line of " + width + " pixels");
        }
        return isYuv() ? (width + 1L) / 2 * 4 : (long) width * bytesPerPixel;
    }

    boolean isYuv() {
        return this == YUYV || this == UYVY || this == YVYU || this == VYUY;
    }

    /**
     * The format with a fourcc.
     *
     * @param fourcc a DRM fourcc
     * @return empty for one that is not read here; {@link #name(int)} names it
     */
    public static Optional<PixelFormat> of(int fourcc) {
        for (PixelFormat format : values()) {
            if (format.fourcc == fourcc) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /**
     * Names any fourcc, for messages.
     *
     * @param fourcc a DRM fourcc, known or not
     * @return for example {@code XRGB8888}, or {@code NV12 (0x3231564e)} for one that is not read here; characters that cannot be
     *     printed are shown as {@code ?}
     */
    public static String name(int fourcc) {
        Optional<PixelFormat> known = of(fourcc);
        if (known.isPresent()) {
            return known.get().name();
        }
        StringBuilder letters = new StringBuilder(4);
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            char letter = (char) (fourcc >>> shift & 0xff);
            letters.append(letter >= ' ' && letter < 0x7f ? letter : '?');
        }
        return String.format(Locale.ROOT, "%s (0x%08x)", letters, fourcc);
    }
}
