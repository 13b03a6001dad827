package io.vfio4j.display;

import io.vfio4j.vfio.Plane;

/**
 * What the primary plane scans out.
 *
 * @param width in pixels
 * @param height in pixels
 * @param format the pixels' DRM fourcc in letters, for example {@code XR24}
 */
public record DisplayMode(int width, int height, String format) {

    static DisplayMode of(Plane primary) {
        return new DisplayMode(primary.width(), primary.height(), primary.formatName());
    }

    @Override
    public String toString() {
        return width + "x" + height + " " + format;
    }
}
