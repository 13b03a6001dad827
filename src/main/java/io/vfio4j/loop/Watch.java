package io.vfio4j.loop;

import io.vfio4j.linux.Descriptor;

/** A counter that a loop watches. */
public final class Watch {
    final Descriptor counter;
    final CounterHandler handler;
    final long token;

    Watch(Descriptor counter, CounterHandler handler, long token) {
        this.counter = counter;
        this.handler = handler;
        this.token = token;
    }

    int slot() {
        return (int) token;
    }
}
