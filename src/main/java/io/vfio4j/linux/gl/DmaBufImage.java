package io.vfio4j.linux.gl;

/**
 * A dma-buf with one plane of pixels.
 *
 * @param descriptor its number, which must stay open until it is imported
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param format the pixels' DRM fourcc
 * @param modifier their DRM format modifier
 * @param offsetBytes where the first line begins, not negative
 * @param strideBytes from one line to the next, at least 1
 */
public record DmaBufImage(
        int descriptor, int width, int height, int format, long modifier, int offsetBytes, int strideBytes) {

    /**
     * Refuses what makes no image.
     *
     * @param descriptor its number, which must stay open until it is imported
     * @param width in pixels, at least 1
     * @param height in pixels, at least 1
     * @param format the pixels' DRM fourcc
     * @param modifier their DRM format modifier
     * @param offsetBytes where the first line begins, not negative
     * @param strideBytes from one line to the next, at least 1
     * @throws IllegalArgumentException naming the values
     */
    public DmaBufImage {
        if (descriptor < 0 || width < 1 || height < 1 || offsetBytes < 0 || strideBytes < 1) {
            throw new IllegalArgumentException("descriptor " + descriptor + ", " + width + "x" + height + ", offset "
                    + offsetBytes + ", stride " + strideBytes);
        }
    }
}
