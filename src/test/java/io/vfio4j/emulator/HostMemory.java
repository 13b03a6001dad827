package io.vfio4j.emulator;

/** What a test wants to know of the emulated process's memory, and no user. */
public final class HostMemory {
    private HostMemory() {}

    /** How many pieces of memory are allocated or mapped. */
    public static int pieces(EmulatedHost host) {
        return host.memoryPieces();
    }
}
