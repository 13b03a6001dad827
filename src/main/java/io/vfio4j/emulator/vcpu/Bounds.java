package io.vfio4j.emulator.vcpu;

import java.util.Locale;

/** What a parameter may be. Errors name the component of the record. */
final class Bounds {
    /** The longest that anything takes: a quarter of an hour. Sums of a few of them are far from an overflow. */
    static final long LONGEST_NANOS = 1_000_000_000_000L;

    /** The latest time of a simulation: 36 years. No sum of it and of what comes next overflows. */
    static final long LATEST_NANOS = 1L << 60;

    private Bounds() {}

    static void check(String component, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "%s must be between %d and %d, not %d", component, least, most, value));
        }
    }

    /** A time that may be nothing. */
    static void nanos(String component, long value) {
        check(component, value, 0, LONGEST_NANOS);
    }

    /** A time that passes. */
    static void positiveNanos(String component, long value) {
        check(component, value, 1, LONGEST_NANOS);
    }
}
