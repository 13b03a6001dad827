package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.NativeBytes;
import java.io.IOException;

/**
 * Memory that a device reaches. It stays valid, even when its owner closes it, until it is unmapped.
 *
 * <p>Safe for use by any thread.
 */
public final class DmaMapping implements AutoCloseable {
    private final IoAddressSpace space;
    private final long iova;
    private final NativeBytes memory;
    private final int length;
    private final Access access;

    /** The memory is acquired; whoever removes the mapping from the address space releases it. */
    DmaMapping(IoAddressSpace space, long iova, NativeBytes memory, int length, Access access) {
        this.space = space;
        this.iova = iova;
        this.memory = memory;
        this.length = length;
        this.access = access;
    }

    /**
     * Where the device finds it.
     *
     * @return the first address, unsigned
     */
    public long iova() {
        return iova;
    }

    /**
     * How long it is.
     *
     * @return in bytes
     */
    public int length() {
        return length;
    }

    /**
     * What the device may do.
     *
     * @return from the device's side: READ means that it reads the memory
     */
    public Access access() {
        return access;
    }

    long lastIova() {
        return iova + length - 1;
    }

    void releaseMemory() {
        memory.release();
    }

    /**
     * Unmaps it: when this returns, the device reaches it no more. Blocks while the kernel unpins the memory. Once it has
     * succeeded, or the device is closed, further calls do nothing; before, they try again.
     *
     * @throws ShortUnmapException when the kernel unmapped less
     * @throws IOException what the kernel says, with advice; the memory is kept until the device is closed
     */
    @Override
    public void close() throws IOException {
        space.unmap(this);
    }

    @Override
    public String toString() {
        return "the mapping of " + length + " bytes at 0x" + Long.toHexString(iova);
    }
}
