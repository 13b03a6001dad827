package io.vfio4j.frontend;

import io.vfio4j.display.BufferChange;
import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.Subscription;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.linux.ClosedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

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
    private final String name;
    private final Optional<ExecutorService> ownThread;
    private final ReentrantLock lock = new ReentrantLock();
    private final LiveCounts counts = new LiveCounts();
    private final Reader reader;
    private final Turns turns;
    private final Attachment.Listener listener = new Attachment.Listener() {
        @Override
        public void due(Attachment from, RefreshEvent event) {
            refresh(from, event);
        }

        @Override
        public void noticed(Attachment from, RefreshEvent event) {
            notice(from, event);
        }

        @Override
        public void off(Attachment from) {
            wish(from, Wish::look);
        }

        @Override
        public void gone(Attachment from, Optional<Throwable> cause) {
            leave(from, cause);
        }
    };

    // With the lock.

    private final Pace pace;
    private Wish wish = new Wish();
    private Optional<Attachment> attachment = Optional.empty();
    private int lookers;
    private boolean closed;
    /** Why there is no display; read also without the lock. */
    private volatile String absence;

    private LiveScreen(String name, LiveOptions options) {
        this.name = name;
        this.absence = "waiting for " + name;
        this.pace = new Pace(options.longestIdle());
        this.ownThread = options.capturer().isPresent()
                ? Optional.empty()
                : Optional.of(Executors.newSingleThreadExecutor(task -> {
                    Thread thread = new Thread(task, "vfio4j screen " + name);
                    thread.setDaemon(true);
                    return thread;
                }));
        this.reader = new Reader(this, counts);
        this.turns = new Turns(options.capturer().orElseGet(ownThread::orElseThrow), this::turn);
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
     * Shows a display from now on, until it closes, or another one takes its place. Waits for nothing but a callback of the one before that
     * is running.
     *
     * @param display stays the caller's
     * @throws ClosedException when the display is closed, and what was shown before stays; or when this screen is
     */
    public void attach(Display display) {
        Attachment next = new Attachment(display, listener);
        Optional<Attachment> before = replace(Optional.of(next), absence);
        List<Subscription> begun;
        try {
            begun = next.subscribe();
        } catch (ClosedException displayIsClosed) {
            locked(() -> {
                if (isCurrent(next)) {
                    attachment = before.filter(former -> !former.hasEnded());
                    absence = name + " is gone";
                    wish.look();
                }
            });
            turns.request();
            throw displayIsClosed;
        }
        List<Subscription> over = locked(() -> {
            List<Subscription> ended =
                    new ArrayList<>(before.map(Attachment::end).orElse(List.of()));
            if (!next.begin(begun, lookers > 0)) {
                ended.addAll(begun);
            }
            paceAnew();
            return ended;
        });
        over.forEach(Subscription::close);
        turns.request();
    }

    /**
     * Shows no display any more, but a sentence. After {@link #close} it does nothing.
     *
     * @param why for people, printable ASCII
     */
    public void detach(String why) {
        if (!isClosed()) {
            end(replace(Optional.empty(), why));
            turns.request();
        }
    }

    /** Takes another display, or none, and tells which one was there. */
    private Optional<Attachment> replace(Optional<Attachment> next, String why) {
        return locked(() -> {
            requireOpen();
            Optional<Attachment> before = attachment;
            attachment = next;
            absence = why;
            wish.look();
            return before;
        });
    }

    /** Without the lock: a callback that is running may need it. */
    private void end(Optional<Attachment> before) {
        locked(() -> before.map(Attachment::end).orElse(List.of())).forEach(Subscription::close);
    }

    /**
     * The display that is shown.
     *
     * @return empty where there is none at the moment
     */
    public Optional<Display> display() {
        return locked(() -> attachment.map(current -> current.display));
    }

    /**
     * Why viewers see no picture of the guest, as far as is known: while nobody looks, nothing is read.
     *
     * @return the sentence that the placeholder shows; empty where there is a picture, or nothing was read yet
     */
    public Optional<String> absence() {
        Optional<String> without = locked(() -> attachment.isEmpty() ? Optional.of(absence) : Optional.empty());
        return without.isPresent() ? without : reader.lane(CursorStyle.SEPARATE).absence();
    }

    /**
     * Lets somebody look. There is something to look at from the start, a placeholder at least.
     *
     * @param style who draws the cursor
     * @param news is called when there is something to look at, which may be before this method returns; one call at a time. Must be short
     *     and not block, because everybody else waits. What it throws is ignored
     * @return the viewer's place, to be closed
     * @throws ClosedException when the screen is closed
     */
    public Viewing view(CursorStyle style, Runnable news) {
        Viewing[] seat = new Viewing[1];
        change(() -> {
            requireOpen();
            seat[0] = reader.lane(style).join(news);
            return true;
        });
        return seat[0];
    }

    /**
     * Ends the waiting that came from nothing having changed, after an input, which mostly changes the picture: what is known to be there
     * to be read is read at once, and what comes next is not put off.
     */
    public void nudge() {
        locked((Runnable) this::paceAnew);
    }

    /**
     * What happened so far.
     *
     * @return numbers that were each true a moment ago
     */
    public LiveStats stats() {
        return counts.stats(locked(() -> lookers));
    }

    /**
     * Ends the reading, and tells the viewers so by a last picture; the display stays open. Memory is let go when the last viewing and the
     * last look are closed. Waits for nothing but a callback that is running. Further calls do nothing.
     */
    @Override
    public void close() {
        Optional<Attachment> before = locked(() -> {
            Optional<Attachment> current = attachment;
            attachment = Optional.empty();
            if (!closed) {
                closed = true;
                absence = name + " is closed";
                wish.look();
                wish.tidy();
            }
            return current;
        });
        end(before);
        turns.expectEnd();
        turns.request();
        ownThread.ifPresent(ExecutorService::shutdown);
    }

    private boolean isClosed() {
        return locked(() -> closed);
    }

    /** With the lock. */
    private void requireOpen() {
        if (closed) {
            throw new ClosedException("screen " + name);
        }
    }

    /** With the lock. */
    private boolean isCurrent(Attachment one) {
        return attachment.filter(current -> current == one).isPresent();
    }

    /** With the lock: pictures are read as they come. */
    private void paceAnew() {
        if (pace.reset()) {
            attachment.ifPresent(current -> current.setInterval(pace.interval()));
        }
    }

    /** Changes who is looking; the change tells whether somebody has come who has to see something. */
    void change(BooleanSupplier change) {
        boolean due = locked(() -> {
            boolean came = change.getAsBoolean();
            int before = lookers;
            lookers = reader.watchers();
            if (came) {
                wish.look();
                paceAnew();
            }
            if ((before > 0) != (lookers > 0)) {
                attachment.ifPresent(current -> current.demand(lookers > 0));
            }
            boolean untidy = reader.isUntidy();
            if (untidy) {
                wish.tidy();
            }
            return came || untidy;
        });
        if (due) {
            turns.request();
        }
    }

    /** A frame was given back, and a picture waits to be read. */
    void frameIsFree() {
        locked((Runnable) () -> wish.look());
        turns.request();
    }

    private void wish(Attachment from, Consumer<Wish> what) {
        boolean due = locked(() -> {
            if (isCurrent(from) && lookers > 0) {
                what.accept(wish);
                return true;
            }
            return false;
        });
        if (due) {
            turns.request();
        }
    }

    private void refresh(Attachment from, RefreshEvent event) {
        counts.event(event);
        wish(from, wanted -> wanted.refresh(event));
    }

    /** While pictures are far apart: what proves a change, or may be found to be one by a question that is cheap. */
    private void notice(Attachment from, RefreshEvent event) {
        boolean due = locked(() -> {
            if (!isCurrent(from) || lookers == 0 || !pace.isBackedOff()) {
                return false;
            }
            if (event.buffer() == BufferChange.NEW_BUFFER) {
                paceAnew();
                return false;
            }
            return wish.ask(event);
        });
        if (due) {
            turns.request();
        }
    }

    private void leave(Attachment from, Optional<Throwable> cause) {
        boolean due = locked(() -> {
            from.end();
            if (!isCurrent(from)) {
                return false;
            }
            attachment = Optional.empty();
            absence = name + " is gone"
                    + cause.map(why -> ": " + why.getMessage()).orElse("");
            wish.look();
            return true;
        });
        if (due) {
            turns.request();
        }
    }

    private void turn() {
        Wish[] taken = new Wish[1];
        Optional<Attachment> from = locked(() -> {
            taken[0] = wish;
            wish = new Wish();
            return attachment;
        });
        reader.turn(taken[0], from);
    }

    // For the reader.

    boolean isWatched() {
        return locked(() -> lookers > 0);
    }

    boolean isShown(Attachment one) {
        return locked(() -> isCurrent(one));
    }

    boolean isBackedOff() {
        return locked(pace::isBackedOff);
    }

    /** Why there is no display. */
    String whyAbsent() {
        return absence;
    }

    /** A picture was read, or could not be; or something was found to be another. */
    void paced(Attachment by, boolean isNews) {
        locked(() -> {
            if (!isCurrent(by)) {
                return;
            }
            if (isNews) {
                paceAnew();
            } else {
                Duration before = pace.interval();
                pace.nothingNew();
                if (!pace.interval().equals(before)) {
                    by.setInterval(pace.interval());
                }
            }
        });
    }

    /** For a viewer who looks before anything was read. */
    void drawPlaceholder(Frame into, String why) {
        reader.drawPlaceholder(into, why);
    }

    int frames() {
        return reader.frames();
    }

    private <T> T locked(Supplier<T> body) {
        lock.lock();
        try {
            return body.get();
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable body) {
        lock.lock();
        try {
            body.run();
        } finally {
            lock.unlock();
        }
    }
}
