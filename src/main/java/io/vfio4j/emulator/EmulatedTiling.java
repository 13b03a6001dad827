package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.DrmFourcc;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How an emulated guest lays out its screen in memory: line by line, or in Intel's tiles of 4096 bytes, which follow each other line
 * by line. As Intel's PRMs of the Skylake generation have it (volume 5, memory views) and drm_fourcc.h describes it; that generation
 * swizzles no address bits.
 */
public enum EmulatedTiling {
    /** Line by line. */
    LINEAR(DrmFourcc.DRM_FORMAT_MOD_LINEAR, 1) {
        @Override
        int within(int x, int y, int pixelBytes) {
            return 0;
        }
    },
    /** Tiles of 512 bytes by 8 lines, line by line. */
    X(DrmFourcc.I915_FORMAT_MOD_X_TILED, 8) {
        @Override
        int within(int x, int y, int pixelBytes) {
            return y << 9 | x;
        }
    },
    /** Tiles of 128 bytes by 32 lines, in columns of 16 bytes. */
    Y(DrmFourcc.I915_FORMAT_MOD_Y_TILED, 32) {
        @Override
        int within(int x, int y, int pixelBytes) {
            return x >>> 4 << 9 | y << 4 | x & 0xf;
        }
    },
    /**
     * Tiles of 128 bytes by 32 lines, or of 64 by 64 where a pixel has one byte: blocks of 16 bytes by 4 lines, four of them one below
     * the other, or two by two, make a unit of 256 bytes; 4 by 4 units, in columns of two within columns of two, make the tile.
     *
     * <p>GVT-g takes every tile for 32 lines high: a dma-buf of 1-byte pixels may end with half of a tile missing.
     */
    YF(DrmFourcc.I915_FORMAT_MOD_Yf_TILED, 32) {
        @Override
        int within(int x, int y, int pixelBytes) {
            int block = (y & 3) << 4 | x & 0xf;
            if (pixelBytes == 1) {
                // Bits 11 to 4: x5 y5 x4 y4 y3 y2 y1 y0.
                return bit(x, 5, 11) | bit(y, 5, 10) | bit(x, 4, 9) | bit(y, 4, 8) | (y & 0xc) << 4 | block;
            }
            // Bits 11 to 4: x6 y4 x5 y3 x4 y2 y1 y0.
            return bit(x, 6, 11) | bit(y, 4, 10) | bit(x, 5, 9) | bit(y, 3, 8) | bit(x, 4, 7) | bit(y, 2, 6) | block;
        }
    };

    static final int TILE_BYTES = 4096;
    /** The bytes of an OWORD, which no layout tears apart. */
    private static final int OWORD = 16;

    private final long modifier;
    /** tile_height of vgpu_get_plane_info(). */
    private final int reportedRows;

    EmulatedTiling(long modifier, int reportedRows) {
        this.modifier = modifier;
        this.reportedRows = reportedRows;
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
     * The name on the command line.
     *
     * @return linear, x, y or yf
     */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Finds a layout by its name.
     *
     * @param name linear, x, y or yf
     * @return the layout
     * @throws IllegalArgumentException when there is none of that name
     */
    public static EmulatedTiling named(String name) {
        return Arrays.stream(values())
                .filter(tiling -> tiling.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no emulated tiling is called " + name + "; there are linear, x, y, yf"));
    }

    static Optional<EmulatedTiling> of(long modifier) {
        return Arrays.stream(values())
                .filter(tiling -> tiling.modifier == modifier)
                .findFirst();
    }

    int tileWidthBytes(int pixelBytes) {
        return switch (this) {
            case LINEAR -> 1;
            case X -> 512;
            case Y -> 128;
            case YF -> pixelBytes == 1 ? 64 : 128;
        };
    }

    int tileRows(int pixelBytes) {
        return this == LINEAR ? 1 : TILE_BYTES / tileWidthBytes(pixelBytes);
    }

    /** What the driver thinks that {@link #tileRows} is. */
    int reportedRows() {
        return reportedRows;
    }

    /** Where a byte of a line is in its tile. */
    abstract int within(int x, int y, int pixelBytes);

    /** Where a byte of a line is in the buffer. */
    final int offset(int xBytes, int y, int strideBytes, int pixelBytes) {
        if (this == LINEAR) {
            return y * strideBytes + xBytes;
        }
        int width = tileWidthBytes(pixelBytes);
        int rows = tileRows(pixelBytes);
        int tile = y / rows * (strideBytes / width) + xBytes / width;
        return tile * TILE_BYTES + within(xBytes % width, y % rows, pixelBytes);
    }

    /** How many bytes from a place on follow each other in memory. */
    private int run(int xBytes) {
        return switch (this) {
            case LINEAR -> Integer.MAX_VALUE;
            case X -> 512 - xBytes % 512;
            case Y, YF -> OWORD - xBytes % OWORD;
        };
    }

    /** Puts a part of a line. */
    final void put(ByteBuffer buffer, int strideBytes, int pixelBytes, int xBytes, int y, byte[] line, int length) {
        for (int done = 0; done < length; ) {
            int piece = Math.min(length - done, run(xBytes + done));
            buffer.put(offset(xBytes + done, y, strideBytes, pixelBytes), line, done, piece);
            done += piece;
        }
    }

    /** Gets the first bytes of a line; the buffer's first line begins at an offset, where a tile does. */
    final void get(ByteBuffer buffer, int start, int strideBytes, int pixelBytes, int y, byte[] line, int length) {
        for (int done = 0; done < length; ) {
            int piece = Math.min(length - done, run(done));
            buffer.get(start + offset(done, y, strideBytes, pixelBytes), line, done, piece);
            done += piece;
        }
    }

    private static int bit(int value, int from, int to) {
        return (value >>> from & 1) << to;
    }
}
