package io.vfio4j.display.edid;

/**
 * The largest mode that a device can show.
 *
 * @param width in pixels; 0 where the device does not say
 * @param height in pixels; 0 where the device does not say
 */
public record MonitorLimits(int width, int height) {

    /**
     * Checks a mode.
     *
     * @param wantedWidth in pixels
     * @param wantedHeight in pixels
     * @throws IllegalArgumentException when the device cannot show it, with the limit
     */
    public void require(int wantedWidth, int wantedHeight) {
        if (width != 0 && wantedWidth > width || height != 0 && wantedHeight > height) {
            throw new IllegalArgumentException(
                    wantedWidth + "x" + wantedHeight + " is more than the device can show, which is " + this);
        }
    }

    @Override
    public String toString() {
        return limit(width) + "x" + limit(height);
    }

    private static String limit(int pixels) {
        return pixels == 0 ? "any" : Integer.toString(pixels);
    }
}
