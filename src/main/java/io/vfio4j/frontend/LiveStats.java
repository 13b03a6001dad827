package io.vfio4j.frontend;

/**
 * A screen's counts since it was made.
 *
 * @param captures how often the guest's picture was read
 * @param unchanged how many of them showed what the one before had shown
 * @param skipped how often reading was put off because viewers held all frames
 * @param failures how often it could not be read
 * @param changedPixels how many pixels were reported as changed
 * @param totalPixels how many pixels were read
 * @param viewers how many look at the moment
 */
public record LiveStats(
        long captures,
        long unchanged,
        long skipped,
        long failures,
        long changedPixels,
        long totalPixels,
        int viewers) {}
