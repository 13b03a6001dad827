package io.vfio4j.display.pixels;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.DmaBuf;
import io.vfio4j.linux.uapi.Errno;

/** DMA_BUF_IOCTL_SYNC around what the processor reads. Any thread. */
final class DmaBufSync implements AutoCloseable {
    /** The kernel interrupts the call where it waits for a device; each try waits anew. */
    private static final int TRIES = 1000;

    private final SystemCalls calls;
    private final NativeMemory start;
    private final NativeMemory end;

    DmaBufSync(SystemCalls calls) {
        this.calls = calls;
        this.start = flags(DmaBuf.DMA_BUF_SYNC_START);
        this.end = flags(DmaBuf.DMA_BUF_SYNC_END);
    }

    private NativeMemory flags(long which) {
        NativeMemory flags = calls.allocate(DmaBuf.Sync.SIZE);
        flags.putLong(DmaBuf.Sync.FLAGS, DmaBuf.DMA_BUF_SYNC_READ | which);
        return flags;
    }

    void begin(Descriptor dmaBuf) throws LinuxException {
        sync(dmaBuf, start);
    }

    void end(Descriptor dmaBuf) throws LinuxException {
        sync(dmaBuf, end);
    }

    /** linux/dma-buf.h wants the call repeated after EINTR and EAGAIN. */
    private void sync(Descriptor dmaBuf, NativeMemory flags) throws LinuxException {
        for (int left = TRIES; ; left--) {
            try {
                calls.ioctl(dmaBuf, DmaBuf.DMA_BUF_IOCTL_SYNC, flags);
                return;
            } catch (LinuxException e) {
                if (e.errno() == Errno.ENOTTY) {
                    // Before Linux 4.6 there was nothing to be said.
                    return;
                }
                if (left == 0 || e.errno() != Errno.EINTR && e.errno() != Errno.EAGAIN) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void close() {
        start.close();
        end.close();
    }
}
