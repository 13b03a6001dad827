package io.vfio4j.cli;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.SubscriptionOptions;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** One watch, from attaching to the summary. */
final class WatchSession {
    private static final Duration SLICE = Duration.ofMillis(100);
    /** Who reads the output may have stopped to; then the last lines stay unprinted. */
    private static final long OUTPUT_PATIENCE_SECONDS = 5;

    private final String device;
    private final WatchOutput output;
    private final DisplayChoice choice;
    private final Duration minInterval;
    private final PrintWriter out;
    private final PrintWriter err;
    private final Tally tally = new Tally();

    WatchSession(
            String device,
            WatchOutput output,
            DisplayChoice choice,
            Duration minInterval,
            PrintWriter out,
            PrintWriter err) {
        this.device = device;
        this.output = output;
        this.choice = choice;
        this.minInterval = minInterval;
        this.out = out;
        this.err = err;
    }

    /** On an emulated host in virtual time: everything happens on this thread, and in no time. */
    void runVirtual(DeviceName.Emulated name, Duration length) throws IOException {
        try (Ending ending = Ending.onSignals();
                EmulatedDevice emulated = EmulatedDevice.inVirtualTime(name)) {
            SystemCalls calls = emulated.systemCalls();
            Events events = new Events(calls, ending, false);
            Summary summary;
            try (OpenedDevice opened = OpenedDevice.openWithBareVm(calls, emulated.mdev(), choice.path());
                    EventLoop loop = EventLoop.stepped(calls)) {
                Display display = Display.attach(loop, opened.device(), choice.options(DisplayChoice.errorsTo(err)));
                Duration passed;
                try {
                    passed = stepThrough(emulated, display, events, length);
                } finally {
                    display.close();
                }
                summary = summary(display, passed, Optional.of(emulated.signalled()), emulated.frames());
            }
            finish(summary, events);
        }
    }

    private Duration stepThrough(EmulatedDevice emulated, Display display, Events events, Duration length) {
        begin(emulated.systemCalls(), display);
        display.subscribe(events, SubscriptionOptions.DIRECT.withMinInterval(minInterval));
        return emulated.runGuest(
                length,
                events::endRequested,
                passed -> output.progress(summary(display, passed, Optional.empty(), emulated.frames())));
    }

    /** On an emulated host whose time passes by itself. */
    void runEmulated(DeviceName.Emulated name, Optional<Duration> length) throws IOException {
        try (Ending ending = Ending.onSignals();
                EmulatedDevice emulated = EmulatedDevice.inRealTime(name)) {
            SystemCalls calls = emulated.systemCalls();
            MdevDevice mdev = emulated.mdev();
            run(
                    calls,
                    () -> OpenedDevice.openWithBareVm(calls, mdev, choice.path()),
                    Optional.of(emulated),
                    length,
                    ending);
        }
    }

    /** How to get at a device. */
    interface Opening {
        OpenedDevice open() throws IOException;
    }

    /** On this host. */
    void runReal(SystemCalls calls, Opening opening, Optional<Duration> length) throws IOException {
        try (Ending ending = Ending.onSignals()) {
            run(calls, opening, Optional.empty(), length, ending);
        }
    }

    private void run(
            SystemCalls calls,
            Opening opening,
            Optional<EmulatedDevice> emulated,
            Optional<Duration> length,
            Ending ending)
            throws IOException {
        // A thread of its own: where the reader of the output is slow, events merge, and the loop does not wait.
        ExecutorService printer = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "vfio4j output");
            thread.setDaemon(true);
            return thread;
        });
        Events events = new Events(calls, ending, true);
        Summary summary;
        try (OpenedDevice opened = opening.open();
                EventLoop loop = EventLoop.start(calls, "vfio4j watch")) {
            choice.warnOfSharing(opened.device(), err);
            Display display = Display.attach(loop, opened.device(), choice.options(DisplayChoice.errorsTo(err)));
            Duration passed;
            try {
                begin(calls, display);
                display.subscribe(events, SubscriptionOptions.DIRECT.on(printer).withMinInterval(minInterval));
                // After this turn of the loop the irq is unmasked, so that no signal of the guest is dropped.
                loop.run(() -> {});
                emulated.ifPresent(EmulatedDevice::runGuest);
                passed = waitOut(calls, display, emulated, events, length);
                emulated.ifPresent(EmulatedDevice::stopGuest);
            } finally {
                display.close();
            }
            events.awaitClosed();
            summary = summary(
                    display, passed, emulated.map(EmulatedDevice::signalled), emulated.flatMap(EmulatedDevice::frames));
        } finally {
            printer.shutdown();
        }
        finish(summary, events);
    }

    private Duration waitOut(
            SystemCalls calls,
            Display display,
            Optional<EmulatedDevice> emulated,
            Events events,
            Optional<Duration> length) {
        long start = calls.nanoTime();
        long whole = length.map(Duration::toNanos).orElse(Long.MAX_VALUE);
        long passed = 0;
        while (passed < whole && !events.awaitEnd(Math.min(whole - passed, SLICE.toNanos()))) {
            passed = calls.nanoTime() - start;
            output.progress(summary(
                    display, Duration.ofNanos(passed), Optional.empty(), emulated.flatMap(EmulatedDevice::frames)));
        }
        return Duration.ofNanos(calls.nanoTime() - start);
    }

    private void begin(SystemCalls calls, Display display) {
        output.begin(
                device + " (dialect " + dialect(display) + ", policy " + PolicyText.format(choice.policy()) + ")",
                calls.nanoTime());
    }

    private static String dialect(Display display) {
        return display.dialect().map(known -> known.label()).orElse(Summary.NONE);
    }

    private Summary summary(
            Display display, Duration length, Optional<Summary.DriverCounts> driver, Optional<Summary.Frames> frames) {
        return new Summary(
                device,
                dialect(display),
                PolicyText.format(choice.policy()),
                tally.counts(),
                display.stats(),
                length,
                driver,
                frames);
    }

    private void finish(Summary summary, Events events) throws IOException {
        output.summary(summary);
        out.flush();
        events.throwCause();
    }

    /** What the display tells, on its way to the tally and the output. */
    private final class Events implements RefreshListener {
        private final SystemCalls calls;
        private final Ending ending;
        private final boolean timed;
        private final CountDownLatch closed = new CountDownLatch(1);
        private volatile Optional<Throwable> cause = Optional.empty();

        private Events(SystemCalls calls, Ending ending, boolean timed) {
            this.calls = calls;
            this.ending = ending;
            this.timed = timed;
        }

        @Override
        public void onRefresh(RefreshEvent event) {
            if (timed) {
                tally.addLatency(calls.nanoTime() - event.timeNanos());
            }
            tally.add(event);
            output.refresh(event);
            endWithTheReader();
        }

        @Override
        public void onModeChanged(DisplayMode mode) {
            tally.setMode(Optional.of(mode));
            output.mode(mode, calls.nanoTime());
            endWithTheReader();
        }

        @Override
        public void onOff() {
            tally.setMode(Optional.empty());
            output.off(calls.nanoTime());
            endWithTheReader();
        }

        @Override
        public void onClosed(Optional<Throwable> why) {
            cause = why;
            output.closed(why);
            ending.request();
            closed.countDown();
        }

        private boolean endRequested() {
            return ending.isRequested();
        }

        private boolean awaitEnd(long nanos) {
            return ending.await(nanos);
        }

        private void endWithTheReader() {
            if (out.checkError()) {
                ending.request();
            }
        }

        private void awaitClosed() {
            try {
                closed.await(OUTPUT_PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void throwCause() throws IOException {
            if (cause.isPresent()) {
                Throwable why = cause.get();
                throw new IOException(why.getMessage(), why);
            }
        }
    }
}
