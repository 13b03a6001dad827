package io.vfio4j.display.pixels;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.vfio.Plane;

/**
 * The dma-buf of a plane, as the device hands it out, for who imports it into a GL or Vulkan of his own. One plane of memory.
 *
 * <p>Close it: as long as it is open, its screen holds the framebuffer, too, whatever else the guest shows.
 */
public final class DmaBuf implements AutoCloseable {
    private final Plane plane;
    private final Descriptor descriptor;
    private final long sizeBytes;
    private final Runnable letGo;

    DmaBuf(Plane plane, Descriptor descriptor, long sizeBytes, Runnable letGo) {
        this.plane = plane;
        this.descriptor = descriptor;
        this.sizeBytes = sizeBytes;
        this.letGo = letGo;
    }

    /**
     * The buffer. Its number is lent by {@link Descriptor#acquire}; an import refers to the buffer, not to the number.
     *
     * @return belongs to this object
     */
    public Descriptor descriptor() {
        return descriptor;
    }

    /**
     * What the driver said of the plane, unchecked.
     *
     * @return the plane
     */
    public Plane plane() {
        return plane;
    }

    /**
     * The pixels' format.
     *
     * @return the DRM fourcc
     */
    public int fourcc() {
        return plane.format();
    }

    /**
     * The buffer's layout.
     *
     * @return the DRM format modifier
     */
    public long modifier() {
        return plane.modifier();
    }

    /**
     * How wide the picture is.
     *
     * @return in pixels, unsigned
     */
    public int width() {
        return plane.width();
    }

    /**
     * How high the picture is.
     *
     * @return in pixels, unsigned
     */
    public int height() {
        return plane.height();
    }

    /**
     * From one line to the next.
     *
     * @return in bytes, unsigned
     */
    public int strideBytes() {
        return plane.strideBytes();
    }

    /**
     * Where the picture begins.
     *
     * @return 0: no VFIO device says anything else
     */
    public int offsetBytes() {
        return 0;
    }

    /**
     * How big the buffer really is.
     *
     * @return in bytes; {@link Long#MAX_VALUE} where the kernel does not tell
     */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Closes the descriptor. Further calls do nothing. */
    @Override
    public void close() {
        synchronized (descriptor) {
            if (descriptor.isClosed()) {
                return;
            }
            descriptor.close();
        }
        letGo.run();
    }
}
