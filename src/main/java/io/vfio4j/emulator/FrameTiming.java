package io.vfio4j.emulator;

/**
 * How a guest kept pace with its display, since it was made. All 0 for a guest that answers at once.
 *
 * @param vblanks vblanks whose interrupt was posted to the guest
 * @param missedVblanks how many of them passed without a new frame since the one before: the old picture stayed for another period
 * @param frames frames that were drawn and flipped
 * @param longestFlipNanos the longest {@link GuestFrame#flipLatenessNanos} of all
 * @param longestRefreshNanos the longest {@link GuestFrame#refreshLatenessNanos} of all
 */
public record FrameTiming(
        long vblanks, long missedVblanks, long frames, long longestFlipNanos, long longestRefreshNanos) {}
