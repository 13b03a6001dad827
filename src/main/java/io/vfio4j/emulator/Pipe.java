package io.vfio4j.emulator;

/** A display pipe of the vGPU: a scanout engine with a primary and a cursor plane of its own. */
public enum Pipe {
    /** The first pipe, enabled from the start. */
    A,
    /** The second pipe. */
    B,
    /** The third pipe. */
    C
}
