package io.vfio4j.emulator;

import static io.vfio4j.linux.uapi.DmaBuf.DMA_BUF_IOCTL_SYNC;
import static io.vfio4j.linux.uapi.DmaBuf.DMA_BUF_SYNC_END;
import static io.vfio4j.linux.uapi.DmaBuf.DMA_BUF_SYNC_READ;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.DmaBuf.Sync;
import io.vfio4j.linux.uapi.Errno;
import java.nio.ByteBuffer;

/** An open dma-buf: drivers/dma-buf/dma-buf.c. Descriptors, mappings and a GPU's imports refer to it. */
abstract class DmaBuf extends OpenFile {
    private static final long SYNC_WRITE = 2;
    private static final long SYNC_READ_WRITE = DMA_BUF_SYNC_READ | SYNC_WRITE;
    /** DMA_BUF_SYNC_VALID_FLAGS_MASK. */
    private static final long SYNC_FLAGS = SYNC_READ_WRITE | DMA_BUF_SYNC_END;

    private final Kernel kernel;
    private boolean released;

    /** With the first reference. */
    DmaBuf(Kernel kernel) {
        this.kernel = kernel;
        kernel.countDmaBufs(1);
    }

    @Override
    final String name() {
        return "anon_inode:dmabuf";
    }

    /** The bytes as they are now. */
    abstract ByteBuffer bytes();

    /** {@code size} of {@code struct dma_buf}. */
    abstract long sizeBytes();

    /** dma_buf_llseek(). */
    @Override
    final long size() throws KernelError {
        checkAlive();
        return sizeBytes();
    }

    /** A descriptor that has outlived its dma-buf, as drivers with a fault hand it out, crashes a real kernel when it is used. */
    private void checkAlive() throws KernelError {
        if (released) {
            throw new KernelError(Errno.EBADF);
        }
    }

    /** Whether its descriptors are without O_RDWR. */
    abstract boolean isReadOnly();

    /** The exporter's mmap. */
    abstract MappedBytes mapPages(int position, int length) throws KernelError;

    /** The exporter's release. */
    abstract void lastClosed();

    @Override
    final int ioctl(long request, long argument) throws KernelError {
        checkAlive();
        if (request != DMA_BUF_IOCTL_SYNC.number()) {
            throw new KernelError(Errno.ENOTTY);
        }
        long flags = kernel.memory().struct(argument, Sync.SIZE).getLong(Sync.FLAGS);
        if ((flags & ~SYNC_FLAGS) != 0 || (flags & SYNC_READ_WRITE) == 0) {
            throw new KernelError(Errno.EINVAL);
        }
        return 0;
    }

    /** What DMA_BUF_IOCTL_SYNC is asked for, for the trace; empty where that cannot be read. */
    static String describeSync(UserSpace memory, long argument) {
        try {
            long flags = memory.struct(argument, Sync.SIZE).getLong(Sync.FLAGS);
            return ((flags & DMA_BUF_SYNC_END) != 0 ? "end" : "start")
                    + ((flags & DMA_BUF_SYNC_READ) != 0 ? " read" : "")
                    + ((flags & SYNC_WRITE) != 0 ? " write" : "");
        } catch (KernelError unreadable) {
            return "";
        }
    }

    /**
     * do_mmap() of mm/mmap.c: what is not open for writing cannot be mapped for it, and what is mapped shared for reading only is
     * no shared mapping to the exporter; then dma_buf_mmap_internal(), which counts in whole pages.
     */
    @Override
    final MappedBytes map(long position, int length, Access access) throws KernelError {
        checkAlive();
        if (isReadOnly() && access != Access.READ) {
            throw new KernelError(Errno.EACCES);
        }
        long pages = (length + UserSpace.PAGE - 1L) / UserSpace.PAGE;
        if (position / UserSpace.PAGE + pages > sizeBytes() / UserSpace.PAGE) {
            throw new KernelError(Errno.EINVAL);
        }
        if (isReadOnly()) {
            throw new KernelError(Errno.EINVAL);
        }
        return mapPages((int) position, length);
    }

    @Override
    final void release() {
        if (!released) {
            released = true;
            kernel.countDmaBufs(-1);
            lastClosed();
        }
    }
}
