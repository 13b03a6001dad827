package io.vfio4j.emulator;

/** What a guest does by itself: once at the start, and then in each vblank's interrupt handler. */
interface GuestScript {
    /** Sits and waits to be told. */
    GuestScript NOTHING = pipe -> {};

    /** The script begins. */
    default void start() {}

    /** The vblank of an enabled pipe. */
    void onVblank(Pipe pipe);

    /** The vblank is over, for all pipes; also when none is enabled, while another vGPU keeps the timer running. */
    default void afterVblank() {}

    /** The guest turns to something else. */
    default void stop() {}
}
