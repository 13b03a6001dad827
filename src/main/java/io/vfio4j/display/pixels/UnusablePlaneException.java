package io.vfio4j.display.pixels;

import io.vfio4j.vfio.Plane;
import java.io.IOException;
import java.util.Locale;

/**
 * A plane cannot be read as it is described: its numbers contradict each other or the buffer, or are unknown or absurd. They come from
 * registers that the guest writes one by one, so it may be over at the next try.
 */
public final class UnusablePlaneException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Plane plane;

    UnusablePlaneException(String device, Plane plane, String problem) {
        super("plane of " + device + ": " + problem + " (" + describe(plane) + ")");
        this.plane = plane;
    }

    private static String describe(Plane plane) {
        return String.format(
                Locale.ROOT,
                "%sx%s pixels, format %s, %s, stride %s, %s bytes at %d,%d, source %s",
                Integer.toUnsignedString(plane.width()),
                Integer.toUnsignedString(plane.height()),
                PixelFormat.name(plane.format()),
                Tiling.name(plane.modifier()),
                Integer.toUnsignedString(plane.strideBytes()),
                Integer.toUnsignedString(plane.sizeBytes()),
                plane.x(),
                plane.y(),
                Integer.toUnsignedString(plane.source()));
    }

    /**
     * What the driver said.
     *
     * @return the plane
     */
    public Plane plane() {
        return plane;
    }
}
