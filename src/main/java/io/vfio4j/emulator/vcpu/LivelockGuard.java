package io.vfio4j.emulator.vcpu;

/**
 * Notices that guests make no progress: no work done, no lock handed over, no call answered. What costs no time, however often it is done, is
 * progress once.
 */
final class LivelockGuard {
    private static final long MOST_EVENTS = 20_000_000;
    private static final long MOST_NANOS = 20_000_000_000L;

    private final long mostEvents;
    private final long mostNanos;
    private long events;
    private long progress;

    LivelockGuard(long mostEvents, long mostNanos) {
        this.mostEvents = mostEvents;
        this.mostNanos = mostNanos;
    }

    /** With limits that no history reaches that goes on. */
    static LivelockGuard usual() {
        return new LivelockGuard(MOST_EVENTS, MOST_NANOS);
    }

    void count() {
        events++;
    }

    void progressed(long now) {
        if (now != progress) {
            events = 0;
            progress = now;
        }
    }

    boolean isExhausted(long now) {
        return events > mostEvents || now - progress > mostNanos;
    }

    long eventsWithoutProgress() {
        return events;
    }

    long lastProgress() {
        return progress;
    }
}
