package io.vfio4j.display.pixels;

/** Makes frames of numbers, for tests in other packages. */
public final class FrameFiller {
    private FrameFiller() {}

    public static void fill(Frame frame, int width, int height, int[] pixels) {
        frame.resize(width, height).asIntBuffer().put(0, pixels, 0, width * height);
    }
}
