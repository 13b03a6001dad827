package io.vfio4j.display.pixels;

import java.nio.ByteBuffer;

/** Frames with given pixels, for tests outside of this package. */
public final class PaintedFrame {
    private PaintedFrame() {}

    /** Fills a frame line by line: {@code 0xXXRRGGBB}. */
    public static void paint(Frame frame, int width, int height, int[] pixels) {
        ByteBuffer memory = frame.resize(width, height);
        memory.asIntBuffer().put(0, pixels, 0, width * height);
    }

    /** A new frame. */
    public static Frame of(int width, int height, int... pixels) {
        Frame frame = new Frame();
        paint(frame, width, height, pixels);
        return frame;
    }
}
