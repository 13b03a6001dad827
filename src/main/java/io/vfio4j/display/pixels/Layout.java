package io.vfio4j.display.pixels;

import io.vfio4j.vfio.Plane;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A plane that was checked: its numbers fit each other, and all offsets in it fit an int.
 *
 * @param bytes what is read of the buffer, from its beginning on
 */
record Layout(PixelFormat format, Tiling tiling, int width, int height, int strideBytes, int bytes) {
    /** More than any screen; positions are magnitudes of 13 and 12 bits on GVT-g. */
    private static final int FAR = 65_536;

    static Layout of(String device, Plane plane, ScreenOptions options) throws UnusablePlaneException {
        PixelFormat format = PixelFormat.of(plane.format())
                .orElseThrow(() -> new UnusablePlaneException(
                        device, plane, "its format " + PixelFormat.name(plane.format()) + " is not known"));
        Tiling tiling = Tiling.of(plane.modifier())
                .orElseThrow(() -> new UnusablePlaneException(
                        device, plane, "its layout, " + Tiling.name(plane.modifier()) + ", is not known"));
        requireSane(device, plane, options);
        int width = plane.width();
        int height = plane.height();
        long stride = Integer.toUnsignedLong(plane.strideBytes());
        long size = Integer.toUnsignedLong(plane.sizeBytes());
        if (stride < format.lineBytes(width)) {
            throw new UnusablePlaneException(
                    device, plane, "its stride is less than the " + format.lineBytes(width) + " bytes of a line");
        }
        int tileWidth = tiling.tileWidthBytes(format.bytesPerPixel());
        if (stride % tileWidth != 0) {
            throw new UnusablePlaneException(
                    device, plane, "its stride is no multiple of a tile's width, which is " + tileWidth + " bytes");
        }
        int tileRows = tiling.tileRows(format.bytesPerPixel());
        // Below 2^15 + 2^12 rows of below 2^32 bytes.
        long bytes = stride * ((height + tileRows - 1L) / tileRows * tileRows);
        if (size < bytes) {
            throw new UnusablePlaneException(device, plane, "its lines need " + bytes + " bytes, more than it has");
        }
        if (bytes > Integer.MAX_VALUE || 4L * width * height > Integer.MAX_VALUE) {
            throw new UnusablePlaneException(device, plane, "it needs more than 2 GiB");
        }
        return new Layout(format, tiling, width, height, (int) stride, (int) bytes);
    }

    private static void requireSane(String device, Plane plane, ScreenOptions options) throws UnusablePlaneException {
        if (plane.width() == 0 || plane.height() == 0) {
            throw new UnusablePlaneException(device, plane, "it has a format and a size, but no pixels");
        }
        if (Integer.compareUnsigned(plane.width(), options.maxWidth()) > 0
                || Integer.compareUnsigned(plane.height(), options.maxHeight()) > 0) {
            throw new UnusablePlaneException(
                    device,
                    plane,
                    "it is larger than the " + options.maxWidth() + "x" + options.maxHeight()
                            + " pixels that the options allow");
        }
        if (Math.abs((long) plane.x()) > FAR || Math.abs((long) plane.y()) > FAR) {
            throw new UnusablePlaneException(device, plane, "its position is on no screen");
        }
    }

    /** How many lines have to be read together, so that none of them is needed again. */
    int rowsTogether() {
        return tiling.tileRows(format.bytesPerPixel());
    }

    boolean isLinear() {
        return tiling == Tiling.LINEAR;
    }

    /** Whether the pixels are what a frame has. */
    boolean isPlain() {
        return isLinear() && needsNoConversion();
    }

    boolean needsNoConversion() {
        return format == PixelFormat.XRGB8888 || format == PixelFormat.ARGB8888;
    }

    int lineBytes() {
        return (int) format.lineBytes(width);
    }

    /** What a borrower may see of a mapping. */
    ByteBuffer view(ByteBuffer mapped) {
        return mapped.slice(0, bytes).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
}
