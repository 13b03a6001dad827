package io.vfio4j.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Bytes that the kernel sees too: little-endian, bounds-checked, and safe against being freed or unmapped while another
 * thread reads them. Offsets are in bytes and need no alignment.
 */
public abstract sealed class NativeBytes implements AutoCloseable permits NativeMemory, Mapping {
    private final ByteBuffer bytes;
    private final long address;
    private final String description;
    private final References references;

    NativeBytes(ByteBuffer bytes, long address, String description, Runnable free) {
        this.bytes = bytes.duplicate().clear().order(ByteOrder.LITTLE_ENDIAN);
        this.address = address;
        this.description = description;
        this.references = new References(free);
    }

    /**
     * How many bytes there are.
     *
     * @return the size in bytes
     */
    public final int size() {
        return bytes.capacity();
    }

    /**
     * Lends the address, as the kernel sees it, until {@link #release}; for implementations of {@link SystemCalls}.
     *
     * @return the address of byte 0
     * @throws ClosedException after {@link #close}
     */
    public final long acquire() {
        if (!references.tryAcquire()) {
            throw new ClosedException(description);
        }
        return address;
    }

    /** Ends the loan of {@link #acquire}. */
    public final void release() {
        references.release();
    }

    /**
     * Reads an unsigned byte.
     *
     * @param offset its offset
     * @return 0 to 255
     */
    public final int getByte(int offset) {
        acquire();
        try {
            return Byte.toUnsignedInt(bytes.get(offset));
        } finally {
            release();
        }
    }

    /**
     * Reads an unsigned 16-bit value.
     *
     * @param offset its offset
     * @return 0 to 65535
     */
    public final int getShort(int offset) {
        acquire();
        try {
            return Short.toUnsignedInt(bytes.getShort(offset));
        } finally {
            release();
        }
    }

    /**
     * Reads a 32-bit value.
     *
     * @param offset its offset
     * @return the value; the kernel mostly means it unsigned
     */
    public final int getInt(int offset) {
        acquire();
        try {
            return bytes.getInt(offset);
        } finally {
            release();
        }
    }

    /**
     * Reads a 64-bit value.
     *
     * @param offset its offset
     * @return the value; the kernel mostly means it unsigned
     */
    public final long getLong(int offset) {
        acquire();
        try {
            return bytes.getLong(offset);
        } finally {
            release();
        }
    }

    /**
     * Copies bytes out.
     *
     * @param offset the first one's offset
     * @param length how many
     * @return a new array
     */
    public final byte[] getBytes(int offset, int length) {
        Objects.checkFromIndexSize(offset, length, size());
        byte[] copy = new byte[length];
        acquire();
        try {
            bytes.get(offset, copy);
        } finally {
            release();
        }
        return copy;
    }

    /**
     * Writes a byte.
     *
     * @param offset its offset
     * @param value the low 8 bits are written
     */
    public final void putByte(int offset, int value) {
        acquire();
        try {
            bytes.put(offset, (byte) value);
        } finally {
            release();
        }
    }

    /**
     * Writes a 16-bit value.
     *
     * @param offset its offset
     * @param value the low 16 bits are written
     */
    public final void putShort(int offset, int value) {
        acquire();
        try {
            bytes.putShort(offset, (short) value);
        } finally {
            release();
        }
    }

    /**
     * Writes a 32-bit value.
     *
     * @param offset its offset
     * @param value the value
     */
    public final void putInt(int offset, int value) {
        acquire();
        try {
            bytes.putInt(offset, value);
        } finally {
            release();
        }
    }

    /**
     * Writes a 64-bit value.
     *
     * @param offset its offset
     * @param value the value
     */
    public final void putLong(int offset, long value) {
        acquire();
        try {
            bytes.putLong(offset, value);
        } finally {
            release();
        }
    }

    /**
     * Copies bytes in.
     *
     * @param offset where the first one goes
     * @param source what is copied, whole
     */
    public final void putBytes(int offset, byte[] source) {
        acquire();
        try {
            bytes.put(offset, source);
        } finally {
            release();
        }
    }

    /** Sets every byte to zero. */
    public final void clear() {
        putBytes(0, new byte[size()]);
    }

    /** For who has acquired them. */
    final void copyOut(int offset, ByteBuffer target, int targetOffset, int length) {
        target.put(targetOffset, bytes, offset, length);
    }

    /**
     * Lends all bytes as a buffer for the time of one call. The buffer must not be kept: the memory behind it may be gone
     * afterwards, and touching it then kills the process.
     *
     * @param borrower gets a little-endian buffer, position 0, limit {@link #size}
     * @throws ClosedException after {@link #close}
     */
    public final void lend(Consumer<ByteBuffer> borrower) {
        acquire();
        try {
            borrower.accept(bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear());
        } finally {
            release();
        }
    }

    /**
     * Whether {@link #close} was called.
     *
     * @return true from the first close on
     */
    public final boolean isClosed() {
        return references.isClosed();
    }

    /** Frees or unmaps the bytes when the last loan ends, at the latest now. Further calls do nothing. */
    @Override
    public void close() {
        references.close();
    }

    @Override
    public String toString() {
        return description + " (" + size() + " bytes" + (references.isClosed() ? ", closed)" : ")");
    }
}
