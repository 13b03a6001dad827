package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.OptionalLong;

/** A guest that draws one frame after another, each for as long as it is told; interrupts that come meanwhile merge. */
final class ScriptedGuest implements GuestModel {
    private static final long MS = 1_000_000;

    private final Flips flips;
    private final ArrayDeque<Long> times = new ArrayDeque<>();
    private long now;
    private long done = Long.MAX_VALUE;
    private OptionalLong drawn = OptionalLong.empty();
    private OptionalLong pending = OptionalLong.empty();
    private long worked;
    private long longestSlice;

    ScriptedGuest(Flips flips, long... millis) {
        this.flips = flips;
        for (long each : millis) {
            times.add(each * MS);
        }
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public void runTo(long nanos) {
        assertTrue(nanos >= now, "the model's time goes back");
        longestSlice = Math.max(longestSlice, nanos - now);
        worked += nanos - now;
        while (done <= nanos) {
            now = done;
            done = Long.MAX_VALUE;
            flips.flip(now, drawn.orElseThrow());
            OptionalLong next = pending;
            pending = OptionalLong.empty();
            next.ifPresent(this::draw);
        }
        now = nanos;
    }

    private void draw(long vblank) {
        drawn = OptionalLong.of(vblank);
        done = now + (times.size() > 1 ? times.remove() : times.getFirst());
    }

    @Override
    public void postInterrupt() {
        if (done == Long.MAX_VALUE) {
            draw(now);
        } else {
            pending = OptionalLong.of(now);
        }
    }

    long worked() {
        return worked;
    }

    long longestSlice() {
        return longestSlice;
    }
}
