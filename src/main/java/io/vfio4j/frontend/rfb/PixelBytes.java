package io.vfio4j.frontend.rfb;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Which bytes of a pixel's number are sent, and in which order. */
enum PixelBytes {
    ONE(1, 0, 0, 0),
    TWO_LITTLE(2, 0, 8, 0),
    TWO_BIG(2, 8, 0, 0),
    LOW_THREE_LITTLE(3, 0, 8, 16),
    /** Also red, green, blue of a frame's pixel. */
    LOW_THREE_BIG(3, 16, 8, 0),
    HIGH_THREE_LITTLE(3, 8, 16, 24),
    HIGH_THREE_BIG(3, 24, 16, 8),
    FOUR_LITTLE(4, 0, 8, 16),
    FOUR_BIG(4, 24, 16, 8);

    private static final VarHandle LITTLE_INTS =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle BIG_INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private static final int LOWEST_BYTE = 0xff;
    private static final int UPPER_BYTE = 0xff000000;

    private final int count;
    private final int first;
    private final int second;
    private final int third;

    PixelBytes(int count, int first, int second, int third) {
        this.count = count;
        this.first = first;
        this.second = second;
        this.third = third;
    }

    /** PIXEL: all bytes. */
    static PixelBytes whole(ClientPixelFormat format) {
        return switch (format.bytesPerPixel()) {
            case 1 -> ONE;
            case 2 -> format.bigEndian() ? TWO_BIG : TWO_LITTLE;
            default -> format.bigEndian() ? FOUR_BIG : FOUR_LITTLE;
        };
    }

    /** CPIXEL of ZRLE (RFC 6143, 7.7.5): three bytes, where four have one that means nothing. */
    static PixelBytes compact(ClientPixelFormat format) {
        if (format.bitsPerPixel() == 32 && format.trueColour() && format.depth() <= 24) {
            if ((format.mask() & UPPER_BYTE) == 0) {
                return format.bigEndian() ? LOW_THREE_BIG : LOW_THREE_LITTLE;
            }
            if ((format.mask() & LOWEST_BYTE) == 0) {
                return format.bigEndian() ? HIGH_THREE_BIG : HIGH_THREE_LITTLE;
            }
        }
        return whole(format);
    }

    /** How many bytes a pixel is. */
    int count() {
        return count;
    }

    /**
     * Writes one pixel.
     *
     * @return behind it
     */
    int put(int value, byte[] to, int at) {
        switch (count) {
            case 1 -> to[at] = (byte) value;
            case 2 -> {
                to[at] = (byte) (value >>> first);
                to[at + 1] = (byte) (value >>> second);
            }
            case 3 -> {
                to[at] = (byte) (value >>> first);
                to[at + 1] = (byte) (value >>> second);
                to[at + 2] = (byte) (value >>> third);
            }
            default -> (this == FOUR_BIG ? BIG_INTS : LITTLE_INTS).set(to, at, value);
        }
        return at + count;
    }

    /**
     * Writes pixels.
     *
     * @return behind them
     */
    int put(int[] values, int from, int length, byte[] to, int at) {
        switch (count) {
            case 1 -> ones(values, from, length, to, at);
            case 2 -> twos(values, from, length, to, at);
            case 3 -> threes(values, from, length, to, at);
            default -> {
                if (this == FOUR_BIG) {
                    bigFours(values, from, length, to, at);
                } else {
                    littleFours(values, from, length, to, at);
                }
            }
        }
        return at + length * count;
    }

    private static void ones(int[] values, int from, int length, byte[] to, int at) {
        for (int i = 0; i < length; i++) {
            to[at + i] = (byte) values[from + i];
        }
    }

    private void twos(int[] values, int from, int length, byte[] to, int at) {
        int shift = first;
        int other = second;
        for (int i = 0; i < length; i++) {
            int value = values[from + i];
            to[at + 2 * i] = (byte) (value >>> shift);
            to[at + 2 * i + 1] = (byte) (value >>> other);
        }
    }

    private void threes(int[] values, int from, int length, byte[] to, int at) {
        int one = first;
        int two = second;
        int three = third;
        int position = at;
        for (int i = from; i < from + length; i++) {
            int value = values[i];
            to[position] = (byte) (value >>> one);
            to[position + 1] = (byte) (value >>> two);
            to[position + 2] = (byte) (value >>> three);
            position += 3;
        }
    }

    private static void littleFours(int[] values, int from, int length, byte[] to, int at) {
        for (int i = 0; i < length; i++) {
            LITTLE_INTS.set(to, at + i * Integer.BYTES, values[from + i]);
        }
    }

    private static void bigFours(int[] values, int from, int length, byte[] to, int at) {
        for (int i = 0; i < length; i++) {
            BIG_INTS.set(to, at + i * Integer.BYTES, values[from + i]);
        }
    }
}
