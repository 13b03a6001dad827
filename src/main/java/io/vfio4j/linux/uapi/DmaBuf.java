package io.vfio4j.linux.uapi;

/** {@code linux/dma-buf.h}. Laid out as {@link Vfio}. */
public final class DmaBuf {
    public static final long DMA_BUF_SYNC_READ = 1;
    public static final long DMA_BUF_SYNC_START = 0;
    public static final long DMA_BUF_SYNC_END = 4;

    /** Brackets what a processor does to a buffer that it has mapped. */
    public static final Ioctl DMA_BUF_IOCTL_SYNC = Ioctl.iow("DMA_BUF_IOCTL_SYNC", 'b', 0, 8);

    private DmaBuf() {}

    /** What {@link #DMA_BUF_IOCTL_SYNC} points to. */
    public static final class Sync {
        public static final String STRUCT = "struct dma_buf_sync";
        public static final int SIZE = 8;
        public static final int FLAGS = 0;

        private Sync() {}
    }
}
