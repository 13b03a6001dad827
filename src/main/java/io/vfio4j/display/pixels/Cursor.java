package io.vfio4j.display.pixels;

import io.vfio4j.vfio.Plane;
import java.util.OptionalInt;

/**
 * The hardware cursor: image and position. It belongs to who made it, and is filled again and again, as a {@link Frame} is.
 *
 * <p>The position is that of the image's upper left corner; that of the pointer is further by the hotspot, where the guest tells it.
 *
 * <p>GVT-g drops the signs of the position, so that a cursor which hangs over the left or upper edge is reported as far inside of it.
 * The sign is found again where only one of the two can be: the pointer itself is always on the screen. Else the position is what the
 * driver says, with {@link PositionCertainty#MIRROR_POSSIBLE}.
 */
public final class Cursor implements AutoCloseable {
    private final Frame image = new Frame();
    private boolean visible;
    private int x;
    private int y;
    private PositionCertainty certainty = PositionCertainty.EXACT;
    private OptionalInt hotX = OptionalInt.empty();
    private OptionalInt hotY = OptionalInt.empty();

    /** A cursor that is not shown yet. */
    public Cursor() {}

    /**
     * Whether the guest shows it.
     *
     * @return false at first
     */
    public boolean isVisible() {
        return visible;
    }

    /**
     * Its image: ARGB8888 with premultiplied alpha. Where the cursor is hidden, what it was last.
     *
     * @return always the same frame, which belongs to the cursor
     */
    public Frame image() {
        return image;
    }

    /**
     * Where the image's left edge is on the screen.
     *
     * @return in pixels; negative where it hangs over the screen's edge
     */
    public int x() {
        return x;
    }

    /**
     * Where the image's upper edge is on the screen.
     *
     * @return in pixels; negative where it hangs over the screen's edge
     */
    public int y() {
        return y;
    }

    /**
     * How certain the position is.
     *
     * @return EXACT on all devices but those of GVT-g
     */
    public PositionCertainty certainty() {
        return certainty;
    }

    /**
     * Which column of the image the pointer is in.
     *
     * @return empty where the guest does not tell
     */
    public OptionalInt hotX() {
        return hotX;
    }

    /**
     * Which line of the image the pointer is in.
     *
     * @return empty where the guest does not tell
     */
    public OptionalInt hotY() {
        return hotY;
    }

    void hide() {
        visible = false;
    }

    void show(CursorPosition horizontal, CursorPosition vertical) {
        visible = true;
        x = horizontal.position();
        y = vertical.position();
        hotX = horizontal.hotspot();
        hotY = vertical.hotspot();
        certainty =
                horizontal.exact() && vertical.exact() ? PositionCertainty.EXACT : PositionCertainty.MIRROR_POSSIBLE;
    }

    void show(Plane plane, boolean signsAreDropped, int screenWidth, int screenHeight) {
        show(
                CursorPosition.of(plane.x(), plane.hotX(), plane.width(), screenWidth, signsAreDropped),
                CursorPosition.of(plane.y(), plane.hotY(), plane.height(), screenHeight, signsAreDropped));
    }

    /** Lets go of the image. Further calls do nothing. */
    @Override
    public void close() {
        visible = false;
        image.close();
    }

    @Override
    public String toString() {
        return visible ? "at " + x + "," + y + ", " + certainty + ", " + image : "hidden";
    }
}
