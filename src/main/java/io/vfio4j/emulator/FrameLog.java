package io.vfio4j.emulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** What became of each frame of a guest; the oldest are forgotten first. Used under the kernel's lock. */
final class FrameLog {
    static final int LIMIT = 1 << 16;

    /** A frame that was flipped, and not signalled yet. */
    private record Shown(GuestSchedule.Vblank vblank, long flip, long due) {}

    private final ArrayDeque<GuestFrame> done = new ArrayDeque<>();
    private final List<Shown> shown = new ArrayList<>();
    private long vblanks;
    private long missed;
    private long frames;
    private long longestFlip;
    private long longestRefresh;
    private boolean waiting;

    /** A vblank whose interrupt the guest gets. */
    void vblank() {
        vblanks++;
        if (waiting) {
            missed++;
        }
        waiting = true;
    }

    /** The guest does not see the vblanks for a while. */
    void pause() {
        waiting = false;
    }

    /** The guest has flipped, for a vblank; due is when the driver tells of it at best. */
    void flip(GuestSchedule.Vblank vblank, long now, long due) {
        waiting = false;
        frames++;
        longestFlip = Math.max(longestFlip, now - vblank.time());
        shown.add(new Shown(vblank, now, due));
    }

    /** The driver has had its occasion to signal what was flipped. */
    void signal(OptionalLong time) {
        for (Shown frame : shown) {
            GuestFrame result = new GuestFrame(frame.vblank().time(), frame.flip(), frame.due(), time);
            longestRefresh =
                    Math.max(longestRefresh, result.refreshLatenessNanos().orElse(0));
            if (done.size() == LIMIT) {
                done.remove();
            }
            done.add(result);
        }
        shown.clear();
    }

    FrameTiming timing() {
        return new FrameTiming(vblanks, missed, frames, longestFlip, longestRefresh);
    }

    List<GuestFrame> take() {
        List<GuestFrame> taken = List.copyOf(done);
        done.clear();
        return taken;
    }
}
