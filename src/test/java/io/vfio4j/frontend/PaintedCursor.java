package io.vfio4j.frontend;

/** Cursors with given pixels, for tests outside of this package. */
public final class PaintedCursor {
    private PaintedCursor() {}

    /** A visible cursor at 0,0. */
    public static CursorLook of(int hotX, int hotY, int width, int height, int... pixels) {
        return new CursorLook(true, 0, 0, hotX, hotY, new CursorLook.Image(width, height, pixels));
    }

    /** A cursor that has an image, but is not shown. */
    public static CursorLook hidden(int width, int height, int... pixels) {
        return new CursorLook(false, 0, 0, 0, 0, new CursorLook.Image(width, height, pixels));
    }
}
