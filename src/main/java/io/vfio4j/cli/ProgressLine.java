package io.vfio4j.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** How far something long is: one line on a terminal, redrawn in place, and taken away at the end; nothing where there is no terminal. */
final class ProgressLine implements AutoCloseable {
    /** Without wrapping, as {@link LiveLine}. */
    private static final String REDRAW = "\r\033[?7l\033[K";

    private static final String END = "\033[?7h";
    private static final long REDRAW_NANOS = 200_000_000;
    /** Before that nobody knows how long it takes. */
    private static final long LEARNING_NANOS = 2_000_000_000;

    private static final int PERCENT = 100;

    private final PrintWriter err;
    private final boolean terminal;
    private final String what;
    private final long startNanos = System.nanoTime();
    private long drawnNanos;
    private boolean drawn;

    ProgressLine(PrintWriter err, boolean terminal, String what) {
        this.err = err;
        this.terminal = terminal;
        this.what = what;
    }

    /** So many of so many are done. */
    void show(int done, int total) {
        long now = System.nanoTime();
        if (!terminal || drawn && done < total && now - drawnNanos < REDRAW_NANOS) {
            return;
        }
        err.print(REDRAW + text(done, total, now - startNanos) + END);
        err.flush();
        drawn = true;
        drawnNanos = now;
    }

    private String text(int done, int total, long passedNanos) {
        String progress =
                String.format(Locale.ROOT, "%d of %d %s, %d %%", done, total, what, (long) done * PERCENT / total);
        if (passedNanos < LEARNING_NANOS || done == 0) {
            return progress;
        }
        double secondsLeft = passedNanos / 1e9 / done * (total - done);
        return progress + ", " + DurationText.format(Duration.ofSeconds(Math.round(secondsLeft))) + " left";
    }

    /** Says something that stays, in the place of the line. */
    void say(String line) {
        if (terminal) {
            err.print(drawn ? "\r\033[K" : "");
            err.println(line);
            err.flush();
        }
    }

    @Override
    public void close() {
        if (drawn) {
            err.print("\r\033[K");
            err.flush();
        }
    }
}
