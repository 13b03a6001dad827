package io.vfio4j.linux.jna;

import io.vfio4j.linux.LinuxException;

/** Waits and reads in C, with one transition for all of it. */
final class BridgePoller extends EpollPoller {
    BridgePoller() throws LinuxException {}

    @Override
    int waitAndRead(int epoll, int room, boolean wait) {
        return Bridge.poll(epoll, resultsAddress, room, wait);
    }
}
