package io.vfio4j.display;

import io.vfio4j.display.edid.Monitor;
import io.vfio4j.display.irq.CounterDecoder;
import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.display.irq.IrqDialect;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import io.vfio4j.recording.Recorder;
import io.vfio4j.vfio.DeviceOwner;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.RemovalWatch;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The display of a vGPU: tells its subscribers when to look.
 *
 * <p>Events come from the device's display irq where there is one and the policy allows, else from a timer. Behind the irq a slow
 * watchdog stays, because no irq tells that the guest switched its pipe off, and because a moving cursor can keep a driver from
 * signalling the primary plane.
 *
 * <p>Methods may be called by any thread, also from callbacks. None waits, except {@link #attach} for the driver and {@link #close}
 * for the orderly end.
 */
public final class Display implements AutoCloseable {
    /** Two vblank periods of the 2019 drivers (16 ms each): their vblank may still use the eventfd so long after masking. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(32);
    /** The same where vblanks come at the guest's rate, which is not known here: two periods of 20 Hz. */
    private static final long PORT_QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** The timer's ticks are moved by up to an eighth of the period, so that they cannot keep in step with the guest's flips. */
    private static final int JITTER_FRACTION = 8;
    /** A change of mode is told whatever the intervals of the subscriptions, and so has to be looked for. */
    private static final long SLOWEST_TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final EventLoop loop;
    private final VfioDevice device;
    private final DisplayOptions options;
    private final Optional<DisplayIrqInfo> irqInfo;
    private final Screen screen;
    private final IrqWitness witness;
    private final ModeWatch modeWatch;
    private final ModeSetting modes;
    private final Recorder recorder = Recorder.create();
    private final SplittableRandom jitter = new SplittableRandom(1);

    private final CopyOnWriteArrayList<Delivery> deliveries = new CopyOnWriteArrayList<>();
    /** The same as an array, so that an event costs no iterator. */
    private volatile Delivery[] listening = {};

    private final AtomicBoolean closeBegun = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile RefreshPolicy policy;

    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong saturated = new AtomicLong();
    private final AtomicLong errors = new AtomicLong();

    // All that follows belongs to the loop's thread.

    private final Deadline staleness;
    private final Deadline watchdog;
    private final Deadline tick;
    private final Deadline quietEnd;
    private final Deadline graceEnd;
    private final Optional<OwnerWatch> ownerWatch;
    private final Resident resident = new Resident() {
        @Override
        public void shutDown() {
            beginClose(Optional.empty());
        }

        @Override
        public void loopFailed(Throwable cause) {
            abandon(cause);
        }
    };
    private final Occurrence occurrence = new Occurrence();

    private enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    private State state = State.OPEN;
    private Optional<IrqSource> irq = Optional.empty();
    private Optional<RemovalWatch> removal = Optional.empty();
    private boolean demand;
    private boolean usingIrq;
    private long sequence;
    private long lastEvent;
    private long lastPrimary;
    private long nextTick;
    private Optional<Throwable> endCause = Optional.empty();

    private Display(
            EventLoop loop,
            VfioDevice device,
            DisplayOptions options,
            Screen screen,
            IrqWitness witness,
            Optional<DisplayIrqInfo> irqInfo) {
        this.loop = loop;
        this.device = device;
        this.options = options;
        this.irqInfo = irqInfo;
        this.policy = options.policy();
        this.screen = screen;
        this.witness = witness;
        this.modeWatch = new ModeWatch(this, loop, screen, options.pollExecutor());
        this.modes = new ModeSetting(loop, device);
        this.staleness = loop.deadline(this::primaryIsStale);
        this.watchdog = loop.deadline(this::watchdogIsDue);
        this.tick = loop.deadline(this::tickIsDue);
        this.quietEnd = loop.deadline(this::endQuietly);
        this.graceEnd = loop.deadline(this::graceIsOver);
        this.ownerWatch = device.owner().map(owner -> new OwnerWatch(loop, owner, this::leftBy, this::report));
    }

    /**
     * Attaches to a device's display with default options.
     *
     * @param loop runs the display's work, and outlives it or closes it
     * @param device belongs to the display from now on, which closes it in the end; also when this method throws
     * @return the display; the caller closes it
     * @throws IOException {@link NoDisplayException}, a malformed answer, or what the kernel refuses; nothing stays open then
     */
    public static Display attach(EventLoop loop, VfioDevice device) throws IOException {
        return attach(loop, device, DisplayOptions.DEFAULTS);
    }

    /**
     * Attaches to a device's display. Where the irq is used it is armed at the first subscription, and masked while nobody listens. On a
     * device that is shared with its owner neither the irq nor dma-bufs are used, unless the options say so; and when the owner has
     * gone, the display ends.
     *
     * @param loop runs the display's work, and outlives it or closes it
     * @param device belongs to the display from now on, which closes it in the end; also when this method throws
     * @param options how to watch it
     * @return the display; the caller closes it
     * @throws IOException {@link NoDisplayException}, {@link NoDisplayIrqException}, a malformed answer, or what the kernel refuses;
     *     nothing stays open then
     */
    public static Display attach(EventLoop loop, VfioDevice device, DisplayOptions options) throws IOException {
        boolean success = false;
        @Nullable Screen screen = null;
        try {
            Set<PlaneAccess> access = device.planeAccess();
            if (access.isEmpty()) {
                throw new NoDisplayException(device.name());
            }
            List<IrqInfo> irqs = device.irqs();
            Optional<DisplayIrqInfo> irqInfo = DisplayIrqInfo.detect(irqs);
            boolean mayFetch = !device.shared() || options.fetchDmaBufs();
            IrqWitness witness = new IrqWitness(loop, irqInfo.map(DisplayIrqInfo::dialect));
            screen = Screen.of(device, access, mayFetch, options.screen(), witness);
            Display display = new Display(loop, device, options, screen, witness, irqInfo);
            @Nullable IOException[] failure = {null};
            loop.run(() -> {
                try {
                    display.enter();
                } catch (IOException e) {
                    failure[0] = e;
                }
            });
            if (failure[0] != null) {
                throw failure[0];
            }
            success = true;
            return display;
        } finally {
            if (!success) {
                if (screen != null) {
                    screen.close();
                }
                device.close();
            }
        }
    }

    private void enter() throws IOException {
        boolean entered = false;
        loop.enter(resident);
        try {
            requireIrqFor(policy);
            use(wantsIrq(policy));
            removal = Optional.of(RemovalWatch.start(loop, device, this::removed, this::report));
            ownerWatch.ifPresent(OwnerWatch::start);
            entered = true;
        } finally {
            if (!entered) {
                loop.leave(resident);
            }
        }
        recorder.lifecycle(name(), usingIrq ? "attached, by irq" : "attached, by timer");
    }

    /**
     * What the display is called.
     *
     * @return the device's name
     */
    public String name() {
        return device.name();
    }

    /**
     * In which dialect the kernel offers the display irq.
     *
     * @return empty where it has none, whatever the policy
     */
    public Optional<IrqDialect> dialect() {
        return irqInfo.map(DisplayIrqInfo::dialect);
    }

    /**
     * The policy in force.
     *
     * @return what was set last
     */
    public RefreshPolicy policy() {
        return policy;
    }

    /**
     * Changes the policy. The irq is masked or unmasked accordingly, and each subscription gets a RESYNC. Takes effect on the loop's
     * thread; what the kernel refuses there goes to the error handler, and the timer takes over.
     *
     * @param changed the new policy
     * @throws NoDisplayIrqException when it insists on the irq and there is none, or the device is shared and the options do not
     *     say that it may be taken
     * @throws ClosedException when the display is closed
     */
    public void setPolicy(RefreshPolicy changed) throws NoDisplayIrqException {
        requireOpen();
        requireIrqFor(changed);
        policy = changed;
        loop.execute(() -> {
            if (state == State.OPEN) {
                // The newest, whatever the order of the tasks.
                switchTo(policy);
            }
        });
    }

    private void requireIrqFor(RefreshPolicy wanted) throws NoDisplayIrqException {
        if (wanted.insistsOnIrq() && !irqIsOurs()) {
            throw new NoDisplayIrqException(name(), device.shared() && irqInfo.isPresent());
        }
    }

    private boolean wantsIrq(RefreshPolicy wanted) {
        return !wanted.wantsTimer() && irqIsOurs();
    }

    private boolean irqIsOurs() {
        return irqInfo.isPresent() && (!device.shared() || options.takeIrq());
    }

    /**
     * Subscribes a listener, to be called on the loop's thread.
     *
     * @param listener gets every event; the same listener may be subscribed more than once
     * @return to pause, resume or end it
     * @throws ClosedException when the display is closed
     */
    public Subscription subscribe(RefreshListener listener) {
        return subscribe(listener, SubscriptionOptions.DIRECT);
    }

    /**
     * Subscribes a listener.
     *
     * @param listener gets the events; the same listener may be subscribed more than once
     * @param how where it is called, and how often at most
     * @return to pause, resume or end it
     * @throws ClosedException when the display is closed
     */
    public Subscription subscribe(RefreshListener listener, SubscriptionOptions how) {
        return subscribe(listener, how, Long.MAX_VALUE);
    }

    Delivery subscribe(RefreshListener listener, SubscriptionOptions how, long demand) {
        requireOpen();
        Delivery delivery = new Delivery(this, loop, listener, how, demand);
        add(delivery);
        try {
            loop.execute(this::meetDemand);
        } catch (ClosedException loopEnded) {
            // It ended since we looked, and nobody else tells this listener so.
            delivery.end(endCause);
        }
        return delivery;
    }

    /**
     * The same events for reactive code. Each subscriber gets the newest state, and what it did not ask for in time merges into the
     * next event, so nothing queues. It completes when the display is closed, and fails when the display ends otherwise.
     *
     * @param executor where subscribers are called
     * @return a publisher for any number of subscribers
     */
    public Flow.Publisher<RefreshEvent> publisher(Executor executor) {
        return new RefreshPublisher(this, executor);
    }

    /**
     * What the display shows, as pixels.
     *
     * @return always the same; ends with the display
     */
    public Screen screen() {
        return screen;
    }

    /**
     * The monitor that the guest has plugged in.
     *
     * @return empty where the device has no EDID region
     * @throws IOException what the driver says of its regions
     * @throws ClosedException when the display is closed
     */
    public Optional<Monitor> monitor() throws IOException {
        requireOpen();
        return modes.monitor();
    }

    /**
     * Gives the guest a monitor that prefers a mode: unplugs the one that it has, exchanges the EDID, and plugs it in 100 ms later. Whether
     * and when the guest takes the mode is its own affair; {@link RefreshListener#onModeChanged} tells.
     *
     * <p>A mode that is set before the one before was plugged in takes its place, whose stage fails with a {@link
     * java.util.concurrent.CancellationException}. Where the device refuses the new EDID, the old one is restored as far as possible.
     *
     * @param width in pixels
     * @param height in pixels
     * @param hertz pictures per second
     * @return completes on the loop's thread: when the monitor is plugged in; or with what the device says against it; or with a {@link
     *     ClosedException} when the display or its loop is closed first, and the monitor is plugged in at once
     * @throws IllegalArgumentException when the mode is more than the device can show or an EDID can say, with the limit
     * @throws NoMonitorException when the device has no EDID region
     * @throws IOException what the driver says when the monitor is unplugged or its EDID written
     * @throws ClosedException when the display is closed
     */
    public CompletionStage<Void> setMode(int width, int height, int hertz) throws IOException {
        requireOpen();
        return modes.set(width, height, hertz);
    }

    /**
     * The time now, by the clock of {@link RefreshEvent#timeNanos}: what has passed since an event was noticed is the difference.
     *
     * @return nanoseconds; for the real kernel {@link System#nanoTime}
     */
    public long nanoTime() {
        return now();
    }

    /**
     * What happened so far.
     *
     * @return counts that were each true a moment ago
     */
    public DisplayStats stats() {
        return new DisplayStats(
                reads.get(), dropped.get(), saturated.get(), screen.stats().queries(), errors.get());
    }

    /**
     * Ends the display in order: masks the irq, waits two vblank periods, disarms, delivers what was signalled last, tells the
     * listeners, and closes the device. Waits for that and for running callbacks, except when called from a callback or on a loop's
     * thread. Where the loop is stepped, it is stepped meanwhile and virtual time advanced. Closing twice does nothing more.
     */
    @Override
    public void close() {
        closeBegun.set(true);
        try {
            // Also where somebody else has begun: he may not have come as far as this.
            loop.execute(() -> beginClose(Optional.empty()));
        } catch (ClosedException loopEnded) {
            // Then the loop has closed the display.
        }
        if (EventLoop.inAnyLoop() || Callbacks.inside()) {
            return;
        }
        loop.await(closed);
        deliveries.forEach(Delivery::awaitIdle);
    }

    private void requireOpen() {
        if (closeBegun.get()) {
            throw new ClosedException("display " + name());
        }
    }

    Recorder recorder() {
        return recorder;
    }

    void report(String what, Throwable cause) {
        errors.incrementAndGet();
        try {
            options.errorHandler().onError(what, cause);
        } catch (Throwable handlerFailed) {
            System.getLogger("io.vfio4j").log(System.Logger.Level.ERROR, "the error handler threw", handlerFailed);
        }
    }

    private void add(Delivery delivery) {
        synchronized (deliveries) {
            deliveries.add(delivery);
            listening = deliveries.toArray(Delivery[]::new);
        }
    }

    void remove(Delivery delivery) {
        boolean removed;
        synchronized (deliveries) {
            removed = deliveries.remove(delivery);
            listening = deliveries.toArray(Delivery[]::new);
        }
        if (removed) {
            demandChanged();
        }
    }

    /** Any thread: subscriptions came, went, paused or resumed. */
    void demandChanged() {
        try {
            loop.execute(this::meetDemand);
        } catch (ClosedException loopEnded) {
            // Then there is nothing to switch on or off.
        }
    }

    // From here on: the loop's thread.

    boolean isOpen() {
        return state == State.OPEN;
    }

    List<Delivery> deliveries() {
        return deliveries;
    }

    private void meetDemand() {
        if (state == State.CLOSED) {
            // Who subscribed while it closed has not been told.
            deliveries.forEach(delivery -> delivery.end(endCause));
        }
        if (state != State.OPEN) {
            return;
        }
        boolean wanted = false;
        for (Delivery delivery : deliveries) {
            wanted |= delivery.isActive();
        }
        if (wanted != demand) {
            demand = wanted;
            applyDemand();
        }
        if (demand) {
            resync();
            intervalChanged();
        }
    }

    private void applyDemand() {
        if (usingIrq) {
            if (demand) {
                listen();
            } else {
                stopListening();
            }
        }
        if (demand) {
            long now = now();
            lastEvent = now;
            lastPrimary = now;
            if (usingIrq) {
                watchdog.set(now + options.watchdog().toNanos());
            } else {
                startTimer();
            }
        } else {
            List.of(staleness, watchdog, tick).forEach(Deadline::cancel);
            modeWatch.cancel();
        }
    }

    /** Gives the subscriptions that begin or resume their first events: the mode, or off, and a look at everything. */
    private void resync() {
        if (deliveries.stream().anyMatch(Delivery::wantsResync)) {
            modeWatch.look();
        }
    }

    /** After each look, whoever asked for it: the mode comes before the refresh that shows it. */
    void giveResyncs(boolean modeWasTold) {
        long now = now();
        for (Delivery delivery : deliveries) {
            if (delivery.takeResync()) {
                // A change was told to everybody; what was known before is news only for those who begin.
                if (!modeWasTold) {
                    modeWatch.tell(delivery);
                }
                occurrence.setOther(RefreshSource.RESYNC, true, BufferChange.NOT_QUERIED, sequence, now);
                delivery.offer(occurrence, null);
            }
        }
    }

    void onRead(CounterDecoder decoded, long now) {
        reads.lazySet(reads.get() + 1);
        if (decoded.saturated()) {
            saturated.incrementAndGet();
        }
        if (!demand || !usingIrq) {
            // Not numbered: nobody is told of it, so nobody shall miss it.
            dropped.incrementAndGet();
            return;
        }
        if (state == State.OPEN) {
            keepWatch(decoded.primaryChanged(), now);
        }
        // Only now: the look can have given somebody new a RESYNC, and this read is still to come for him.
        sequence++;
        occurrence.setRead(decoded, sequence, now);
        publish();
    }

    /** A mode may have changed with the primary plane; and while only the cursor changes, the primary must not grow old. */
    private void keepWatch(boolean primaryChanged, long now) {
        lastEvent = now;
        if (primaryChanged) {
            lastPrimary = now;
            modeWatch.lookSoon(now);
        } else if (!staleness.isSet()) {
            staleness.set(lastPrimary + options.primaryStaleness().toNanos());
        }
    }

    private void publish() {
        @Nullable RefreshEvent shared = null;
        for (Delivery delivery : listening) {
            shared = delivery.offer(occurrence, shared);
        }
    }

    private void publishOther(RefreshSource source, boolean cursorToo, BufferChange buffer, long now) {
        lastPrimary = now;
        lastEvent = now;
        occurrence.setOther(source, cursorToo, buffer, sequence, now);
        publish();
    }

    /** Events of the cursor came, none of the primary: the driver's own fallback is starved by a moving cursor. */
    private void primaryIsStale() {
        long now = now();
        long due = lastPrimary + options.primaryStaleness().toNanos();
        if (now - due >= 0) {
            modeWatch.lookSoon(now);
            publishOther(RefreshSource.WATCHDOG, false, BufferChange.NOT_QUERIED, now);
        } else if (lastEvent - lastPrimary > 0) {
            staleness.set(due);
        }
    }

    private void watchdogIsDue() {
        long now = now();
        long due = lastEvent + options.watchdog().toNanos();
        if (now - due >= 0) {
            lastEvent = now;
            modeWatch.look(found -> {
                if (!modeWatch.isOff()) {
                    publishOther(RefreshSource.WATCHDOG, true, BufferChange.NOT_QUERIED, now());
                }
            });
            due = now + options.watchdog().toNanos();
        }
        watchdog.set(due);
    }

    /** No subscription wants events more often. */
    private long shortestInterval() {
        long shortest = Long.MAX_VALUE;
        for (Delivery delivery : listening) {
            if (delivery.isActive()) {
                shortest = Math.min(shortest, delivery.minIntervalNanos());
            }
        }
        return shortest;
    }

    /** A subscription may want events more often from now on: a tick that was put off comes as if it had not been. */
    void intervalChanged() {
        long soonest = now() + periodNanos();
        if (state == State.OPEN && tick.isSet() && nextTick - soonest > 0) {
            nextTick = soonest;
            tick.set(nextTick);
        }
    }

    private void startTimer() {
        if (policy.period().isEmpty() && options.refreshHertz().isEmpty()) {
            try {
                modes.readHertz();
            } catch (IOException | RuntimeException e) {
                report(
                        "the EDID of " + name() + " could not be read; its rate is taken to be " + modes.hertz()
                                + " Hz",
                        e);
            }
        }
        nextTick = now();
        tick.set(nextTick);
    }

    private void tickIsDue() {
        modeWatch.look(buffer -> {
            if (!modeWatch.isOff()) {
                publishOther(RefreshSource.TIMER, true, buffer, now());
            }
        });
        long period = periodNanos();
        nextTick += Math.max(period, Math.min(shortestInterval(), SLOWEST_TICK_NANOS));
        if (nextTick - now() < 0) {
            // Late by a period or more: what was missed is not made up for.
            nextTick = now() + period;
        }
        tick.set(nextTick + jitter.nextLong(Math.max(1, period / JITTER_FRACTION)));
    }

    private long periodNanos() {
        return policy.period()
                .map(period -> period.toNanos())
                .orElse(TimeUnit.SECONDS.toNanos(1) / options.refreshHertz().orElse(modes.hertz()));
    }

    /**
     * Armed only now that somebody listens: arming clears the mask, so that what is signalled before a mask could follow would be
     * counted by the driver and dropped here.
     */
    private void listen() {
        try {
            if (irq.isEmpty()) {
                irq = Optional.of(IrqSource.arm(loop, device, irqInfo.orElseThrow(), this::onRead, witness::count));
            }
            irq.get().unmask();
            witness.listening(irq.get());
        } catch (IOException | RuntimeException e) {
            use(irq.isPresent());
            report("the irq of " + name() + " could not be armed and unmasked; the timer stands in", e);
        }
    }

    private void use(boolean irqInsteadOfTimer) {
        usingIrq = irqInsteadOfTimer;
        if (usingIrq) {
            witness.masked();
        } else {
            witness.unused();
        }
    }

    private void stopListening() {
        witness.masked();
        attempt("masked", irq.orElseThrow()::mask);
    }

    private void switchTo(RefreshPolicy changed) {
        boolean hadDemand = demand;
        if (demand) {
            if (usingIrq) {
                witness.masked();
                attempt("masked", irq.orElseThrow()::mask);
                // What was signalled before is still owed.
                attempt("drained", irq.orElseThrow()::drain);
            }
            demand = false;
            applyDemand();
        }
        use(wantsIrq(changed));
        recorder.lifecycle(name(), usingIrq ? "switched to irq" : "switched to timer");
        if (hadDemand) {
            demand = true;
            applyDemand();
            occurrence.setOther(RefreshSource.RESYNC, true, BufferChange.NOT_QUERIED, sequence, now());
            publish();
        }
    }

    private void removed() {
        if (state != State.OPEN) {
            return;
        }
        recorder.lifecycle(name(), "removing");
        Duration grace = options.removalGrace();
        Removing removing = new Removing(grace, () -> {
            try {
                loop.execute(this::letGo);
            } catch (ClosedException loopEnded) {
                // Then it has let go.
            }
        });
        deliveries.forEach(delivery -> delivery.offerRemoving(removing));
        if (grace.isZero()) {
            letGo();
        } else {
            graceEnd.set(now() + grace.toNanos());
            removing.release();
        }
    }

    private void graceIsOver() {
        report(
                "a listener holds " + name() + ", which is being removed",
                new TimeoutException("not released within " + options.removalGrace()));
        letGo();
    }

    private void letGo() {
        beginClose(Optional.of(new DeviceRemovedException(name())));
    }

    private void leftBy(DeviceOwner owner) {
        recorder.lifecycle(name(), "left by its owner");
        beginClose(Optional.of(new DeviceOwnerGoneException(name(), owner.description())));
    }

    private void beginClose(Optional<Throwable> cause) {
        if (state != State.OPEN) {
            return;
        }
        closeBegun.set(true);
        state = State.CLOSING;
        endCause = cause;
        List.of(staleness, watchdog, tick, graceEnd).forEach(Deadline::cancel);
        ownerWatch.ifPresent(OwnerWatch::cancel);
        modeWatch.cancel();
        modes.close();
        witness.unused();
        if (irq.isEmpty()) {
            endQuietly();
            return;
        }
        attempt("masked", irq.get()::mask);
        quietEnd.set(now() + quietNanos());
    }

    private long quietNanos() {
        return switch (irqInfo.orElseThrow().dialect()) {
            case PORT, PORT_DISPLAY -> PORT_QUIET_NANOS;
            default -> QUIET_NANOS;
        };
    }

    private void endQuietly() {
        irq.ifPresent(source -> {
            attempt("disarmed", source::disarm);
            attempt("drained", source::drain);
            attempt("unwatched", source::unwatch);
        });
        end();
    }

    private void attempt(String what, EventLoop.Task attempt) {
        try {
            attempt.run();
        } catch (LinuxException | RuntimeException e) {
            // Also where the kernel itself has gone, as an emulated one can: everything has to come to its end.
            report("the irq of " + name() + " could not be " + what, e);
        }
    }

    /** The loop cannot go on: no waiting, but everything is released. */
    private void abandon(Throwable cause) {
        if (state == State.CLOSED) {
            return;
        }
        closeBegun.set(true);
        state = State.CLOSING;
        endCause = Optional.of(cause);
        witness.unused();
        irq.ifPresent(IrqSource::abandon);
        modes.close();
        end();
    }

    private void end() {
        state = State.CLOSED;
        for (Delivery delivery : deliveries) {
            delivery.end(endCause);
        }
        irq.ifPresent(IrqSource::closeEventFds);
        removal.ifPresent(RemovalWatch::close);
        screen.close();
        device.close();
        recorder.lifecycle(name(), "closed");
        loop.leave(resident);
        closed.countDown();
    }

    private long now() {
        return systemCalls().nanoTime();
    }

    private SystemCalls systemCalls() {
        return loop.systemCalls();
    }
}
