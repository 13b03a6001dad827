package io.vfio4j.cli;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.GuestFrame;
import org.HdrHistogram.Histogram;

/** Counts how late the frames of an emulated guest are whose vCPUs wait for processors. */
final class FrameTally {
    private final EmulatedGuest guest;
    private final Histogram flips = FrameLateness.histogram();
    private final Histogram refreshes = FrameLateness.histogram();

    FrameTally(EmulatedGuest guest) {
        this.guest = guest;
    }

    /** Up to now. The histograms are the tally's own, which the next call fills. */
    FrameLateness count() {
        for (GuestFrame frame : guest.takeFrames()) {
            record(flips, frame.flipLatenessNanos());
            frame.refreshLatenessNanos().ifPresent(lateness -> record(refreshes, lateness));
        }
        return new FrameLateness(guest.frameTiming(), flips, refreshes);
    }

    private static void record(Histogram histogram, long nanos) {
        histogram.recordValue(Math.min(nanos, FrameLateness.LONGEST_NANOS));
    }
}
