package io.vfio4j.linux;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Memory that is handed to system calls: owned by who allocated it, zeroed at first.
 *
 * <p>One thread at a time may write; closing is safe from any thread.
 */
public final class NativeMemory extends NativeBytes {
    private final List<NativeBytes> targets;

    /**
     * Wraps memory; called by implementations of {@link SystemCalls}, which alone know what an address is.
     *
     * @param bytes the bytes, from 0 to the buffer's capacity
     * @param address where the kernel finds byte 0
     * @param free frees the memory; called once
     */
    public NativeMemory(ByteBuffer bytes, long address, Runnable free) {
        this(bytes, address, free, new ArrayList<>(0));
    }

    /** The targets go with the memory itself: a system call that is still in it may follow the pointers. */
    private NativeMemory(ByteBuffer bytes, long address, Runnable free, List<NativeBytes> targets) {
        super(bytes, address, "memory", () -> {
            free.run();
            synchronized (targets) {
                targets.forEach(NativeBytes::release);
                targets.clear();
            }
        });
        this.targets = targets;
    }

    /**
     * Writes the address of other bytes, for structures that carry pointers. The target stays valid until this memory is
     * closed, even when the target's owner closes it before.
     *
     * @param offset where the 64-bit address goes
     * @param target the bytes pointed to
     * @throws ClosedException when the target or this memory is closed
     */
    public void putAddress(int offset, NativeBytes target) {
        putAddress(offset, target, 0);
    }

    /**
     * Writes the address of a byte among others, as {@link #putAddress(int, NativeBytes)} does of the first.
     *
     * @param offset where the 64-bit address goes
     * @param target the bytes pointed to
     * @param targetOffset which of them
     * @throws ClosedException when the target or this memory is closed
     */
    public void putAddress(int offset, NativeBytes target, int targetOffset) {
        Objects.checkIndex(targetOffset, target.size());
        acquire();
        try {
            putLong(offset, target.acquire() + targetOffset);
            synchronized (targets) {
                targets.add(target);
            }
        } catch (IndexOutOfBoundsException outside) {
            target.release();
            throw outside;
        } finally {
            release();
        }
    }
}
