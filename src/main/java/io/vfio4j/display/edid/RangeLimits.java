package io.vfio4j.display.edid;

/**
 * What a monitor can follow: the display range limits descriptor.
 *
 * @param minimumHertz the lowest vertical rate
 * @param maximumHertz the highest vertical rate
 * @param minimumKilohertz the lowest horizontal rate
 * @param maximumKilohertz the highest horizontal rate
 * @param maximumClockKilohertz the highest pixel clock; 0 where it is not said
 */
public record RangeLimits(
        int minimumHertz, int maximumHertz, int minimumKilohertz, int maximumKilohertz, int maximumClockKilohertz) {

    /** Of a descriptor: rates are in bytes, to which EDID 1.4 can add 255; then the clock in units of 10 MHz. */
    private static final int OFFSETS = 4;

    private static final int RATES = 5;
    private static final int CLOCK = 9;
    private static final int TIMING_SUPPORT = 10;
    private static final int MORE_OF_CLOCK = 12;

    private static final int OFFSET = 255;
    private static final int MOST_RATE = OFFSET + 0xff;
    private static final int CLOCK_UNIT_KILOHERTZ = 10_000;
    private static final int CLOCK_STEP_KILOHERTZ = 250;
    private static final int RANGE_LIMITS_ONLY = 1;
    private static final int CVT = 4;

    static RangeLimits of(Block descriptor, boolean offsetsAllowed) {
        int offsets = offsetsAllowed ? descriptor.get(OFFSETS) : 0;
        int clock = descriptor.get(CLOCK) * CLOCK_UNIT_KILOHERTZ;
        if (descriptor.get(TIMING_SUPPORT) == CVT) {
            clock -= (descriptor.get(MORE_OF_CLOCK) >> 2) * CLOCK_STEP_KILOHERTZ;
        }
        return new RangeLimits(
                descriptor.get(RATES) + minimumOffset(offsets),
                descriptor.get(RATES + 1) + maximumOffset(offsets),
                descriptor.get(RATES + 2) + minimumOffset(offsets >> 2),
                descriptor.get(RATES + 3) + maximumOffset(offsets >> 2),
                Math.max(0, clock));
    }

    private static int minimumOffset(int bits) {
        return (bits & 3) == 3 ? OFFSET : 0;
    }

    private static int maximumOffset(int bits) {
        return (bits & 2) != 0 ? OFFSET : 0;
    }

    /** Fast modes with many lines go beyond it. */
    boolean fitDescriptor() {
        return maximumHertz <= MOST_RATE && maximumKilohertz <= MOST_RATE;
    }

    /** As EDID 1.4 has them, where they fit. Bare limits: no formula yields more timings than are listed. */
    void writeTo(Block descriptor) {
        descriptor.set(OFFSETS, offsets(minimumHertz, maximumHertz) | offsets(minimumKilohertz, maximumKilohertz) << 2);
        writeRates(descriptor, RATES, minimumHertz, maximumHertz);
        writeRates(descriptor, RATES + 2, minimumKilohertz, maximumKilohertz);
        descriptor.set(CLOCK, (maximumClockKilohertz + CLOCK_UNIT_KILOHERTZ - 1) / CLOCK_UNIT_KILOHERTZ);
        descriptor.set(TIMING_SUPPORT, RANGE_LIMITS_ONLY);
        descriptor.pad(TIMING_SUPPORT + 1);
    }

    private static void writeRates(Block descriptor, int offset, int minimum, int maximum) {
        int bits = offsets(minimum, maximum);
        descriptor.set(offset, minimum - minimumOffset(bits));
        descriptor.set(offset + 1, maximum - maximumOffset(bits));
    }

    private static int offsets(int minimum, int maximum) {
        if (minimum > OFFSET) {
            return 3;
        }
        return maximum > OFFSET ? 2 : 0;
    }

    @Override
    public String toString() {
        return minimumHertz + "-" + maximumHertz + " Hz, " + minimumKilohertz + "-" + maximumKilohertz + " kHz"
                + (maximumClockKilohertz == 0 ? "" : ", up to " + maximumClockKilohertz / 1000 + " MHz");
    }
}
