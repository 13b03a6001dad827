package io.vfio4j.emulator;

/**
 * How a picture lies in memory.
 *
 * @param width in pixels
 * @param height in pixels
 * @param format of each pixel
 * @param tiling of the lines
 * @param strideBytes from one line to the next, were it linear: whole tiles
 */
record Layout(int width, int height, EmulatedFormat format, EmulatedTiling tiling, int strideBytes) {

    static Layout of(int width, int height, EmulatedFormat format, EmulatedTiling tiling, int strideUnit) {
        int unit = Math.max(strideUnit, tiling.tileWidthBytes(format.pixelBytes()));
        return new Layout(width, height, format, tiling, roundUp(format.lineBytes(width), unit));
    }

    /** What a driver reports. */
    int reportedBytes() {
        return strideBytes * roundUp(height, tiling.reportedRows());
    }

    /** What the picture needs. */
    int storageBytes() {
        return strideBytes * roundUp(height, tiling.tileRows(format.pixelBytes()));
    }

    static int roundUp(int value, int unit) {
        return (value + unit - 1) / unit * unit;
    }
}
