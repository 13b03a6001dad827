package io.vfio4j.display.pixels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Puts the pixels of a tiled buffer line by line, without a GPU: for recorded buffers, and as a check of what a GPU reads. An instance
 * holds a little scratch memory: it serves one thread at a time, and allocates nothing after it was made.
 *
 * <p>Where a byte of a tile is; bits from the highest to the lowest, x in bytes, as in Intel's Programmer's Reference Manuals:
 *
 * <ul>
 *   <li>{@link Tiling#X} {@code y2 y1 y0 x8 x7 x6 x5 x4 x3 x2 x1 x0}, and {@link Tiling#Y} {@code x6 x5 x4 y4 y3 y2 y1 y0 x3 x2 x1 x0}:
 *       PRM Haswell and Broadwell, volume 5 (Memory Views), "Tiling Algorithm".
 *   <li>{@link Tiling#YF} with 8 bits per pixel, 64 bytes by 64 lines, {@code x5 y5 x4 y4 y3 y2 y1 y0 x3 x2 x1 x0}; with 16 and 32 bits,
 *       128 bytes by 32 lines, {@code x6 y4 x5 y3 x4 y2 y1 y0 x3 x2 x1 x0}: PRM Skylake, volume 5 (Memory Views), "2D/CUBE Alignment
 *       Requirements" for the shapes, and {@code I915_FORMAT_MOD_Yf_TILED} in {@code drm/drm_fourcc.h} for the order of its parts.
 * </ul>
 *
 * <p>The manuals themselves were not at hand: this follows {@code drm/drm_fourcc.h}, and what the surface layout library of Mesa (isl) says
 * of the manuals. For {@link Tiling#YF} with 8 and 16 bits per pixel there is no second source.
 *
 * <p>{@link Tiling#LINEAR} is copied.
 */
public final class Detiler {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    /** What is contiguous in every layout and with every swizzle. */
    private static final int CHUNK = 16;

    private final Tiling tiling;
    private final Swizzle swizzle;
    private final PixelFormat format;
    private final int tileWidthBytes;
    private final int tileRows;
    /** Where in the tile each chunk of its lines is, line by line. */
    private final int[] chunks = new int[Tiling.TILE_BYTES / CHUNK];

    private final byte[] tile = new byte[Tiling.TILE_BYTES];
    private final byte[] lines = new byte[Tiling.TILE_BYTES];

    private Detiler(Tiling tiling, Swizzle swizzle, PixelFormat format) {
        this.tiling = tiling;
        this.swizzle = swizzle;
        this.format = format;
        this.tileWidthBytes = tiling.tileWidthBytes(format.bytesPerPixel());
        this.tileRows = tiling.tileRows(format.bytesPerPixel());
        if (tiling != Tiling.LINEAR) {
            for (int i = 0; i < chunks.length; i++) {
                int at = i * CHUNK;
                chunks[i] = (int) swizzle.apply(withinTile(at % tileWidthBytes, at / tileWidthBytes));
            }
        }
    }

    /**
     * Prepares for a kind of buffer.
     *
     * @param tiling its layout
     * @param swizzle what the memory controller does to its addresses; not used for the linear layout
     * @param format its pixels
     * @return a new detiler
     */
    public static Detiler of(Tiling tiling, Swizzle swizzle, PixelFormat format) {
        return new Detiler(tiling, swizzle, format);
    }

    /**
     * Where a byte of a picture is.
     *
     * @param xBytes its distance from the left edge, in bytes
     * @param y its line
     * @param strideBytes of the buffer, unsigned
     * @return its distance from the start of the buffer, which is taken to be at a page of memory
     * @throws IllegalArgumentException if x or y is negative, x is not within the stride, or the stride is not a multiple of the
     *     tile's width
     */
    public long offset(int xBytes, int y, int strideBytes) {
        long stride = checkedStride(strideBytes);
        if (xBytes < 0 || y < 0 || xBytes >= stride) {
            throw new IllegalArgumentException("byte " + xBytes + " of line " + y + " with a stride of " + stride);
        }
        if (tiling == Tiling.LINEAR) {
            return y * stride + xBytes;
        }
        long tileStart = y / tileRows * stride * tileRows + (long) (xBytes / tileWidthBytes) * Tiling.TILE_BYTES;
        return tileStart + swizzle.apply(withinTile(xBytes % tileWidthBytes, y % tileRows));
    }

    /**
     * Puts a picture line by line. Indices are absolute; positions and byte orders of the buffers do not matter and do not change.
     * Bytes of the target's lines behind the picture stay as they are.
     *
     * @param tiled the buffer, direct, mapped or on the heap, read-only or not. Every tile that the picture touches must be in it
     *     whole
     * @param tiledOffset where its first tile starts, in bytes
     * @param tiledStrideBytes from one line to the next, unsigned; a multiple of the tile's width
     * @param width of the picture, in pixels
     * @param height of the picture
     * @param linear gets the picture
     * @param linearOffset where its first line starts, in bytes
     * @param linearStrideBytes from one line to the next there, unsigned
     * @throws IllegalArgumentException if the picture does not fit a buffer up to its limit, or a line its stride, or the stride is not
     *     a multiple of the tile's width; nothing has been written then
     */
    public void detile(
            ByteBuffer tiled,
            int tiledOffset,
            int tiledStrideBytes,
            int width,
            int height,
            ByteBuffer linear,
            int linearOffset,
            int linearStrideBytes) {
        long lineBytes = format.lineBytes(width);
        long stride = checkedStride(tiledStrideBytes);
        Lines.check("linear", linear, linearOffset, linearStrideBytes, lineBytes, height);
        if (tiling == Tiling.LINEAR) {
            Lines.check("tiled", tiled, tiledOffset, tiledStrideBytes, lineBytes, height);
            Lines.copy(
                    tiled,
                    tiledOffset,
                    tiledStrideBytes,
                    linear,
                    linearOffset,
                    linearStrideBytes,
                    (int) lineBytes,
                    height);
            return;
        }
        checkTiles(tiled, tiledOffset, stride, lineBytes, height);
        for (int y = 0; y < height; y += tileRows) {
            int rows = Math.min(tileRows, height - y);
            // A row of tiles takes as many bytes as the lines in it.
            int at = (int) (tiledOffset + y * stride);
            for (int x = 0; x < lineBytes; x += tileWidthBytes) {
                tiled.get(at, tile, 0, Tiling.TILE_BYTES);
                at += Tiling.TILE_BYTES;
                sort(rows * tileWidthBytes / CHUNK);
                int bytes = (int) Math.min(tileWidthBytes, lineBytes - x);
                for (int row = 0; row < rows; row++) {
                    linear.put(linearOffset + (y + row) * linearStrideBytes + x, lines, row * tileWidthBytes, bytes);
                }
            }
        }
    }

    private void sort(int count) {
        for (int i = 0; i < count; i++) {
            int from = chunks[i];
            int to = i * CHUNK;
            LONG.set(lines, to, (long) LONG.get(tile, from));
            LONG.set(lines, to + Long.BYTES, (long) LONG.get(tile, from + Long.BYTES));
        }
    }

    private long checkedStride(int strideBytes) {
        long stride = Integer.toUnsignedLong(strideBytes);
        if (stride % tileWidthBytes != 0) {
            throw new IllegalArgumentException("the stride of " + stride + " is no multiple of " + tileWidthBytes
                    + ", the width of a tile of " + tiling);
        }
        return stride;
    }

    private void checkTiles(ByteBuffer tiled, int offset, long stride, long lineBytes, int height) {
        if (stride < lineBytes) {
            throw new IllegalArgumentException(
                    "tiled: a line has " + lineBytes + " bytes, which is more than the stride of " + stride);
        }
        long across = (lineBytes + tileWidthBytes - 1) / tileWidthBytes;
        long down = (height + tileRows - 1L) / tileRows;
        long end = offset + (down - 1) * tileRows * stride + across * Tiling.TILE_BYTES;
        if (offset < 0 || end > tiled.limit()) {
            throw new IllegalArgumentException("tiled: " + across + " by " + down + " tiles with a stride of " + stride
                    + " at " + offset + " do not fit " + tiled.limit() + " bytes");
        }
    }

    private int withinTile(int x, int y) {
        return switch (tiling) {
            case LINEAR -> throw new AssertionError("no tiles");
            case X -> y << 9 | x;
            case Y -> x >> 4 << 9 | y << 4 | x & 15;
            case YF ->
                tileWidthBytes == 64
                        ? bit(x, 5) << 11 | bit(y, 5) << 10 | bit(x, 4) << 9 | y << 4 & 0x1f0 | x & 15
                        : bit(x, 6) << 11
                                | bit(y, 4) << 10
                                | bit(x, 5) << 9
                                | bit(y, 3) << 8
                                | bit(x, 4) << 7
                                | y << 4 & 0x70
                                | x & 15;
        };
    }

    private static int bit(int value, int number) {
        return value >> number & 1;
    }

    @Override
    public String toString() {
        return tiling + " " + format + (swizzle == Swizzle.NONE ? "" : ", swizzled by " + swizzle);
    }
}
