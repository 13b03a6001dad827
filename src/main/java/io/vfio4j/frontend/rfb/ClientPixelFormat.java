package io.vfio4j.frontend.rfb;

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

    /** Whether pixels can be sent so. */
    boolean isSupported() {
        return bitsPerPixel == 8 || bitsPerPixel == 16 || bitsPerPixel == 32;
    }

    int bytesPerPixel() {
        return bitsPerPixel / 8;
    }
}
