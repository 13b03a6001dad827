package io.vfio4j.emulator;

import java.util.ArrayList;
import java.util.List;

/** A file that can be polled and whose read gives a number: an eventfd or a timerfd. */
abstract class Counter extends OpenFile {
    private final List<EmulatedPoller.Watch> watches = new ArrayList<>(1);

    /** EPOLLIN. */
    abstract boolean isReady();

    /** read(2) of 8 bytes: the value, which is reset; 0 stands for EAGAIN. */
    abstract long take();

    final void watch(EmulatedPoller.Watch watch) {
        watches.add(watch);
    }

    final void unwatch(EmulatedPoller.Watch watch) {
        watches.remove(watch);
    }

    /** To be called when the counter has become ready. */
    final void wake() {
        for (int i = 0; i < watches.size(); i++) {
            watches.get(i).ready();
        }
    }

    /** noop_llseek(). */
    @Override
    final long size() {
        return 0;
    }

    /** fs/eventpoll.c: the last close of a watched file ends the watch, and wakes nobody. */
    @Override
    void release() {
        List.copyOf(watches).forEach(EmulatedPoller.Watch::end);
    }
}
