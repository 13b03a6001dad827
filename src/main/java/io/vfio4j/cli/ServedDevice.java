package io.vfio4j.cli;

import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A device behind a screen. When its display ends, because the device is removed, its owner ends or something breaks, the screen says
 * why, and the device is looked for by the same name, until it is there again or this is closed.
 *
 * <p>Opening and closing happen on a thread of its own, because drivers may take their time.
 */
final class ServedDevice implements AutoCloseable {
    /** The kernel does not tell when a device appears: sysfs has no inotify. */
    private static final Duration LOOK_PERIOD = Duration.ofSeconds(1);

    /** What clients read below the reason. */
    private static final String WAITING = "\nWaiting for it.";

    /** Hears what becomes of the device. Called on the device's thread. */
    interface Notes {
        /** It is shown from now on. */
        void shown(ServedDevice device, VfioDevice opened);

        /** It is not, or still not and for another reason. */
        void absent(ServedDevice device, String why);

        /** What nobody waits for. */
        ErrorHandler errors();
    }

    /** How to get at the device; each time anew. */
    private interface Opening {
        OpenedDevice open() throws IOException;
    }

    private final DeviceName name;
    private final DisplayChoice choice;
    private final Notes notes;
    private final Optional<EmulatedDevice> emulated;
    private final SystemCalls calls;
    private final Opening opening;
    private final LiveScreen screen;
    private final ScheduledExecutorService keeper;

    // What follows belongs to the keeper's thread.

    private Optional<Attached> attached = Optional.empty();
    private Optional<String> absence = Optional.empty();
    private boolean ended;

    private ServedDevice(
            DeviceName name,
            DisplayChoice choice,
            Notes notes,
            Optional<EmulatedDevice> emulated,
            SystemCalls calls,
            Opening opening) {
        this.name = name;
        this.choice = choice;
        this.notes = notes;
        this.emulated = emulated;
        this.calls = calls;
        this.opening = opening;
        this.screen = LiveScreen.named(name.text(), LiveOptions.DEFAULTS);
        this.keeper = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "vfio4j device " + name.text());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Opens it, and shows it. An emulated one lives in real time, and its guest runs.
     *
     * @param wait whether a device that is not there, or cannot be opened, is waited for; the screen says so meanwhile
     * @return the caller closes it
     * @throws IOException when it cannot be opened and is not waited for; nothing stays open then
     */
    static ServedDevice open(LocalHost host, DeviceName name, DisplayChoice choice, boolean wait, Notes notes)
            throws IOException {
        ServedDevice served = name instanceof DeviceName.Emulated emulation
                ? ofEmulated(emulation, choice, notes)
                : ofHost(host.open(), name, choice, notes);
        boolean success = false;
        try {
            served.begin(wait);
            success = true;
            return served;
        } finally {
            if (!success) {
                served.close();
            }
        }
    }

    private static ServedDevice ofHost(SystemCalls calls, DeviceName name, DisplayChoice choice, Notes notes) {
        return new ServedDevice(
                name, choice, notes, Optional.empty(), calls, () -> OpenedDevice.open(calls, name, choice.path()));
    }

    private static ServedDevice ofEmulated(DeviceName.Emulated name, DisplayChoice choice, Notes notes)
            throws IOException {
        EmulatedDevice emulated = EmulatedDevice.inRealTime(name);
        SystemCalls calls = emulated.systemCalls();
        MdevDevice mdev = emulated.mdev();
        emulated.runGuest();
        return new ServedDevice(
                name,
                choice,
                notes,
                Optional.of(emulated),
                calls,
                () -> OpenedDevice.openWithBareVm(calls, mdev, choice.path()));
    }

    DeviceName name() {
        return name;
    }

    /** Stays ours, and is closed with this. */
    LiveScreen screen() {
        return screen;
    }

    /** Whether there is a display to show. */
    boolean isThere() {
        return screen.display().isPresent();
    }

    /** Why a display that is there is not shown, as far as somebody looks; empty where it is, or nobody does. */
    Optional<String> obstacle() {
        return screen.absence()
                .filter(why -> isThere()
                        && (why.equals(Placeholder.NOTHING_YET) || why.startsWith(name.text() + " cannot be shown")));
    }

    private void begin(boolean wait) throws IOException {
        try {
            CompletableFuture.runAsync(() -> first(wait), keeper).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException refused) {
                throw emulated.isPresent() ? refused : new RefusedDeviceException(name.text(), refused);
            }
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    // From here to close(): the keeper's thread.

    private void first(boolean wait) {
        try {
            attach();
        } catch (IOException | ClosedException e) {
            if (!wait) {
                throw new CompletionException(e);
            }
            absent(e.getMessage());
            lookLater();
        }
    }

    private void look() {
        if (ended || attached.isPresent()) {
            return;
        }
        try {
            attach();
        } catch (IOException | ClosedException stillAbsent) {
            absent(stillAbsent.getMessage());
            lookLater();
        } catch (RuntimeException | Error unforeseen) {
            notes.errors().onError("opening " + name.text(), unforeseen);
            lookLater();
        }
    }

    private void lookLater() {
        if (!ended) {
            keeper.schedule(this::look, LOOK_PERIOD.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void attach() throws IOException {
        Attached opened = Attached.open(this);
        boolean success = false;
        try {
            opened.watch(this);
            screen.attach(opened.display);
            success = true;
        } finally {
            if (!success) {
                opened.close();
            }
        }
        attached = Optional.of(opened);
        absence = Optional.empty();
        notes.shown(this, opened.device.device());
    }

    /** The display has ended by itself. */
    private void lost(Attached which, Optional<Throwable> cause) {
        if (attached.filter(current -> current == which).isEmpty()) {
            return;
        }
        String why = cause.map(Throwable::getMessage).orElse(name.text() + " is closed");
        absent(why);
        letGo();
        lookLater();
    }

    private void letGo() {
        attached.ifPresent(Attached::close);
        attached = Optional.empty();
    }

    /** Says why there is no picture, unless that was said already. */
    private void absent(String message) {
        String why = Vfio4j.oneLine(String.valueOf(message));
        if (!absence.equals(Optional.of(why))) {
            absence = Optional.of(why);
            screen.detach(why + WAITING);
            notes.absent(this, why);
        }
    }

    private void end() {
        ended = true;
        letGo();
    }

    /** Lets go of the device in order; then the screen ends. Waits for a driver that is being called. */
    @Override
    public void close() {
        try {
            CompletableFuture.runAsync(this::end, keeper).join();
        } catch (RejectedExecutionException closedBefore) {
            return;
        }
        keeper.shutdownNow();
        screen.close();
        emulated.ifPresent(EmulatedDevice::close);
    }

    /** An open device with its display, and the loop that this has for itself. */
    private static final class Attached implements AutoCloseable {
        private final OpenedDevice device;
        private final EventLoop loop;
        private final Display display;

        private Attached(OpenedDevice device, EventLoop loop, Display display) {
            this.device = device;
            this.loop = loop;
            this.display = display;
        }

        static Attached open(ServedDevice served) throws IOException {
            OpenedDevice device = served.opening.open();
            boolean success = false;
            try {
                EventLoop loop = EventLoop.start(
                        served.calls, "vfio4j " + device.device().name());
                try {
                    Attached attached = new Attached(
                            device,
                            loop,
                            Display.attach(loop, device.device(), served.choice.options(served.notes.errors())));
                    success = true;
                    return attached;
                } finally {
                    if (!success) {
                        loop.close();
                    }
                }
            } finally {
                if (!success) {
                    device.close();
                }
            }
        }

        /** Hears of the end, and asks for no events: in one turn of the loop, so that the irq is not armed for it. */
        void watch(ServedDevice served) throws IOException {
            loop.run(() -> display.subscribe(new RefreshListener() {
                        @Override
                        public void onRefresh(RefreshEvent event) {
                            // The screen's business.
                        }

                        @Override
                        public void onClosed(Optional<Throwable> cause) {
                            served.onEnd(Attached.this, cause);
                        }
                    })
                    .pause());
        }

        @Override
        public void close() {
            display.close();
            loop.close();
            device.close();
        }
    }

    /** The loop's thread. */
    private void onEnd(Attached which, Optional<Throwable> cause) {
        try {
            keeper.execute(() -> lost(which, cause));
        } catch (RejectedExecutionException closedMeanwhile) {
            // Then it was let go of.
        }
    }
}
