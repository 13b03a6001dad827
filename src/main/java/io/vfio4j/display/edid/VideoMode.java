package io.vfio4j.display.edid;

/**
 * A mode that a monitor knows by its name only: an established or standard timing.
 *
 * @param width in pixels
 * @param height in pixels
 * @param hertz fields per second, rounded
 * @param interlaced whether a picture takes two fields
 */
public record VideoMode(int width, int height, int hertz, boolean interlaced) {

    VideoMode(int width, int height, int hertz) {
        this(width, height, hertz, false);
    }

    @Override
    public String toString() {
        return width + "x" + height + (interlaced ? "i" : "") + "@" + hertz;
    }
}
