package io.vfio4j.linux;

import io.vfio4j.linux.uapi.Errno;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A part of a device or file that is mapped into memory. Its bytes are copied, or lent for the time of a call, never handed
 * out: a view kept after munmap would kill the process.
 *
 * <p>Where the memory behind may go away, read it by {@link #read} or {@link #copyTo}. Everything else answers then with an
 * {@link InternalError}, and not always at once.
 */
public final class Mapping extends NativeBytes {
    /** A bit pattern that is no likely picture. */
    private static final long MARK = 0x9ae1_6a3b_2f90_404fL;
    /** Shorter copies are not worth it. */
    private static final int MARKED = 64;

    private final String described;
    private final Runnable check;

    /**
     * Wraps mapped memory; called by implementations of {@link SystemCalls}.
     *
     * @param bytes the bytes, from 0 to the buffer's capacity
     * @param address where the mapping starts
     * @param description what is mapped, for error messages
     * @param unmap ends the mapping; called once
     */
    public Mapping(ByteBuffer bytes, long address, String description, Runnable unmap) {
        this(bytes, address, description, unmap, () -> {});
    }

    /**
     * Wraps memory that can be gone without the processor's knowing it, as that of a host in memory; called by implementations of
     * {@link SystemCalls}.
     *
     * @param bytes the bytes, from 0 to the buffer's capacity
     * @param address where the mapping starts
     * @param description what is mapped, for error messages
     * @param unmap ends the mapping; called once
     * @param check called after bytes were read by {@link #read} and {@link #copyTo}, on the thread that did it; throws an
     *     InternalError, as the JVM does for a fault, if they are gone
     */
    public Mapping(ByteBuffer bytes, long address, String description, Runnable unmap, Runnable check) {
        super(bytes, address, description, unmap);
        this.described = description;
        this.check = check;
    }

    /**
     * Lends all bytes as {@link #lend} does, to a reader that may find the memory behind them gone: a file that was truncated, a
     * device that was taken out. The processor then raises a fault, and the reader is stopped, possibly not at once, but before
     * this method ends. Memory must be touched by the buffer's own methods only, not by native code, which dies of the fault, and the
     * process with it.
     *
     * <p>Nor by comparisons: {@code mismatch}, {@code equals} and {@code compareTo} of a buffer run in a routine of HotSpot, once they are
     * compiled, whose faults it does not expect (seen with JDK 17 and 25). Copy first, then compare.
     *
     * @param reader gets a little-endian buffer, position 0, limit {@link #size}; must not keep it
     * @throws LinuxException EFAULT when the memory is gone; what the reader has read is worth nothing then
     * @throws ClosedException after {@link #close}
     */
    public void read(Consumer<ByteBuffer> reader) throws LinuxException {
        try {
            lend(reader);
            deliverFaults();
            check.run();
        } catch (InternalError fault) {
            throw gone(fault);
        }
    }

    /**
     * Copies bytes out, as quickly as memory can, and survives memory that is gone as {@link #read} does. Allocates nothing.
     *
     * @param offset the first one's offset
     * @param target where they go; a buffer that can be written. Its position and limit stay as they are
     * @param targetOffset where the first one goes
     * @param length how many
     * @throws LinuxException EFAULT when the memory is gone; what the target has got is worth nothing then
     * @throws ClosedException after {@link #close}
     */
    public void copyTo(int offset, ByteBuffer target, int targetOffset, int length) throws LinuxException {
        Objects.checkFromIndexSize(offset, length, size());
        Objects.checkFromIndexSize(targetOffset, length, target.capacity());
        acquire();
        try {
            int last = targetOffset + length - Long.BYTES;
            boolean marked = length >= MARKED;
            if (marked) {
                target.putLong(targetOffset, MARK).putLong(last, MARK);
            }
            copyOut(offset, target, targetOffset, length);
            // A copy that was stopped has not come to both ends: then, and only then, look for the reason.
            if (!marked || target.getLong(targetOffset) == MARK || target.getLong(last) == MARK) {
                deliverFaults();
            }
            check.run();
        } catch (InternalError fault) {
            throw gone(fault);
        } finally {
            release();
        }
    }

    /**
     * A fault in compiled code becomes an exception only when the thread next enters the JVM in a way that may throw. Making an array
     * of arrays of a length that the compiler does not know always does.
     */
    private void deliverFaults() {
        if (new byte[1 + (int) (System.nanoTime() & 1)][0].length == 0) {
            throw new AssertionError();
        }
    }

    private LinuxException gone(InternalError fault) {
        LinuxException gone = new LinuxException(Errno.EFAULT, "read", described)
                .withAdvice("The memory behind the mapping is gone.");
        gone.addSuppressed(fault);
        return gone;
    }
}
