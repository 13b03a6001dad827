package io.vfio4j.display.pixels;

/** How pixels were got at. */
public enum CapturePath {
    /** A region of the device, mapped. */
    REGION_MAPPED,
    /** A region of the device, by pread: it cannot be mapped. */
    REGION_READ,
    /** A dma-buf, mapped. */
    DMABUF_MAPPED,
    /** A dma-buf, imported by a GPU and read back. */
    DMABUF_GPU
}
