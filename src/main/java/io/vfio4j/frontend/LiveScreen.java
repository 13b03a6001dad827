package io.vfio4j.frontend;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.display.Subscription;
import io.vfio4j.display.SubscriptionOptions;
import io.vfio4j.display.pixels.Cursor;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.linux.ClosedException;
import java.io.IOException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A screen that any number of viewers look at: reads the picture once for all of them when the display says that it changed, and tells
 * them. A viewer takes the newest picture when it is ready for one, and learns what changed since it looked last; so a slow one gets
 * fewer, newer pictures, and nothing queues. While nobody looks, nothing is read and the display's irq is masked.
 *
 * <p>It is a name first: the display behind it may come, go, and come again ({@link #attach}); meanwhile viewers see a placeholder that
 * says why.
 *
 * <p>Any thread may call. No method waits for a viewer, except that viewers are told on the thread that reads.
 */
public final class LiveScreen implements AutoCloseable {
    private static final int PLACEHOLDER_WIDTH = 640;
    private static final int PLACEHOLDER_HEIGHT = 480;

    private final String name;
    private final LiveOptions options;
    private final Executor capturer;
    private final Optional<ExecutorService> ownThread;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicInteger lookers = new AtomicInteger();
    private final Lane drawn = new Lane(this);
    private final Lane separate = new Lane(this);
    private final Cursor cursor = new Cursor();

    private final AtomicLong captures = new AtomicLong();
    private final AtomicLong unchanged = new AtomicLong();
    private final AtomicLong skipped = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong totalPixels = new AtomicLong();

    private Optional<Attachment> attachment = Optional.empty();
    private CursorLook cursorLook = CursorLook.HIDDEN;
    private int lastWidth = PLACEHOLDER_WIDTH;
    private int lastHeight = PLACEHOLDER_HEIGHT;

    private LiveScreen(String name, LiveOptions options) {
        this.name = name;
        this.options = options;
        this.ownThread = options.capturer().isPresent()
                ? Optional.empty()
                : Optional.of(Executors.newSingleThreadExecutor(task -> {
                    Thread thread = new Thread(task, "vfio4j screen " + name);
                    thread.setDaemon(true);
                    return thread;
                }));
        this.capturer = options.capturer().orElseGet(ownThread::orElseThrow);
        absent("waiting for " + name);
    }

    /**
     * Makes a screen that shows nothing yet.
     *
     * @param name what viewers see as its name
     * @param options how it is read
     * @return the caller closes it
     */
    public static LiveScreen named(String name, LiveOptions options) {
        return new LiveScreen(name, options);
    }

    /**
     * Makes a screen of a display, with its name.
     *
     * @param display stays the caller's
     * @return the caller closes it
     */
    public static LiveScreen of(Display display) {
        LiveScreen screen = named(display.name(), LiveOptions.DEFAULTS);
        screen.attach(display);
        return screen;
    }

    /**
     * What it is called.
     *
     * @return the same for ever
     */
    public String name() {
        return name;
    }

    /**
     * Shows a display from now on, until it closes, or another one takes its place.
     *
     * @param display stays the caller's
     * @throws ClosedException when the display is closed
     */
    public void attach(Display display) {
        Attachment next = new Attachment(display);
        lock.lock();
        try {
            attachment.ifPresent(Attachment::close);
            attachment = Optional.of(next);
            next.begin();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Shows no display any more, but a sentence.
     *
     * @param why for people, printable ASCII
     */
    public void detach(String why) {
        lock.lock();
        try {
            attachment.ifPresent(Attachment::close);
            attachment = Optional.empty();
        } finally {
            lock.unlock();
        }
        absent(why);
    }

    /**
     * The display that is shown.
     *
     * @return empty where there is none at the moment
     */
    public Optional<Display> display() {
        lock.lock();
        try {
            return attachment.map(current -> current.display);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets somebody look.
     *
     * @param style who draws the cursor
     * @param news is called when there is something to look at; must be short and not block, because everybody else waits. What it
     *     throws is ignored
     * @return the viewer's place, to be closed
     */
    public Viewing view(CursorStyle style, Runnable news) {
        return (style == CursorStyle.DRAWN ? drawn : separate).join(news);
    }

    /** Reads soon, however long nothing has changed: after an input, which mostly changes the picture. */
    public void nudge() {
        // Nothing to hurry yet: readings are not put off.
    }

    /**
     * What happened so far.
     *
     * @return numbers that were each true a moment ago
     */
    public LiveStats stats() {
        Map<RefreshSource, Long> events = new EnumMap<>(RefreshSource.class);
        for (RefreshSource source : RefreshSource.values()) {
            events.put(source, 0L);
        }
        return new LiveStats(
                events,
                0,
                captures.get(),
                unchanged.get(),
                skipped.get(),
                failures.get(),
                0,
                0,
                drawn.changedPixels() + separate.changedPixels(),
                totalPixels.get(),
                new LatencyCounts(0, 0, 0, Collections.nCopies(LatencyCounts.BOUNDS.size() + 1, 0L)),
                lookers.get());
    }

    /** Ends all viewings and the reading; the display stays open. Further calls do nothing. */
    @Override
    public void close() {
        detach(name + " is closed");
        ownThread.ifPresent(ExecutorService::shutdown);
    }

    void looking(int change) {
        lock.lock();
        try {
            int now = lookers.addAndGet(change);
            attachment.ifPresent(current -> current.demand(now > 0));
        } finally {
            lock.unlock();
        }
    }

    /** A frame was given back, and a picture waits to be read. */
    void readAgain() {
        capturer.execute(() -> display().ifPresent(display -> capture(display, OptionalLong.empty())));
    }

    private void absent(String why) {
        CursorLook hidden = new CursorLook(false, 0, 0, 0, 0, CursorLook.HIDDEN.image());
        for (Lane lane : new Lane[] {drawn, separate}) {
            lane.free().ifPresent(slot -> {
                Placeholder.draw(slot.frame, lastWidth, lastHeight, why);
                lane.publish(slot, Optional.of(why), hidden, OptionalLong.empty());
            });
        }
    }

    private void capture(Display display, OptionalLong noticed) {
        try {
            boolean shown = false;
            for (Lane lane : new Lane[] {drawn, separate}) {
                if (!lane.isWatched()) {
                    continue;
                }
                Optional<Lane.Slot> free = lane.free();
                if (free.isEmpty()) {
                    skipped.incrementAndGet();
                    continue;
                }
                Frame frame = free.get().frame;
                if (!display.screen().capture(frame)) {
                    absent(Placeholder.NOTHING_YET);
                    return;
                }
                captures.incrementAndGet();
                totalPixels.addAndGet((long) frame.width() * frame.height());
                lastWidth = frame.width();
                lastHeight = frame.height();
                display.screen().cursor(cursor);
                cursorLook = CursorLook.of(cursor, cursorLook);
                if (lane == drawn) {
                    frame.drawCursor(cursor);
                }
                shown |= lane.publish(
                        free.get(), Optional.empty(), lane == drawn ? CursorLook.HIDDEN : cursorLook, noticed);
            }
            if (!shown) {
                unchanged.incrementAndGet();
            }
        } catch (IOException unreadable) {
            failures.incrementAndGet();
            absent(name + " cannot be shown: " + unreadable.getMessage());
        } catch (ClosedException gone) {
            // onClosed tells the viewers.
        }
    }

    /** The display that is shown, and the subscription to its events. */
    private final class Attachment implements RefreshListener {
        private final Display display;
        private Optional<Subscription> subscription = Optional.empty();

        private Attachment(Display display) {
            this.display = display;
        }

        private void begin() {
            Subscription subscribed = display.subscribe(this, SubscriptionOptions.DIRECT.on(capturer));
            subscription = Optional.of(subscribed);
            demand(lookers.get() > 0);
        }

        private void demand(boolean wanted) {
            subscription.ifPresent(wanted ? Subscription::resume : Subscription::pause);
        }

        private void close() {
            subscription.ifPresent(Subscription::close);
        }

        @Override
        public void onRefresh(RefreshEvent event) {
            capture(display, OptionalLong.of(event.timeNanos()));
        }

        @Override
        public void onModeChanged(DisplayMode mode) {}

        @Override
        public void onOff() {
            absent(Placeholder.NOTHING_YET);
        }

        @Override
        public void onClosed(Optional<Throwable> cause) {
            absent(name + " is gone" + cause.map(why -> ": " + why.getMessage()).orElse(""));
        }
    }

    LiveOptions options() {
        return options;
    }
}
