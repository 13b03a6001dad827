package io.vfio4j.emulator;

import java.util.List;

/**
 * The IOMMU of a host that has one, as {@code intel-iommu} of QEMU is by default: 39 bits of address, pages of 4 KiB, 2 MiB and
 * 1 GiB, and a hole for the local APIC, where interrupts are sent to.
 */
final class Translation {
    static final long PAGE_SIZES = 0x4020_1000L;

    /**
     * Addresses that a device may use.
     *
     * @param first the first one
     * @param last the last one, inclusive; unsigned
     */
    record Range(long first, long last) {
        boolean holds(long from, long to) {
            return Long.compareUnsigned(from, first) >= 0 && Long.compareUnsigned(to, last) <= 0;
        }
    }

    static final List<Range> RANGES = List.of(new Range(0, 0xfedf_ffffL), new Range(0xfef0_0000L, 0x7f_ffff_ffffL));

    /** Where no IOMMU translates. */
    static final List<Range> EVERYTHING = List.of(new Range(0, -1));

    private Translation() {}

    static boolean isAllowed(List<Range> ranges, long first, long last) {
        return ranges.stream().anyMatch(range -> range.holds(first, last));
    }
}
