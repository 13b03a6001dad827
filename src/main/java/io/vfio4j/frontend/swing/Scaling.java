package io.vfio4j.frontend.swing;

/**
 * How large a guest's pixel is on the screen. All of them count in the screen's own pixels: on one that is set to 200 %, a guest's pixel
 * can be a quarter of what Java calls a pixel, and sharp.
 */
public enum Scaling {
    /** One of the screen's pixels for each of the guest's; what does not fit is cut off on the right and below. */
    NONE,
    /** As large as fits, by a whole number, so that all pixels are equally large and sharp; what does not fit is shown as by FIT. */
    INTEGER,
    /** As large as fits, smoothly. */
    FIT
}
