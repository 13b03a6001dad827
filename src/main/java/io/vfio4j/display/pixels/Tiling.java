package io.vfio4j.display.pixels;

import io.vfio4j.linux.uapi.DrmFourcc;
import java.util.Locale;
import java.util.Optional;

/**
 * How the pixels of a buffer are laid out in memory: line by line, or in one of Intel's tile layouts. A tile is 4096 bytes; the
 * tiles of a buffer follow each other from left to right, then from top to bottom.
 */
public enum Tiling {
    /** Line by line. */
    LINEAR(DrmFourcc.DRM_FORMAT_MOD_LINEAR),
    /** Tiles of 512 bytes by 8 lines; line by line within the tile. */
    X(DrmFourcc.I915_FORMAT_MOD_X_TILED),
    /** Tiles of 128 bytes by 32 lines; in columns of 16 bytes within the tile. */
    Y(DrmFourcc.I915_FORMAT_MOD_Y_TILED),
    /** Tiles whose shape depends on the size of a pixel, made of blocks of 16 bytes by 4 lines. */
    YF(DrmFourcc.I915_FORMAT_MOD_Yf_TILED);

    /** The bytes of a tile; for the linear layout it has no meaning. */
    static final int TILE_BYTES = 4096;

    private final long modifier;

    Tiling(long modifier) {
        this.modifier = modifier;
    }

    /**
     * The layout's number.
     *
     * @return the DRM format modifier
     */
    public long modifier() {
        return modifier;
    }

    /**
     * How wide a tile is. The stride of a buffer is a multiple of it.
     *
     * @param bytesPerPixel 1, 2 or 4; matters for {@link #YF} only
     * @return the bytes of one of its lines; 1 for the linear layout
     * @throws IllegalArgumentException for any other size of a pixel
     */
    public int tileWidthBytes(int bytesPerPixel) {
        if (bytesPerPixel != 1 && bytesPerPixel != 2 && bytesPerPixel != 4) {
            throw new IllegalArgumentException(bytesPerPixel + " bytes per pixel, where 1, 2 and 4 are known");
        }
        return switch (this) {
            case LINEAR -> 1;
            case X -> 512;
            case Y -> 128;
            case YF -> bytesPerPixel == 1 ? 64 : 128;
        };
    }

    /**
     * How high a tile is.
     *
     * @param bytesPerPixel 1, 2 or 4; matters for {@link #YF} only
     * @return its lines; 1 for the linear layout
     * @throws IllegalArgumentException for any other size of a pixel
     */
    public int tileRows(int bytesPerPixel) {
        int widthBytes = tileWidthBytes(bytesPerPixel);
        return this == LINEAR ? 1 : TILE_BYTES / widthBytes;
    }

    /**
     * The layout with a modifier.
     *
     * @param modifier a DRM format modifier
     * @return empty for one that is not known here; {@link #name(long)} names it
     */
    public static Optional<Tiling> of(long modifier) {
        for (Tiling tiling : values()) {
            if (tiling.modifier == modifier) {
                return Optional.of(tiling);
            }
        }
        return Optional.empty();
    }

    /**
     * Names any modifier, for messages.
     *
     * @param modifier a DRM format modifier, known or not
     * @return for example {@code X}, or {@code modifier 0x0100000000000004}
     */
    public static String name(long modifier) {
        return of(modifier).map(Tiling::name).orElseGet(() -> String.format(Locale.ROOT, "modifier 0x%016x", modifier));
    }
}
