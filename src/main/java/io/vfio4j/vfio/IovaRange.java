package io.vfio4j.vfio;

/**
 * Addresses that a device may use for DMA.
 *
 * @param first the first one
 * @param last the last one, inclusive; both are unsigned
 */
public record IovaRange(long first, long last) {

    /**
     * Whether a piece of memory fits.
     *
     * @param from its first address
     * @param to its last one, inclusive
     * @return whether all of it lies in this range
     */
    public boolean holds(long from, long to) {
        return Long.compareUnsigned(from, first) >= 0 && Long.compareUnsigned(to, last) <= 0;
    }

    @Override
    public String toString() {
        return "0x" + Long.toHexString(first) + " to 0x" + Long.toHexString(last);
    }
}
