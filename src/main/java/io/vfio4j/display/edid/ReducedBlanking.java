package io.vfio4j.display.edid;

/**
 * The timing of a mode by VESA's Coordinated Video Timings 1.2, the first version of reduced blanking. Two deviations: the width is taken
 * as it is, also where it is no multiple of 8, because a guest shall get the mode that was asked for; and a small mode is blanked
 * for longer, so that its pixel clock is not below what HDMI can transmit, which drivers refuse.
 */
final class ReducedBlanking {
    private static final int BLANK_PIXELS = 160;
    private static final int SYNC_PIXELS = 32;
    private static final int SYNC_OFFSET_PIXELS = 48;
    private static final int FRONT_PORCH_LINES = 3;
    private static final int LEAST_BACK_PORCH_LINES = 7;
    private static final double LEAST_BLANK_MICROSECONDS = 460;
    private static final int CLOCK_STEP_KILOHERTZ = 250;
    /** For example {@code intel_hdmi_mode_valid} of drivers/gpu/drm/i915/display/intel_hdmi.c. */
    private static final int LEAST_CLOCK_KILOHERTZ = 25_000;

    private ReducedBlanking() {}

    /** Width and height fit a detailed timing, and the rate is not above 1000 Hz. */
    static DetailedTiming of(int width, int height, int hertz, int widthMillimetres, int heightMillimetres) {
        double lineMicroseconds = (1_000_000.0 / hertz - LEAST_BLANK_MICROSECONDS) / height;
        int sync = syncLines(width, height);
        int lines = height
                + Math.max(
                        (int) (LEAST_BLANK_MICROSECONDS / lineMicroseconds) + 1,
                        FRONT_PORCH_LINES + sync + LEAST_BACK_PORCH_LINES);
        int pixels = width + BLANK_PIXELS;
        double leastPixels = LEAST_CLOCK_KILOHERTZ * 1000.0 / hertz;
        if ((double) pixels * lines < leastPixels) {
            lines = (int) Math.ceil(lines * Math.sqrt(leastPixels / ((double) pixels * lines)));
            pixels = (int) Math.ceil(leastPixels / lines);
        }
        long clock = (long) pixels * lines * hertz / 1000;
        clock -= clock % CLOCK_STEP_KILOHERTZ;
        if (clock > DetailedTiming.HIGHEST_CLOCK_KILOHERTZ) {
            throw new IllegalArgumentException(width + "x" + height + " at " + hertz + " Hz takes a pixel clock of "
                    + clock + " kHz, and a detailed timing of an EDID has at most "
                    + DetailedTiming.HIGHEST_CLOCK_KILOHERTZ);
        }
        return new DetailedTiming(
                (int) clock,
                width,
                pixels - width,
                SYNC_OFFSET_PIXELS,
                SYNC_PIXELS,
                height,
                lines - height,
                FRONT_PORCH_LINES,
                sync,
                widthMillimetres,
                heightMillimetres,
                0,
                0,
                DetailedTiming.REDUCED_BLANKING_SYNC);
    }

    /** The width of the vertical sync tells the aspect ratio. */
    private static int syncLines(int width, int height) {
        if (isRatio(width, height, 4, 3)) {
            return 4;
        }
        if (isRatio(width, height, 16, 9)) {
            return 5;
        }
        if (isRatio(width, height, 16, 10)) {
            return 6;
        }
        if (isRatio(width, height, 5, 4) || isRatio(width, height, 15, 9)) {
            return 7;
        }
        return 10;
    }

    /** Of widths in cells of 8 pixels, as the standard counts them. */
    private static boolean isRatio(int width, int height, int across, int down) {
        return width / 8 == height * across / down / 8 && height * across % down == 0;
    }
}
