package io.vfio4j.emulator;

import java.util.OptionalLong;

/**
 * A frame of a guest whose host has too few processors: how late it was shown, and how late the host was told. Times are those of
 * {@link EmulatedClock#nanoTime}, exact in virtual time; in real time they are when things were due, a thread of this process may have come later.
 *
 * @param vblankNanos the vblank that it was drawn for
 * @param flipNanos when the guest had drawn it and flipped, or did what its scenario has it do
 * @param dueNanos when the driver would have signalled it on a host that nobody shares: at the next vblank, in v2 at this one
 * @param signalNanos when the driver signalled the display irq for the first time since; empty where it did not, because there is no such irq, it was
 *     masked or not armed, or it does not signal what was done
 */
public record GuestFrame(long vblankNanos, long flipNanos, long dueNanos, OptionalLong signalNanos) {
    /**
     * How long after its vblank the frame was there, drawing included.
     *
     * @return in nanoseconds
     */
    public long flipLatenessNanos() {
        return flipNanos - vblankNanos;
    }

    /**
     * How much later the refresh event is than on a host that nobody shares. The signal of a vblank-bound irq is later by whole periods.
     *
     * @return in nanoseconds, not negative; empty where nothing was signalled
     */
    public OptionalLong refreshLatenessNanos() {
        return signalNanos.isPresent()
                ? OptionalLong.of(Math.max(0, signalNanos.getAsLong() - dueNanos))
                : OptionalLong.empty();
    }
}
