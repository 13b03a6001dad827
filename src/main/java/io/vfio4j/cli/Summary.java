package io.vfio4j.cli;

import io.vfio4j.display.DisplayStats;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a watch came to.
 *
 * @param device the device's name
 * @param dialect the irq's dialect, or {@code none}
 * @param policy as on the command line
 * @param seen what was delivered
 * @param display what the display counted
 * @param length how long the watch took, without the closing
 * @param driver what the driver counted; empty for a real one, which does not tell
 * @param frames how the emulated guest kept pace; empty for one that answers at once, and for a real one
 */
record Summary(
        String device,
        String dialect,
        String policy,
        Tally.Counts seen,
        DisplayStats display,
        Duration length,
        Optional<DriverCounts> driver,
        Optional<Frames> frames) {

    /** What the emulated driver signalled; the planes only where it tells them. */
    record DriverCounts(long calls, long signals, OptionalLong primary, OptionalLong cursor) {}

    /**
     * What became of an emulated guest's frames.
     *
     * @param frames how many it has flipped
     * @param vblanks how many it was interrupted for
     * @param missed vblanks that passed without a new frame
     * @param flips how long after its vblank each frame was flipped; empty without frames
     * @param refreshes how much later than on a host of its own each was signalled; empty where nothing is signalled
     */
    record Frames(
            long frames, long vblanks, long missed, Optional<Tally.Latency> flips, Optional<Tally.Latency> refreshes) {}

    /** Where there is no irq, nothing is signalled, and nothing is known of signals. */
    private OptionalLong ofIrq(OptionalLong count) {
        return dialect.equals(NONE) ? OptionalLong.empty() : count;
    }

    static final String NONE = "none";

    OptionalLong signals() {
        return ofIrq(seen.signals());
    }

    OptionalLong primary() {
        return ofIrq(seen.primary());
    }

    OptionalLong cursor() {
        return ofIrq(seen.cursor());
    }

    double seconds() {
        return length.toNanos() / 1e9;
    }

    double eventsPerSecond() {
        return length.isZero() ? 0 : seen.events() / seconds();
    }
}
