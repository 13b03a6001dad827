package io.vfio4j.emulator;

/** How long a guest takes from a vblank's interrupt to its flip, on a clock of its own. Used under the kernel's lock. */
interface GuestModel {
    /** The model's time: 0 when it was made. */
    long nanoTime();

    /** Lets happen what happens up to a time of the model's. */
    void runTo(long nanos);

    /** The interrupt of a vblank, now. */
    void postInterrupt();

    /** Is told of each frame while the model runs. */
    interface Flips {
        /**
         * The guest flips.
         *
         * @param nanos when, on the model's clock
         * @param vblankNanos when the interrupt was posted that the frame was drawn for, on the same clock
         */
        void flip(long nanos, long vblankNanos);
    }

    /** Makes a model, which is as it is after running for a while. */
    interface Maker {
        GuestModel make(Flips flips);
    }
}
