package io.vfio4j.cli;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.FrameTiming;
import io.vfio4j.emulator.GuestFrame;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/** How late the frames of an emulated guest were whose vCPUs wait for processors. */
final class FrameTally {
    private static final long LONGEST_NANOS = 3_600_000_000_000L;
    private static final int DIGITS = 3;

    private final EmulatedGuest guest;
    private final Histogram flips = new Histogram(LONGEST_NANOS, DIGITS);
    private final Histogram refreshes = new Histogram(LONGEST_NANOS, DIGITS);

    FrameTally(EmulatedGuest guest) {
        this.guest = guest;
    }

    /** Up to now. */
    Summary.Frames count() {
        for (GuestFrame frame : guest.takeFrames()) {
            flips.recordValue(Math.min(frame.flipLatenessNanos(), LONGEST_NANOS));
            frame.refreshLatenessNanos()
                    .ifPresent(lateness -> refreshes.recordValue(Math.min(lateness, LONGEST_NANOS)));
        }
        FrameTiming timing = guest.frameTiming();
        return new Summary.Frames(
                timing.frames(),
                timing.vblanks(),
                timing.missedVblanks(),
                latency(flips, timing.longestFlipNanos()),
                latency(refreshes, timing.longestRefreshNanos()));
    }

    /** The histogram rounds up to its next bucket, by a thousandth; the longest is known. */
    private static Optional<Tally.Latency> latency(Histogram histogram, long longest) {
        return Tally.latency(histogram)
                .map(rounded ->
                        new Tally.Latency(Math.min(rounded.p50(), longest), Math.min(rounded.p99(), longest), longest));
    }
}
