package io.vfio4j.frontend.swing;

import java.awt.Rectangle;

/**
 * Where a picture is on a panel, and how large. All is in the screen's pixels, from the panel's upper left corner.
 *
 * @param x the picture's left edge
 * @param y its upper edge
 * @param width how wide it is shown
 * @param height how high it is shown
 * @param pictureWidth how wide it is
 * @param pictureHeight how high it is
 */
record Fitting(int x, int y, int width, int height, int pictureWidth, int pictureHeight) {
    static Fitting of(Scaling scaling, int panelWidth, int panelHeight, int pictureWidth, int pictureHeight) {
        int whole = Math.min(panelWidth / pictureWidth, panelHeight / pictureHeight);
        return switch (scaling) {
            case NONE -> centred(panelWidth, panelHeight, pictureWidth, pictureHeight, pictureWidth, pictureHeight);
            case INTEGER ->
                whole >= 1
                        ? centred(
                                panelWidth,
                                panelHeight,
                                pictureWidth * whole,
                                pictureHeight * whole,
                                pictureWidth,
                                pictureHeight)
                        : fitted(panelWidth, panelHeight, pictureWidth, pictureHeight);
            case FIT -> fitted(panelWidth, panelHeight, pictureWidth, pictureHeight);
        };
    }

    private static Fitting fitted(int panelWidth, int panelHeight, int pictureWidth, int pictureHeight) {
        boolean byWidth = (long) panelWidth * pictureHeight <= (long) panelHeight * pictureWidth;
        int width = byWidth ? panelWidth : rounded(panelHeight, pictureWidth, pictureHeight);
        int height = byWidth ? rounded(panelWidth, pictureHeight, pictureWidth) : panelHeight;
        return centred(panelWidth, panelHeight, width, height, pictureWidth, pictureHeight);
    }

    private static int rounded(int length, int times, int by) {
        return (int) (((long) length * times + by / 2) / by);
    }

    private static Fitting centred(
            int panelWidth, int panelHeight, int width, int height, int pictureWidth, int pictureHeight) {
        int wide = Math.max(1, width);
        int high = Math.max(1, height);
        return new Fitting(
                Math.max(0, (panelWidth - wide) / 2),
                Math.max(0, (panelHeight - high) / 2),
                wide,
                high,
                pictureWidth,
                pictureHeight);
    }

    boolean isOneToOne() {
        return width == pictureWidth && height == pictureHeight;
    }

    /** Whether each pixel becomes a block of pixels. */
    boolean isWhole() {
        return width % pictureWidth == 0
                && height % pictureHeight == 0
                && width / pictureWidth == height / pictureHeight;
    }

    /** All of it. */
    Rectangle bounds() {
        return new Rectangle(x, y, width, height);
    }

    /** What a part of the picture covers, and so many of its pixels around it, rounded outwards. */
    Rectangle shown(int left, int top, int wide, int high, int margin) {
        int x0 = x + floor(Math.max(0, left - margin), width, pictureWidth);
        int y0 = y + floor(Math.max(0, top - margin), height, pictureHeight);
        int x1 = x + ceil(Math.min(pictureWidth, left + wide + margin), width, pictureWidth);
        int y1 = y + ceil(Math.min(pictureHeight, top + high + margin), height, pictureHeight);
        return new Rectangle(x0, y0, x1 - x0, y1 - y0);
    }

    /** Where a column or line, which may be outside of the picture, begins. */
    int shownX(int column) {
        return x + floor(column, width, pictureWidth);
    }

    int shownY(int line) {
        return y + floor(line, height, pictureHeight);
    }

    /** How wide something is shown that lies over the picture. */
    int shownWidth(int wide) {
        return wide == 0 ? 0 : Math.max(1, rounded(wide, width, pictureWidth));
    }

    int shownHeight(int high) {
        return high == 0 ? 0 : Math.max(1, rounded(high, height, pictureHeight));
    }

    /** Which column of the picture is at a place; outside of the picture where that is. */
    int column(double shown) {
        return (int) Math.floor((shown - x) * pictureWidth / width);
    }

    int line(double shown) {
        return (int) Math.floor((shown - y) * pictureHeight / height);
    }

    private static int floor(int value, int times, int by) {
        return (int) Math.floorDiv((long) value * times, (long) by);
    }

    private static int ceil(int value, int times, int by) {
        return (int) -Math.floorDiv(-(long) value * times, (long) by);
    }
}
