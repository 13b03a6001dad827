package io.vfio4j.display;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.recording.Recorder;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One subscription: merges what it cannot hand over at once, and calls the listener, one call at a time.
 *
 * <p>Two ways. <em>Direct</em>: everything is on the loop's thread, and nothing is locked. <em>With an executor</em>: what is pending
 * is guarded by this object's monitor; at most one task is in flight.
 */
final class Delivery implements Subscription {
    /** How long a closing thread sleeps between looks at a callback that is still running. */
    private static final long LOOK_AGAIN_NANOS = 100_000;

    private static final VarHandle EXECUTING;

    static {
        try {
            EXECUTING = MethodHandles.lookup().findVarHandle(Delivery.class, "executing", boolean.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** A removal, and what has the display wait until the listener was told of it. */
    private record Notice(Removing removing, Removing.Hold telling) {}

    private final Display display;
    private final EventLoop loop;
    private final RefreshListener listener;
    private final Optional<Executor> executor;
    private final Deadline intervalEnd;
    private final Recorder recorder;

    private volatile boolean closed;
    private volatile boolean paused;
    /** Written by any thread, which then has the loop look again at what is pending. */
    private volatile long minIntervalNanos;
    /** Whether the listener is being called; written by the calling thread alone. */
    private volatile boolean executing;

    /** Whether the next refresh has to be a RESYNC; what comes before it is not for this subscription. */
    private volatile boolean wantsResync = true;

    private final Occurrence pending = new Occurrence();
    private Optional<DisplayMode> pendingMode = Optional.empty();
    private boolean pendingOff;
    private boolean pendingRemoving;
    private Optional<Notice> removing = Optional.empty();
    private boolean ended;
    private Optional<Throwable> endCause = Optional.empty();
    private boolean inFlight;
    private long demand;
    private boolean everDelivered;
    private long lastDelivery;

    Delivery(Display display, EventLoop loop, RefreshListener listener, SubscriptionOptions options, long demand) {
        this.display = display;
        this.loop = loop;
        this.listener = listener;
        this.executor = options.executor();
        this.minIntervalNanos = options.minInterval().toNanos();
        this.demand = demand;
        this.recorder = display.recorder();
        this.intervalEnd = loop.deadline(this::flush);
    }

    long minIntervalNanos() {
        return minIntervalNanos;
    }

    boolean isActive() {
        return !closed && !paused;
    }

    boolean wantsResync() {
        return wantsResync && isActive();
    }

    /** Loop's thread: whether a RESYNC is due; asking for it means giving it. Nothing older is news beside it. */
    boolean takeResync() {
        if (!wantsResync()) {
            return false;
        }
        wantsResync = false;
        synchronized (this) {
            pending.clear();
        }
        return true;
    }

    /**
     * Loop's thread: something was noticed. Returns the event that was made for it, so that it can serve the next subscription
     * too; none has to be made where it is merged.
     */
    @Nullable
    RefreshEvent offer(Occurrence occurrence, @Nullable RefreshEvent shared) {
        if (!isActive() || wantsResync) {
            return shared;
        }
        if (executor.isPresent() || minIntervalNanos != 0 || demand != Long.MAX_VALUE || hasPending()) {
            synchronized (this) {
                pending.merge(occurrence);
            }
            flush();
            return shared;
        }
        RefreshEvent event = shared == null ? occurrence.toEvent() : shared;
        deliverDirectly(event);
        return event;
    }

    /** Loop's thread: the mode to be told before the next refresh. */
    void offerMode(DisplayMode mode) {
        if (isActive()) {
            synchronized (this) {
                pendingMode = Optional.of(mode);
                pendingOff = false;
            }
            flush();
        }
    }

    /** Loop's thread: nothing is scanned out any more. */
    void offerOff() {
        if (isActive()) {
            synchronized (this) {
                pendingMode = Optional.empty();
                pendingOff = true;
            }
            flush();
        }
    }

    /** Loop's thread: the device is being removed. The display has a reason to wait until the listener was told, or will not be. */
    void offerRemoving(Removing notice) {
        synchronized (this) {
            if (closed || ended) {
                return;
            }
            removing = Optional.of(new Notice(notice, notice.hold()));
            pendingRemoving = true;
        }
        flush();
    }

    private synchronized void giveUpTelling() {
        removing.ifPresent(notice -> notice.telling().close());
    }

    /** Loop's thread: the display is closed. What is pending goes first, whatever its interval. */
    void end(Optional<Throwable> cause) {
        if (loop.inLoop()) {
            intervalEnd.cancel();
        }
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            endCause = cause;
        }
        flush();
    }

    /** How many more refreshes are wanted; those that come meanwhile merge. */
    void request(long more) {
        synchronized (this) {
            demand = demand + more < 0 ? Long.MAX_VALUE : demand + more;
        }
        flushSoon();
    }

    /** Loop's thread, as long as there is one: hands over what can be handed over now. */
    private void flush() {
        if (closed) {
            return;
        }
        synchronized (this) {
            if (inFlight || !hasPending() && !pendingRemoving) {
                return;
            }
            if ((paused || !refreshIsDue()) && pendingMode.isEmpty() && !pendingOff && !pendingRemoving && !ended) {
                if (!paused && demand != 0) {
                    intervalEnd.set(lastDelivery + minIntervalNanos);
                }
                return;
            }
            inFlight = true;
        }
        if (executor.isEmpty()) {
            hand();
            return;
        }
        try {
            executor.get().execute(this::handOnExecutor);
        } catch (RuntimeException | Error rejected) {
            boolean last;
            synchronized (this) {
                inFlight = false;
                last = ended;
            }
            display.report("the executor of a listener of " + display.name() + " refused a task", rejected);
            giveUpTelling();
            if (last) {
                handEndOnLoop();
            }
        }
    }

    /** Under the monitor, or, where all is direct, on the loop's thread. */
    private boolean hasPending() {
        return !pending.isEmpty() || pendingMode.isPresent() || pendingOff || ended;
    }

    private boolean refreshIsDue() {
        if (pending.isEmpty() || demand == 0) {
            return false;
        }
        long interval = minIntervalNanos;
        return !everDelivered || interval == 0 || now() - lastDelivery >= interval;
    }

    private long now() {
        return loop.systemCalls().nanoTime();
    }

    /** Nobody runs tasks for the listener any more, but it is owed its last call. */
    private void handEndOnLoop() {
        synchronized (this) {
            inFlight = true;
        }
        hand();
    }

    private void handOnExecutor() {
        Callbacks.enter();
        try {
            hand();
        } finally {
            Callbacks.leave();
        }
    }

    /** Calls the listener with what is pending, in order: mode or off, refresh, removal, the end. */
    private void hand() {
        executing = true;
        try {
            Optional<DisplayMode> mode;
            boolean off;
            Optional<Notice> notice;
            @Nullable RefreshEvent event = null;
            boolean last;
            synchronized (this) {
                mode = pendingMode;
                off = pendingOff;
                notice = pendingRemoving ? removing : Optional.empty();
                last = ended;
                if (!pending.isEmpty() && !paused && (last ? demand != 0 : refreshIsDue())) {
                    event = pending.toEvent();
                    // An interval may be set later, and counts from here too.
                    lastDelivery = minIntervalNanos == 0 ? event.timeNanos() : now();
                    everDelivered = true;
                    pending.clear();
                    if (demand != Long.MAX_VALUE) {
                        demand--;
                    }
                }
                pendingMode = Optional.empty();
                pendingOff = false;
                pendingRemoving = false;
            }
            mode.ifPresent(changed -> call(() -> listener.onModeChanged(changed)));
            if (off) {
                call(listener::onOff);
            }
            if (event != null) {
                RefreshEvent refresh = event;
                call(() -> onRefresh(refresh));
            }
            notice.ifPresent(told -> {
                call(() -> listener.onRemoving(told.removing()));
                told.telling().close();
            });
            if (last) {
                Optional<Throwable> cause = endCause;
                call(() -> listener.onClosed(cause));
                closed = true;
            }
        } finally {
            executing = false;
            boolean more;
            synchronized (this) {
                inFlight = false;
                more = !closed && (ended || pendingRemoving || !paused && hasPending());
            }
            if (more) {
                flushSoon();
            }
        }
    }

    private void flushSoon() {
        try {
            loop.execute(this::flush);
        } catch (ClosedException loopEnded) {
            handEndHere();
        }
    }

    /** The loop ended while the listener was being called, so this thread is the only one left to tell it. */
    private void handEndHere() {
        synchronized (this) {
            if (inFlight || closed || !ended) {
                return;
            }
            inFlight = true;
        }
        hand();
    }

    private void call(Runnable callback) {
        if (closed) {
            return;
        }
        try {
            callback.run();
        } catch (Throwable failure) {
            reportListener(failure);
        }
    }

    private void deliverDirectly(RefreshEvent event) {
        // A full fence, so that either this sees the close, or the closing thread sees this.
        EXECUTING.setVolatile(this, true);
        try {
            if (!closed) {
                lastDelivery = event.timeNanos();
                everDelivered = true;
                onRefresh(event);
            }
        } catch (Throwable failure) {
            reportListener(failure);
        } finally {
            EXECUTING.setRelease(this, false);
        }
    }

    private void onRefresh(RefreshEvent event) {
        if (recorder.isRecording()) {
            recorder.refresh(
                    display.name(),
                    event.source().name(),
                    event.planes(),
                    event.merged(),
                    event.sequence(),
                    () -> listener.onRefresh(event));
        } else {
            listener.onRefresh(event);
        }
    }

    private void reportListener(Throwable failure) {
        display.report("a listener of " + display.name() + " threw", failure);
    }

    @Override
    public void pause() {
        if (!paused) {
            paused = true;
            display.demandChanged();
        }
    }

    @Override
    public void resume() {
        if (paused) {
            wantsResync = true;
            paused = false;
            display.demandChanged();
        }
    }

    @Override
    public void setMinInterval(Duration interval) {
        SubscriptionOptions.check(interval);
        minIntervalNanos = interval.toNanos();
        try {
            loop.execute(() -> {
                flush();
                display.intervalChanged();
            });
        } catch (ClosedException loopEnded) {
            // Then nothing is pending but the end, which waits for no interval.
        }
    }

    /** Ends the subscription without waiting. */
    void leave() {
        boolean first = !closed;
        closed = true;
        giveUpTelling();
        if (first) {
            display.remove(this);
        }
    }

    /** Ends the subscription by telling the listener why. */
    void fail(Throwable cause) {
        display.remove(this);
        try {
            loop.execute(() -> end(Optional.of(cause)));
        } catch (ClosedException loopEnded) {
            // Then it has ended already.
        }
    }

    @Override
    public void close() {
        leave();
        if (!EventLoop.inAnyLoop() && !Callbacks.inside()) {
            awaitIdle();
        }
    }

    /** Waits for a running callback. There is no signal at its end: that would cost every event a fence more. */
    void awaitIdle() {
        boolean interrupted = false;
        while (executing) {
            LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
