package io.vfio4j.display.pixels;

/** A frame with given pixels. */
public final class BenchFrame {
    private BenchFrame() {}

    /** Line by line, {@code 0xXXRRGGBB}. */
    public static Frame of(int width, int height, int[] pixels) {
        Frame frame = new Frame();
        frame.resize(width, height).asIntBuffer().put(0, pixels);
        return frame;
    }
}
