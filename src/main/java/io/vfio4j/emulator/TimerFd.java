package io.vfio4j.emulator;

/** fs/timerfd.c, one-shot, on the kernel's clock. */
final class TimerFd extends Counter {
    private final EventQueue events;
    private EventQueue.Event armed = EventQueue.Event.NONE;
    private long expirations;

    TimerFd(EventQueue events) {
        this.events = events;
    }

    @Override
    String name() {
        return "anon_inode:[timerfd]";
    }

    /** timerfd_settime(): forgets expirations that were not read. */
    void arm(long delayNanos) {
        armed.cancel();
        expirations = 0;
        if (delayNanos <= 0) {
            expire();
        } else {
            armed = events.after(delayNanos, this::expire);
        }
    }

    private void expire() {
        expirations++;
        wake();
    }

    @Override
    boolean isReady() {
        return expirations != 0;
    }

    @Override
    long take() {
        long taken = expirations;
        expirations = 0;
        return taken;
    }

    @Override
    void release() {
        armed.cancel();
        super.release();
    }
}
