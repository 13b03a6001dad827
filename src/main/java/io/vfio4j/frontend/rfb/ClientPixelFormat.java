package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;

/** How a client wants its pixels: PIXEL_FORMAT of RFC 6143, 7.4. Checked by {@link #isSupported} before it is used. */
record ClientPixelFormat(
        int bitsPerPixel,
        int depth,
        boolean bigEndian,
        boolean trueColour,
        int redMax,
        int greenMax,
        int blueMax,
        int redShift,
        int greenShift,
        int blueShift) {
    /** What the server proposes, and what a frame is: little-endian XRGB8888. */
    static final ClientPixelFormat NATIVE = new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 16, 8, 0);

    /** How many entries the colour map has that is used for clients without true colour. */
    static final int MAP_SIZE = 256;

    private static final ClientPixelFormat MAPPED = new ClientPixelFormat(8, 8, false, true, 7, 7, 3, 5, 2, 0);
    private static final int MOST_OF_16_BITS = 0xffff;

    /**
     * Whether pixels can be sent so: whole bytes, each colour as many bits as its maximum says, inside of the pixel and apart from the
     * others. The depth is not compared with the colours, because clients count in it what they like.
     */
    boolean isSupported() {
        boolean whole = bitsPerPixel == 8 || bitsPerPixel == 16 || bitsPerPixel == 32;
        return whole && depth >= 1 && depth <= bitsPerPixel && (!trueColour || coloursFit());
    }

    private boolean coloursFit() {
        return fits(redMax, redShift)
                && fits(greenMax, greenShift)
                && fits(blueMax, blueShift)
                && (redMask() & greenMask()) == 0
                && (redMask() & blueMask()) == 0
                && (greenMask() & blueMask()) == 0;
    }

    private boolean fits(int max, int shift) {
        boolean allOnes = max >= 0 && max <= MOST_OF_16_BITS && (max & max + 1) == 0;
        return allOnes && shift >= 0 && shift + Integer.bitCount(max) <= bitsPerPixel;
    }

    private int redMask() {
        return redMax << redShift;
    }

    private int greenMask() {
        return greenMax << greenShift;
    }

    private int blueMask() {
        return blueMax << blueShift;
    }

    int bytesPerPixel() {
        return bitsPerPixel / 8;
    }

    /** All bits that mean something. */
    int mask() {
        return redMask() | greenMask() | blueMask();
    }

    /** Whether every colour has the eight bits that a frame's has. */
    boolean isExact() {
        return trueColour && redMax == 255 && greenMax == 255 && blueMax == 255;
    }

    /** What the numbers of pixels mean: this, or the fixed colour map, which is an 8-bit format of 3, 3 and 2 bits. */
    ClientPixelFormat colours() {
        return trueColour ? this : MAPPED;
    }

    /** Writes the map's {@link #MAP_SIZE} entries as SetColourMapEntries has them: red, green, blue, 16 bits each. */
    static void writeColourMap(ByteBuf out) {
        for (int entry = 0; entry < MAP_SIZE; entry++) {
            out.writeShort(stretched(entry >> MAPPED.redShift, MAPPED.redMax));
            out.writeShort(stretched(entry >> MAPPED.greenShift, MAPPED.greenMax));
            out.writeShort(stretched(entry >> MAPPED.blueShift, MAPPED.blueMax));
        }
    }

    private static int stretched(int bits, int max) {
        return (bits & max) * MOST_OF_16_BITS / max;
    }
}
