package io.vfio4j.vfio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Immutable bytes of a kernel's answer, little-endian. Offsets need no alignment: the display irq's capabilities have 64-bit
 * values at offsets such as 44.
 */
public final class Bytes {
    private final byte[] bytes;

    private Bytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Copies an array.
     *
     * @param source the bytes
     * @return the same bytes
     */
    public static Bytes of(byte[] source) {
        return new Bytes(source.clone());
    }

    /**
     * How many there are.
     *
     * @return the size
     */
    public int size() {
        return bytes.length;
    }

    /**
     * Reads an unsigned 16-bit value.
     *
     * @param offset its offset
     * @return 0 to 65535
     */
    public int getShort(int offset) {
        return Short.toUnsignedInt(view().getShort(offset));
    }

    /**
     * Reads a 32-bit value.
     *
     * @param offset its offset
     * @return the value, mostly meant unsigned
     */
    public int getInt(int offset) {
        return view().getInt(offset);
    }

    /**
     * Reads a 64-bit value.
     *
     * @param offset its offset
     * @return the value, mostly meant unsigned
     */
    public long getLong(int offset) {
        return view().getLong(offset);
    }

    /**
     * A part of it.
     *
     * @param from the first byte's offset
     * @param to the offset behind the last byte
     * @return the part
     */
    public Bytes slice(int from, int to) {
        if (from < 0 || to < from || to > bytes.length) {
            throw new IndexOutOfBoundsException("bytes " + from + " to " + to + " of " + bytes.length);
        }
        return new Bytes(Arrays.copyOfRange(bytes, from, to));
    }

    /**
     * Copies the bytes out.
     *
     * @return a new array
     */
    public byte[] toArray() {
        return bytes.clone();
    }

    private ByteBuffer view() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Hexadecimal digits, two a byte, in memory order. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
