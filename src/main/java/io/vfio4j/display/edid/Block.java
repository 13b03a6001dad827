package io.vfio4j.display.edid;

/** A part of an EDID's bytes, read and written as unsigned values; it cannot be left. */
final class Block {
    private static final int LINE_FEED = 0x0a;
    private static final int SPACE = 0x20;

    private final byte[] bytes;
    private final int start;
    private final int size;

    Block(byte[] bytes, int start, int size) {
        if (start < 0 || size < 0 || size > bytes.length - start) {
            throw new IndexOutOfBoundsException(size + " bytes from " + start + " on, of " + bytes.length);
        }
        this.bytes = bytes;
        this.start = start;
        this.size = size;
    }

    int size() {
        return size;
    }

    int get(int offset) {
        return bytes[index(offset)] & 0xff;
    }

    int get16(int offset) {
        return get(offset) | get(offset + 1) << 8;
    }

    long get32(int offset) {
        return get16(offset) | (long) get16(offset + 2) << 16;
    }

    void set(int offset, int value) {
        if (value < 0 || value > 0xff) {
            throw new IllegalArgumentException(value + " does not fit a byte");
        }
        bytes[index(offset)] = (byte) value;
    }

    void set16(int offset, int value) {
        set(offset, value & 0xff);
        set(offset + 1, value >> 8);
    }

    /** A line feed and spaces, as behind text, from an offset to the end. */
    void pad(int from) {
        for (int offset = from; offset < size; offset++) {
            set(offset, offset == from ? LINE_FEED : SPACE);
        }
    }

    Block slice(int offset, int length) {
        if (offset < 0 || length > size - offset) {
            throw new IndexOutOfBoundsException(length + " bytes from " + offset + " on, of " + size);
        }
        return new Block(bytes, start + offset, length);
    }

    /** All of it added up, in a byte: 0 in a block of an EDID. */
    int sum() {
        int sum = 0;
        for (int offset = 0; offset < size; offset++) {
            sum += get(offset);
        }
        return sum & 0xff;
    }

    boolean isBlank() {
        for (int offset = 0; offset < size; offset++) {
            if (get(offset) != 0) {
                return false;
            }
        }
        return true;
    }

    private int index(int offset) {
        if (offset < 0 || offset >= size) {
            throw new IndexOutOfBoundsException("byte " + offset + " of " + size);
        }
        return start + offset;
    }
}
