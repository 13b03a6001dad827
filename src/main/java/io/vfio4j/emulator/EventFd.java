package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * fs/eventfd.c, not a semaphore, non-blocking. Drivers keep a reference to the counter itself, which outlives the
 * descriptor: what they signal then, nobody reads.
 */
final class EventFd extends Counter {
    private static final long ALL_ONES = -1L;

    /** What reads the counter the moment it is signalled, instead of who polls it: an irqfd. */
    interface Consumer {
        /** The counter was signalled, and is empty again. */
        void signalled();

        /** The last descriptor of the counter was closed. */
        void hungUp();
    }

    private final Deque<Consumer> consumers = new ArrayDeque<>(1);
    private long count;

    @Override
    String name() {
        return "anon_inode:[eventfd]";
    }

    /** eventfd_signal(): stops at 2^64 - 1, where poll reports EPOLLERR as well. */
    void signal(long value) {
        long room = ALL_ONES - count;
        count = Long.compareUnsigned(room, value) < 0 ? ALL_ONES : count + value;
        wakeUp();
    }

    /** eventfd_write(): EAGAIN instead of reaching 2^64 - 1. */
    void write(long value) throws KernelError {
        if (value == ALL_ONES) {
            throw new KernelError(Errno.EINVAL);
        }
        if (Long.compareUnsigned(ALL_ONES - count, value) <= 0) {
            throw new KernelError(Errno.EAGAIN);
        }
        count += value;
        wakeUp();
    }

    /** A consumer is an exclusive waiter, and the last that came is first: it is woken alone, even by a 0. */
    private void wakeUp() {
        if (!consumers.isEmpty()) {
            count = 0;
            consumers.peek().signalled();
        } else if (count != 0) {
            wake();
        }
    }

    /** add_wait_queue_priority(): what is in the counter stays there. */
    void attach(Consumer consumer) {
        consumers.push(consumer);
    }

    /** eventfd_ctx_remove_wait_queue(): empties the counter, too. */
    void detach(Consumer consumer) {
        if (consumers.remove(consumer)) {
            count = 0;
        }
    }

    @Override
    boolean isReady() {
        return count != 0;
    }

    @Override
    long take() {
        long taken = count;
        count = 0;
        return taken;
    }

    @Override
    void release() {
        super.release();
        List.copyOf(consumers).forEach(Consumer::hungUp);
    }
}
