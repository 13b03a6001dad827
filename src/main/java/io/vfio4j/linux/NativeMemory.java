package io.vfio4j.linux;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that is handed to system calls: owned by who allocated it, zeroed at first.
 *
 * <p>One thread at a time may write; closing is safe from any thread.
 */
public final class NativeMemory extends NativeBytes {
    private final List<NativeBytes> targets = new ArrayList<>(0);

    /**
     * Wraps memory; called by implementations of {@link SystemCalls}, which alone know what an address is.
     *
     * @param bytes the bytes, from 0 to the buffer's capacity
     * @param address where the kernel finds byte 0
     * @param free frees the memory; called once
     */
    public NativeMemory(ByteBuffer bytes, long address, Runnable free) {
        super(bytes, address, "memory", free);
    }

    /**
     * Writes the address of other bytes, for structures that carry pointers. The target stays valid until this memory is
     * closed, even when the target's owner closes it before.
     *
     * @param offset where the 64-bit address goes
     * @param target the bytes pointed to
     * @throws ClosedException when the target is closed
     */
    public void putAddress(int offset, NativeBytes target) {
        long address = target.acquire();
        synchronized (targets) {
            targets.add(target);
        }
        putLong(offset, address);
    }

    /** Frees the memory and gives back the targets of {@link #putAddress}. Further calls do nothing. */
    @Override
    public void close() {
        super.close();
        synchronized (targets) {
            targets.forEach(NativeBytes::release);
            targets.clear();
        }
    }
}
