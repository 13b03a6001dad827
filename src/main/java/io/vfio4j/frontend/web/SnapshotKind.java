package io.vfio4j.frontend.web;

import java.util.concurrent.TimeUnit;

/** What can be made of a screen's picture for a page. */
enum SnapshotKind {
    /** Nothing: only what there is to say about it. */
    FACTS("", 100),
    /** Small, for the list of screens. */
    THUMBNAIL("png", 250),
    /** Every pixel as it is. */
    PNG("png", 500),
    /** Every pixel nearly as it is, made and sent quickly. */
    JPEG("jpeg", 100);

    /** What of it is in memory at once, whoever asks, is bounded by this: twice as wide as high, and so on, fits too. */
    static final int THUMBNAIL_WIDTH = 320;

    static final int THUMBNAIL_HEIGHT = 200;

    private final String format;
    private final long intervalNanos;

    SnapshotKind(String format, int intervalMillis) {
        this.format = format;
        this.intervalNanos = TimeUnit.MILLISECONDS.toNanos(intervalMillis);
    }

    /** As Java calls it; empty for none. */
    String format() {
        return format;
    }

    String type() {
        return "image/" + format;
    }

    /** From one to the next; who asks in between waits for the next. */
    long intervalNanos() {
        return intervalNanos;
    }
}
