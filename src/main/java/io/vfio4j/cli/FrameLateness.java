package io.vfio4j.cli;

import io.vfio4j.emulator.FrameTiming;
import java.util.List;
import java.util.Optional;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.PackedHistogram;

/**
 * How late frames were, of one guest or of several.
 *
 * @param timing what was counted
 * @param flips how long after its vblank each frame was flipped, in nanoseconds; nothing of it is changed
 * @param refreshes how much later than on a host of its own each was signalled; likewise
 */
record FrameLateness(FrameTiming timing, Histogram flips, Histogram refreshes) {
    static final long LONGEST_NANOS = 3_600_000_000_000L;
    private static final int DIGITS = 3;

    /** Without frames, and as small as they are few. */
    static Histogram histogram() {
        return new PackedHistogram(LONGEST_NANOS, DIGITS);
    }

    /** All frames together, each with the same weight. */
    static FrameLateness pooled(List<FrameLateness> several) {
        Histogram flips = histogram();
        Histogram refreshes = histogram();
        FrameTiming sum = new FrameTiming(0, 0, 0, 0, 0);
        for (FrameLateness each : several) {
            flips.add(each.flips);
            refreshes.add(each.refreshes);
            FrameTiming one = each.timing;
            sum = new FrameTiming(
                    sum.vblanks() + one.vblanks(),
                    sum.missedVblanks() + one.missedVblanks(),
                    sum.frames() + one.frames(),
                    Math.max(sum.longestFlipNanos(), one.longestFlipNanos()),
                    Math.max(sum.longestRefreshNanos(), one.longestRefreshNanos()));
        }
        return new FrameLateness(sum, flips, refreshes);
    }

    /** The part of the vblanks that passed without a new frame; 0 without vblanks. */
    double missedShare() {
        return timing.vblanks() == 0 ? 0 : (double) timing.missedVblanks() / timing.vblanks();
    }

    Summary.Frames summary() {
        return new Summary.Frames(
                timing.frames(),
                timing.vblanks(),
                timing.missedVblanks(),
                latency(flips, timing.longestFlipNanos()),
                latency(refreshes, timing.longestRefreshNanos()));
    }

    /** The histogram knows the bucket, a thousandth wide: its middle is said, but for the longest, which is known. */
    private static Optional<Tally.Latency> latency(Histogram histogram, long longest) {
        return Tally.latency(histogram)
                .map(each -> new Tally.Latency(
                        Math.min(histogram.medianEquivalentValue(each.p50()), longest),
                        Math.min(histogram.medianEquivalentValue(each.p99()), longest),
                        longest));
    }
}
