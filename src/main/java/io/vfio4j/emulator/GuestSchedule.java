package io.vfio4j.emulator;

import java.util.ArrayDeque;
import java.util.Optional;

/**
 * When the guest's vblank handler gets to its flip, where the guest waits for processors: asks a model, and lets the flips happen
 * at the model's time.
 *
 * <p>The model runs in slices of a millisecond, each when the kernel's time has come to its beginning, so that it is ahead of the
 * kernel by one slice at most, and a slice never reaches beyond the next vblank as long as vblanks come in their turn. One that
 * comes earlier than that, by a change of the refresh rate or by {@link Vgpu#vblank}, is posted when the model is there: less
 * than a slice late.
 *
 * <p>Without vblanks the model finishes what is being drawn, for {@link #LONGEST_FINISH} at most, and then sleeps: time passes for the
 * kernel and not for the model, at no cost, and nothing is made up for afterwards. In real time it also sleeps while the kernel is
 * more than {@link #FARTHEST_BEHIND} late, because the machine is too slow or was stopped.
 *
 * <p>All times are those for which things were scheduled, also in real time, where a thread comes a little later: the history is
 * the same as in virtual time. Used under the kernel's lock.
 */
final class GuestSchedule {
    static final long SLICE = 1_000_000;
    static final long LONGEST_FINISH = 1_000_000_000;
    static final long FARTHEST_BEHIND = 100_000_000;

    /** What the guest does when it has drawn a frame. */
    interface Handler {
        /**
         * The guest flips, now.
         *
         * @param vblank the vblank that the frame was drawn for
         * @param now the time
         */
        void flip(GuestSchedule.Vblank vblank, long now);
    }

    /**
     * A vblank whose interrupt was posted.
     *
     * @param time when it was
     * @param period how long it is to the next
     */
    record Vblank(long time, long period) {}

    /** A vblank, and what the model's clock showed when it was posted. */
    private record Posted(long modelTime, Vblank vblank) {}

    private final Kernel kernel;
    private final GuestModel.Maker maker;
    private final Handler handler;
    private final ArrayDeque<Posted> posted = new ArrayDeque<>();
    /** Those that are to come: in the order of their times, as the model told them. */
    private final ArrayDeque<EventQueue.Event> flips = new ArrayDeque<>();

    private Optional<GuestModel> model = Optional.empty();
    private EventQueue.Event nextSlice = EventQueue.Event.NONE;
    /** What the kernel's clock shows more than the model's. */
    private long offset;

    private boolean awake;
    private long nextVblank;

    GuestSchedule(Kernel kernel, GuestModel.Maker maker, Handler handler) {
        this.kernel = kernel;
        this.maker = maker;
        this.handler = handler;
    }

    /** Makes the model, unless there is one: it takes its time, which is not the first vblank's. */
    void prepare() {
        if (model.isEmpty()) {
            model = Optional.of(maker.make(this::modelFlips));
        }
    }

    /**
     * A vblank: its interrupt is posted.
     *
     * @return whether the guest has a chance to see it; false when real time has run away
     */
    boolean vblank(Vblank vblank) {
        prepare();
        nextSlice.cancel();
        if (isBehind(vblank.time())) {
            awake = false;
            return false;
        }
        GuestModel guest = model.orElseThrow();
        if (!awake || vblank.time() > guest.nanoTime() + offset) {
            offset = vblank.time() - guest.nanoTime();
        }
        awake = true;
        // If the model is ahead all the same, its vblank is later than the kernel's by that.
        nextVblank = vblank.time() + vblank.period();
        posted.add(new Posted(guest.nanoTime(), vblank));
        guest.postInterrupt();
        long from = guest.nanoTime() + offset;
        if (from > vblank.time()) {
            continueAt(from);
        } else {
            runSlice(from);
        }
        return true;
    }

    private void continueAt(long time) {
        nextSlice = kernel.events().at(time, () -> runSlice(time));
    }

    /** What is being drawn is never shown: nobody looks any more, or the guest has turned to something else. */
    void forget() {
        nextSlice.cancel();
        hide();
        awake = false;
    }

    /** What is being drawn is never shown, but the guest goes on drawing it. */
    void hide() {
        flips.forEach(EventQueue.Event::cancel);
        flips.clear();
        posted.clear();
    }

    private void runSlice(long from) {
        if (isBehind(from) || (from >= nextVblank && isFinished(from))) {
            awake = false;
            return;
        }
        long to = from < nextVblank ? Math.min(from + SLICE, nextVblank) : from + SLICE;
        model.orElseThrow().runTo(to - offset);
        continueAt(to);
    }

    /** Nothing is being drawn, or not within reasonable time. */
    private boolean isFinished(long now) {
        return posted.isEmpty() || now - posted.getLast().vblank().time() > LONGEST_FINISH;
    }

    private boolean isBehind(long time) {
        return !kernel.isVirtual() && kernel.nanoTime() - time > FARTHEST_BEHIND;
    }

    private void modelFlips(long nanos, long vblankNanos) {
        // Interrupts that were posted before that one and not taken have merged with it.
        while (!posted.isEmpty() && posted.getFirst().modelTime() < vblankNanos) {
            posted.removeFirst();
        }
        if (posted.isEmpty() || posted.getFirst().modelTime() != vblankNanos) {
            // Its vblank was forgotten.
            return;
        }
        Vblank vblank = posted.removeFirst().vblank();
        long time = nanos + offset;
        flips.add(kernel.events().at(time, () -> {
            flips.remove();
            handler.flip(vblank, time);
        }));
    }
}
