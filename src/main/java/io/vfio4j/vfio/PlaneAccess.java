package io.vfio4j.vfio;

import io.vfio4j.linux.uapi.Vfio;

/** How a device hands out the pixels of its planes. */
public enum PlaneAccess {
    /** As dma-bufs, one for each framebuffer. */
    DMABUF(Vfio.VFIO_GFX_PLANE_TYPE_DMABUF),
    /** In a region of the device. */
    REGION(Vfio.VFIO_GFX_PLANE_TYPE_REGION);

    final int flag;

    PlaneAccess(int flag) {
        this.flag = flag;
    }
}
