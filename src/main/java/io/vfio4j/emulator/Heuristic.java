package io.vfio4j.emulator;

/**
 * The guess that a guest draws into the framebuffer which is being shown: many pipe calls without a flip. Asked once for
 * every pipe in every vblank, enabled or not ({@code emulate_vblank_on_pipe} of drivers/gpu/drm/i915/gvt/display.c).
 */
interface Heuristic {
    /** PAGEFLIP_INC_COUNT of v4. */
    int DECAY_PER_FLIP = 5;
    /** PAGEFLIP_DELAY_THR of v5 and v6. */
    int THRESHOLD = 10;

    /** Counts a pipe's vblank with so many flips in it; true means that the primary plane is taken for changed. */
    boolean guess(int flips);

    /** Never guesses: v2, v3, and the page-flip tree. */
    static Heuristic none() {
        return flips -> false;
    }

    /** v4: each flip adds, each pipe call takes away, so that the guess comes the later the more the guest has flipped. */
    static Heuristic decaying() {
        return new Heuristic() {
            private int count;

            @Override
            public boolean guess(int flips) {
                count += DECAY_PER_FLIP * flips;
                if (--count < 0) {
                    count = 0;
                    return true;
                }
                return false;
            }
        };
    }

    /** v5 and v6: a flip resets. */
    static Heuristic threshold() {
        return new Heuristic() {
            private int count;

            @Override
            public boolean guess(int flips) {
                if (flips > 0) {
                    count = 0;
                    return false;
                }
                if (count > THRESHOLD) {
                    return true;
                }
                count++;
                return false;
            }
        };
    }
}
