package io.vfio4j.emulator;

/**
 * What the emulated driver has posted to the display irq, to be compared with what arrived.
 *
 * @param calls calls of {@code eventfd_signal}
 * @param primary primary increments; 0 in the dialects whose value does not tell planes (v3, page-flip, the ports)
 * @param cursor cursor increments, likewise
 * @param raw the sum of all values, modulo 2<sup>64</sup>; where each signal adds 1, the number of signals
 * @param heuristicPrimary how many primary increments were guessed by the single-framebuffer heuristic
 * @param droppedMasked calls that the mask swallowed
 * @param vblanks vblanks emulated for this vGPU
 */
public record SignalCounts(
        long calls, long primary, long cursor, long raw, long heuristicPrimary, long droppedMasked, long vblanks) {}
