package io.vfio4j.display.pixels;

/** How certain a cursor's position is. */
public enum PositionCertainty {
    /** It is where it is said to be. */
    EXACT,
    /**
     * In at least one direction it may as well be at the negative of what is said: GVT-g tells how far the cursor is from the edge, but not
     * on which side of it.
     */
    MIRROR_POSSIBLE
}
