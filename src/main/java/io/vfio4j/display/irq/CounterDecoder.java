package io.vfio4j.display.irq;

/**
 * Takes a counter apart. The counter is unsigned, and adds up what was signalled since the last read: so division is right, a test
 * of bits is wrong (two primary events have bit 57 set, not 56), and so is any signed comparison (from 128 primary events on a
 * Java long is negative).
 *
 * <p>Decoding allocates nothing; the result is in the accessors until the next call. For one thread.
 */
public final class CounterDecoder {
    private static final long SATURATED = -1L;

    private final Kind kind;
    private final long high;
    private final long low;
    private final boolean primaryIsHigh;

    private boolean primaryChanged;
    private boolean cursorChanged;
    private boolean saturated;
    private boolean planesCounted;
    private boolean signalsCounted;
    private long primary;
    private long cursor;
    private long signals;

    private enum Kind {
        /** Two values, one for each plane. */
        VALUES,
        /** Two values, but the kernel may have lost them and count by one. */
        VALUES_OR_ONE,
        /** Counts by one and does not tell planes. */
        ONE,
        /** An eventfd of the primary plane alone. */
        PRIMARY_ONLY,
        /** An eventfd of the cursor alone. */
        CURSOR_ONLY
    }

    private CounterDecoder(Kind kind, EventValues values) {
        this.kind = kind;
        this.primaryIsHigh = Long.compareUnsigned(values.primary(), values.cursor()) > 0;
        this.high = primaryIsHigh ? values.primary() : values.cursor();
        this.low = primaryIsHigh ? values.cursor() : values.primary();
    }

    /**
     * For a counter that tells planes by its values.
     *
     * @param values what the driver adds; where they cannot be told apart, every event is one of all planes
     * @return the decoder
     */
    public static CounterDecoder ofValues(EventValues values) {
        return values.tellPlanes() ? new CounterDecoder(Kind.VALUES, values) : ofOnes();
    }

    /**
     * For a counter of a kernel that may have lost the values that its capability claims.
     *
     * @param values what the capability claims
     * @return the decoder
     */
    public static CounterDecoder ofValuesOrOnes(EventValues values) {
        return values.tellPlanes() ? new CounterDecoder(Kind.VALUES_OR_ONE, values) : ofOnes();
    }

    /**
     * For a counter that goes up by one for whatever happened.
     *
     * @return the decoder
     */
    public static CounterDecoder ofOnes() {
        return new CounterDecoder(Kind.ONE, EventValues.SERIES);
    }

    /**
     * For v2's eventfd of the primary plane.
     *
     * @return the decoder
     */
    public static CounterDecoder ofPrimary() {
        return new CounterDecoder(Kind.PRIMARY_ONLY, EventValues.SERIES);
    }

    /**
     * For v2's eventfd of the cursor.
     *
     * @return the decoder
     */
    public static CounterDecoder ofCursor() {
        return new CounterDecoder(Kind.CURSOR_ONLY, EventValues.SERIES);
    }

    /**
     * Decodes what was read.
     *
     * @param counter unsigned, not 0
     */
    public void decode(long counter) {
        saturated = counter == SATURATED;
        primary = 0;
        cursor = 0;
        signals = 0;
        primaryChanged = true;
        cursorChanged = true;
        planesCounted = false;
        signalsCounted = false;
        if (saturated) {
            return;
        }
        switch (kind) {
            case VALUES -> decodeValues(counter);
            case VALUES_OR_ONE -> {
                if (Long.compareUnsigned(counter, low) < 0) {
                    countSignals(counter);
                } else {
                    decodeValues(counter);
                }
            }
            case ONE -> countSignals(counter);
            case PRIMARY_ONLY -> {
                countPlanes(counter, 0);
                cursorChanged = false;
            }
            case CURSOR_ONLY -> {
                countPlanes(0, counter);
                primaryChanged = false;
            }
        }
    }

    private void decodeValues(long counter) {
        long highs = Long.divideUnsigned(counter, high);
        long rest = counter - highs * high;
        long lows = Long.divideUnsigned(rest, low);
        if (rest != lows * low) {
            // Somebody else's value is in it: nothing can be told, so everything changed.
            return;
        }
        countPlanes(primaryIsHigh ? highs : lows, primaryIsHigh ? lows : highs);
        // 256 cursor events carry into the primary's byte: where the larger value is seen, the smaller may have been
        // lost.
        boolean highChanged = highs != 0;
        boolean lowChanged = highChanged || lows != 0;
        primaryChanged = primaryIsHigh ? highChanged : lowChanged;
        cursorChanged = primaryIsHigh ? lowChanged : highChanged;
    }

    private void countPlanes(long primaries, long cursors) {
        primary = primaries;
        cursor = cursors;
        planesCounted = true;
        countSignals(primaries + cursors);
    }

    private void countSignals(long count) {
        signals = count;
        signalsCounted = true;
    }

    /**
     * Whether the primary plane has to be looked at.
     *
     * @return true also where it cannot be told
     */
    public boolean primaryChanged() {
        return primaryChanged;
    }

    /**
     * Whether the cursor has to be looked at.
     *
     * @return true also where it cannot be told
     */
    public boolean cursorChanged() {
        return cursorChanged;
    }

    /**
     * Whether the counter had stopped at its maximum, so that nothing is counted.
     *
     * @return whether it was all ones
     */
    public boolean saturated() {
        return saturated;
    }

    /**
     * Whether {@link #primary} and {@link #cursor} are known.
     *
     * @return false when the dialect does not tell planes, and for saturated and foreign counters
     */
    public boolean planesCounted() {
        return planesCounted;
    }

    /**
     * Whether {@link #signals} is known.
     *
     * @return false for saturated and foreign counters
     */
    public boolean signalsCounted() {
        return signalsCounted;
    }

    /**
     * Events of the primary plane.
     *
     * @return a count, 0 where unknown
     */
    public long primary() {
        return primary;
    }

    /**
     * Events of the cursor.
     *
     * @return a count, 0 where unknown
     */
    public long cursor() {
        return cursor;
    }

    /**
     * All events: both planes', or the plain counter where planes are not told.
     *
     * @return a count, 0 where unknown
     */
    public long signals() {
        return signals;
    }
}
