package io.vfio4j.vfio;

/**
 * What a plane scans out at the moment: {@code struct vfio_device_gfx_plane_info}. All numbers are the kernel's; nothing is
 * checked against anything here.
 *
 * @param format the pixels' DRM fourcc
 * @param modifier the buffer's DRM format modifier
 * @param width in pixels, unsigned
 * @param height in pixels, unsigned
 * @param strideBytes from one line to the next, unsigned
 * @param sizeBytes the buffer's, unsigned
 * @param x where the plane is on the screen
 * @param y where the plane is on the screen
 * @param hotX the cursor's hotspot; {@link #UNKNOWN_HOTSPOT} where the guest does not tell
 * @param hotY the cursor's hotspot; {@link #UNKNOWN_HOTSPOT} where the guest does not tell
 * @param source the dma-buf's id, or the region's index. Ids are reused: the same id is not always the same buffer.
 */
public record Plane(
        int format,
        long modifier,
        int width,
        int height,
        int strideBytes,
        int sizeBytes,
        int x,
        int y,
        int hotX,
        int hotY,
        int source) {

    /** UINT_MAX: what GVT-g reports for a hotspot that it was not told. */
    public static final int UNKNOWN_HOTSPOT = -1;

    /**
     * The fourcc in letters.
     *
     * @return for example {@code XR24}, or {@code C8}, which the kernel pads with blanks; characters that cannot be printed are
     *     shown as {@code ?}
     */
    public String formatName() {
        StringBuilder name = new StringBuilder(4);
        for (int shift = 0; shift < 32; shift += 8) {
            char c = (char) ((format >>> shift) & 0xff);
            name.append(c >= ' ' && c < 0x7f ? c : '?');
        }
        return name.toString().stripTrailing();
    }
}
