package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.Optional;

/**
 * fs/eventfd.c, not a semaphore, non-blocking. Drivers keep a reference to the counter itself, which outlives the
 * descriptor: what they signal then, nobody reads.
 */
final class EventFd extends Counter {
    private static final long ALL_ONES = -1L;

    private long count;
    private Optional<Consumer> consumer = Optional.empty();

    /** Something in the kernel that takes what is signalled, before anybody can read it: drivers/vfio/virqfd.c. */
    interface Consumer {
        void signalled();

        /** The last descriptor was closed. */
        void hungUp();
    }

    /** Adds the consumer, who also gets what is there already; that stays to be read, though. */
    void consumeBy(Consumer taker) {
        consumer = Optional.of(taker);
        if (count != 0) {
            taker.signalled();
        }
    }

    void consumeByNobody() {
        consumer = Optional.empty();
    }

    private void raised() {
        if (count == 0) {
            return;
        }
        if (consumer.isPresent()) {
            count = 0;
            consumer.get().signalled();
        } else {
            wake();
        }
    }

    @Override
    void release() {
        consumer.ifPresent(Consumer::hungUp);
        super.release();
    }

    @Override
    String name() {
        return "anon_inode:[eventfd]";
    }

    /** eventfd_signal(): stops at 2^64 - 1, where poll reports EPOLLERR as well. */
    void signal(long value) {
        long room = ALL_ONES - count;
        count = Long.compareUnsigned(room, value) < 0 ? ALL_ONES : count + value;
        raised();
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
        raised();
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
}
