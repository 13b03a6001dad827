package io.vfio4j.frontend.rfb;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Tells the operator who was not let in, and, where {@code DEBUG} is on, who came and went, one line each; not more lines than somebody can
 * read, however many strangers knock. Under the name {@code io.vfio4j}.
 */
final class ClientLog {
    static final int MOST_LINES = 100;
    private static final long SPAN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final String screen;
    private final Logger logger;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private long spanStart;
    private int lines;
    private int omitted;

    ClientLog(String screen, Logger logger, LongSupplier clock) {
        this.screen = screen;
        this.logger = logger;
        this.clock = clock;
        this.spanStart = clock.getAsLong();
    }

    void came(SocketAddress client) {
        line(Level.DEBUG, client + " looks at " + screen);
    }

    void left(SocketAddress client, boolean wasIn, String why) {
        line(
                wasIn ? Level.DEBUG : Level.INFO,
                client + (wasIn ? " looks at " + screen + " no more: " : " was not let in to " + screen + ": ") + why);
    }

    void note(SocketAddress client, String what) {
        line(Level.INFO, client + " at " + screen + ": " + what);
    }

    void warn(String what) {
        line(Level.WARNING, what);
    }

    private void line(Level level, String text) {
        if (!logger.isLoggable(level)) {
            return;
        }
        int before = 0;
        lock.lock();
        try {
            long now = clock.getAsLong();
            if (now - spanStart > SPAN_NANOS) {
                spanStart = now;
                before = omitted;
                omitted = 0;
                lines = 0;
            }
            if (++lines > MOST_LINES) {
                omitted++;
                return;
            }
        } finally {
            lock.unlock();
        }
        if (before > 0) {
            logger.log(Level.INFO, before + " more lines about clients of " + screen + " are left out");
        }
        logger.log(level, text);
    }
}
