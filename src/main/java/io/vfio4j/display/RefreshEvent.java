package io.vfio4j.display;

import io.vfio4j.vfio.PlaneType;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The picture changed, or may have: look at the named planes.
 *
 * <p>An event may stand for several reads of the irq's counter ({@code merged}). As long as a subscription is not paused, the
 * differences of {@code sequence} between its events equal their {@code merged}, and the counts add up to what the driver
 * signalled, unless a counter was saturated or foreign: so a subscriber can prove that nothing was lost.
 *
 * @param planes which planes to look at; never empty
 * @param source where the event comes from; {@link RefreshSource#IRQ} as soon as one read is in it
 * @param buffer for {@link RefreshSource#TIMER}, what the query said
 * @param sequence the number of the display's last counter read that it covers; 0 before the first
 * @param merged how many counter reads it covers; 0 for an event of timer, watchdog or resync alone
 * @param saturated whether a counter stood at its maximum, so that counts are unknown
 * @param timeNanos when the last of what it covers was noticed, on the clock of the display's system calls (for the real kernel
 *     {@link System#nanoTime}): the time of the read, not of the scan-out
 * @param signalsOrUnknown see {@link #signals}; -1 for unknown
 * @param primaryOrUnknown see {@link #primary}; -1 for unknown
 */
public record RefreshEvent(
        Set<PlaneType> planes,
        RefreshSource source,
        BufferChange buffer,
        long sequence,
        int merged,
        boolean saturated,
        long timeNanos,
        long signalsOrUnknown,
        long primaryOrUnknown) {

    /** Stands for a count that is not known; no counter that can be taken apart holds it. */
    static final long UNKNOWN = -1;

    /**
     * How often the driver signalled: both planes' events where the counter tells planes, else the counter itself.
     *
     * @return empty for a saturated or foreign counter, and where there is no irq
     */
    public OptionalLong signals() {
        return known(signalsOrUnknown);
    }

    /**
     * How often the driver signalled the primary plane.
     *
     * @return empty where the counter does not tell planes, was saturated or foreign, and where there is no irq
     */
    public OptionalLong primary() {
        return known(primaryOrUnknown);
    }

    /**
     * How often the driver signalled the cursor.
     *
     * @return empty under the same conditions as {@link #primary}
     */
    public OptionalLong cursor() {
        return primaryOrUnknown == UNKNOWN || signalsOrUnknown == UNKNOWN
                ? OptionalLong.empty()
                : OptionalLong.of(signalsOrUnknown - primaryOrUnknown);
    }

    private static OptionalLong known(long count) {
        return count == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(count);
    }
}
