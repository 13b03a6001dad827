package io.vfio4j.display.irq;

import io.vfio4j.linux.uapi.DisplayIrq;

/**
 * What a driver adds to the counter for each event of a plane. Any two different values that are not zero can be told apart.
 *
 * @param primary for the primary plane, unsigned
 * @param cursor for the cursor plane, unsigned
 */
public record EventValues(long primary, long cursor) {
    /** The values of v4, v5 and v6: 1&lt;&lt;56 and 1&lt;&lt;48. */
    public static final EventValues SERIES = new EventValues(DisplayIrq.PRIMARY_VALUE, DisplayIrq.CURSOR_VALUE);

    /**
     * Whether a counter made of these values can be taken apart.
     *
     * @return false when one is zero, or both are equal
     */
    public boolean tellPlanes() {
        return primary != 0 && cursor != 0 && primary != cursor;
    }
}
