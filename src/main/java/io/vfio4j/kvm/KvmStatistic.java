package io.vfio4j.kvm;

import io.vfio4j.linux.uapi.Kvm;
import java.util.Locale;

/**
 * What KVM counts, and how: {@code struct kvm_stats_desc} of {@code linux/kvm.h}.
 *
 * @param name what it is called, for example {@code directed_yield_successful}
 * @param kind how its values are to be read
 * @param unit what its values are, or, of a histogram, what the bounds of its buckets are
 * @param base what the unit is scaled by a power of: 10 or 2; 0 where this version of vfio4j does not know
 * @param exponent the exponent of {@code base}: -9 with 10 and seconds means nanoseconds
 * @param values how many values it has; 1, or the number of buckets of a histogram
 * @param bucketSize how wide the buckets of a linear histogram are, unsigned; else without meaning
 * @param offset where the values are in the data, in bytes, unsigned
 */
public record KvmStatistic(
        String name, Kind kind, Unit unit, int base, int exponent, int values, int bucketSize, int offset) {

    /** How values are to be read. */
    public enum Kind {
        /** It only grows. */
        CUMULATIVE,
        /** How it is now. */
        INSTANT,
        /** The highest that was seen. */
        PEAK,
        /** How many samples fell into buckets of one width. */
        LINEAR_HISTOGRAM,
        /** How many samples fell into buckets each of which is as wide as all before it. */
        LOGARITHMIC_HISTOGRAM,
        /** Something that this version of vfio4j does not know. */
        UNKNOWN;

        static Kind of(int flags) {
            return switch (flags & Kvm.KVM_STATS_TYPE_MASK) {
                case Kvm.KVM_STATS_TYPE_CUMULATIVE -> CUMULATIVE;
                case Kvm.KVM_STATS_TYPE_INSTANT -> INSTANT;
                case Kvm.KVM_STATS_TYPE_PEAK -> PEAK;
                case Kvm.KVM_STATS_TYPE_LINEAR_HIST -> LINEAR_HISTOGRAM;
                case Kvm.KVM_STATS_TYPE_LOG_HIST -> LOGARITHMIC_HISTOGRAM;
                default -> UNKNOWN;
            };
        }
    }

    /** What is measured. */
    public enum Unit {
        /** A count. */
        NONE,
        /** Memory. */
        BYTES,
        /** Time. */
        SECONDS,
        /** Cycles of the processor. */
        CYCLES,
        /** 0 or 1. */
        BOOLEAN,
        /** Something that this version of vfio4j does not know. */
        UNKNOWN;

        static Unit of(int flags) {
            return switch (flags & Kvm.KVM_STATS_UNIT_MASK) {
                case Kvm.KVM_STATS_UNIT_NONE -> NONE;
                case Kvm.KVM_STATS_UNIT_BYTES -> BYTES;
                case Kvm.KVM_STATS_UNIT_SECONDS -> SECONDS;
                case Kvm.KVM_STATS_UNIT_CYCLES -> CYCLES;
                case Kvm.KVM_STATS_UNIT_BOOLEAN -> BOOLEAN;
                default -> UNKNOWN;
            };
        }
    }

    static int baseOf(int flags) {
        return switch (flags & Kvm.KVM_STATS_BASE_MASK) {
            case Kvm.KVM_STATS_BASE_POW10 -> 10;
            case Kvm.KVM_STATS_BASE_POW2 -> 2;
            default -> 0;
        };
    }

    /**
     * Whether its values are the counts of buckets.
     *
     * @return true for both kinds of histogram
     */
    public boolean isHistogram() {
        return kind == Kind.LINEAR_HISTOGRAM || kind == Kind.LOGARITHMIC_HISTOGRAM;
    }

    /** For people: {@code halt_wait_ns (cumulative, 10^-9 seconds)}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name).append(" (").append(lower(kind));
        if (isHistogram()) {
            text.append(" of ").append(values).append(" buckets");
        }
        if (unit != Unit.NONE || exponent != 0) {
            text.append(", ");
            if (exponent != 0) {
                text.append(base).append('^').append(exponent).append(' ');
            }
            text.append(lower(unit));
        }
        return text.append(')').toString();
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
