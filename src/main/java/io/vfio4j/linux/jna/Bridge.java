package io.vfio4j.linux.jna;

/** The functions of {@code native/bridge/bridge.c}. Usable only where {@link BridgeLibrary#CAUSE} is empty. */
final class Bridge {
    /** Changes with every change of what a function takes, returns or writes; {@code bridge.c} has the same number. */
    static final int VERSION = 1;

    private Bridge() {}

    static native int version();

    /**
     * Waits and reads; see {@link EpollPoller#waitAndRead}.
     *
     * @param results the address of the results
     */
    static native int poll(int epoll, long results, int room, boolean wait);
}
