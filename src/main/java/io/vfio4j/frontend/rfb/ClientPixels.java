package io.vfio4j.frontend.rfb;

import io.vfio4j.display.pixels.Frame;
import java.nio.IntBuffer;

/** Reads frames as the numbers that a client's pixels are. Does not change, and is for any thread. */
final class ClientPixels {
    private static final int COLOUR = 0xffffff;
    private static final int MOST = 255;

    private final ClientPixelFormat format;
    private final boolean asInFrames;
    private final PixelBytes whole;
    private final PixelBytes compact;
    private final boolean tightIsColour;
    private final int[] red;
    private final int[] green;
    private final int[] blue;

    ClientPixels(ClientPixelFormat format) {
        this.format = format;
        whole = PixelBytes.whole(format);
        compact = PixelBytes.compact(format);
        tightIsColour = format.bitsPerPixel() == 32 && format.depth() == 24 && format.isExact();
        ClientPixelFormat colours = format.colours();
        asInFrames = colours.isExact()
                && colours.redShift() == ClientPixelFormat.NATIVE.redShift()
                && colours.greenShift() == ClientPixelFormat.NATIVE.greenShift()
                && colours.blueShift() == ClientPixelFormat.NATIVE.blueShift();
        red = table(colours.redMax(), colours.redShift());
        green = table(colours.greenMax(), colours.greenShift());
        blue = table(colours.blueMax(), colours.blueShift());
    }

    private static int[] table(int max, int shift) {
        int[] table = new int[MOST + 1];
        for (int i = 0; i <= MOST; i++) {
            table[i] = (i * max + MOST / 2) / MOST << shift;
        }
        return table;
    }

    ClientPixelFormat format() {
        return format;
    }

    /** Whether a frame's bytes are the client's. */
    boolean isNative() {
        return asInFrames && whole == PixelBytes.FOUR_LITTLE;
    }

    /** How the numbers are sent by most encodings. */
    PixelBytes whole() {
        return whole;
    }

    /** How the numbers are sent by ZRLE. */
    PixelBytes compact() {
        return compact;
    }

    /** How what {@link #readTight} reads is sent by Tight: TPIXEL. */
    PixelBytes tight() {
        return tightIsColour ? PixelBytes.LOW_THREE_BIG : whole;
    }

    /** The number of one colour. */
    int valueOf(int colour) {
        return red[colour >> 16 & MOST] | green[colour >> 8 & MOST] | blue[colour & MOST];
    }

    /** Reads an area as the client's numbers, line by line without gaps. */
    void read(Frame frame, int x, int y, int width, int height, int[] to) {
        copy(frame, x, y, width, height, to);
        translate(to, width * height);
    }

    private void translate(int[] values, int count) {
        if (asInFrames) {
            strip(values, count);
        } else {
            lookUp(values, count);
        }
    }

    /** Reads an area as the numbers that Tight sends: of true colours with eight bits each, whatever the client's order of them. */
    void readTight(Frame frame, int x, int y, int width, int height, int[] to) {
        if (tightIsColour) {
            readColours(frame, x, y, width, height, to);
        } else {
            read(frame, x, y, width, height, to);
        }
    }

    /** Reads an area as {@code 0x00RRGGBB}. */
    static void readColours(Frame frame, int x, int y, int width, int height, int[] to) {
        copy(frame, x, y, width, height, to);
        strip(to, width * height);
    }

    private static void copy(Frame frame, int x, int y, int width, int height, int[] to) {
        IntBuffer pixels = frame.pixels();
        int stride = frame.width();
        int from = y * stride + x;
        if (width == stride) {
            pixels.get(from, to, 0, width * height);
            return;
        }
        for (int line = 0; line < height; line++) {
            pixels.get(from + line * stride, to, line * width, width);
        }
    }

    private static void strip(int[] values, int count) {
        for (int i = 0; i < count; i++) {
            values[i] &= COLOUR;
        }
    }

    private void lookUp(int[] values, int count) {
        int[] reds = red;
        int[] greens = green;
        int[] blues = blue;
        for (int i = 0; i < count; i++) {
            int colour = values[i];
            values[i] = reds[colour >> 16 & MOST] | greens[colour >> 8 & MOST] | blues[colour & MOST];
        }
    }
}
