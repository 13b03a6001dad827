package io.vfio4j.linux;

import java.nio.ByteBuffer;

/**
 * A part of a device or file that is mapped into memory. Its bytes are copied, or lent for the time of a call, never handed
 * out: a view kept after munmap would kill the process.
 */
public final class Mapping extends NativeBytes {

    /**
     * Wraps mapped memory; called by implementations of {@link SystemCalls}.
     *
     * @param bytes the bytes, from 0 to the buffer's capacity
     * @param address where the mapping starts
     * @param description what is mapped, for error messages
     * @param unmap ends the mapping; called once
     */
    public Mapping(ByteBuffer bytes, long address, String description, Runnable unmap) {
        super(bytes, address, description, unmap);
    }
}
