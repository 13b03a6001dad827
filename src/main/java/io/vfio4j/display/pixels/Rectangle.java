package io.vfio4j.display.pixels;

/**
 * A part of a picture, in pixels. The origin is the upper left corner.
 *
 * @param x the leftmost column in it
 * @param y the uppermost line in it
 * @param width how many columns, at least 1
 * @param height how many lines, at least 1
 */
public record Rectangle(int x, int y, int width, int height) {
    /**
     * Checks that there is something in it, and that it does not begin outside of a picture.
     *
     * @param x the leftmost column in it
     * @param y the uppermost line in it
     * @param width how many columns, at least 1
     * @param height how many lines, at least 1
     * @throws IllegalArgumentException if it is empty or begins outside
     */
    public Rectangle {
        if (x < 0 || y < 0 || width < 1 || height < 1) {
            throw new IllegalArgumentException(width + "x" + height + " pixels at " + x + "," + y);
        }
    }
}
