package io.vfio4j.display.pixels;

/**
 * What some memory controllers before Broadwell do to the addresses of tiled buffers: bit 6 is inverted for each of certain higher bits
 * that is set. The names are those of {@code I915_BIT_6_SWIZZLE_*} in {@code drm/i915_drm.h}; the source is Intel's PRM for Haswell,
 * volume 5, "Address Swizzling for Tiled-Y Surfaces", and that for Broadwell, volume 5, "Tiling Algorithm", which ends it.
 *
 * <p>The kinds with bit 17 are not here: they depend on physical addresses, which recorded data does not have.
 */
public enum Swizzle {
    /** Addresses are as they are: all of Broadwell and later. */
    NONE(0),
    /** By bit 9; with two memory channels the usual one of Y. */
    BIT9(1 << 9),
    /** By bits 9 and 10; with two memory channels the usual one of X. */
    BIT9_10(1 << 9 | 1 << 10),
    /** By bits 9 and 11. */
    BIT9_11(1 << 9 | 1 << 11),
    /** By bits 9, 10 and 11. */
    BIT9_10_11(1 << 9 | 1 << 10 | 1 << 11);

    private final int bits;

    Swizzle(int bits) {
        this.bits = bits;
    }

    /** Where the byte at an offset from the start of the buffer really is; its own inverse. */
    long apply(long offset) {
        return offset ^ (Long.bitCount(offset & bits) & 1) << 6;
    }
}
