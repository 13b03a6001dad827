package io.vfio4j.cli;

import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.swing.SwingUtilities;

/** Devices in windows, from opening them to closing them. */
final class ViewSession {
    private final LocalHost host;
    private final List<DeviceName> names;
    private final DisplayChoice choice;
    private final boolean wait;
    private final PrintWriter err;

    ViewSession(LocalHost host, List<DeviceName> names, DisplayChoice choice, boolean wait, PrintWriter err) {
        this.host = host;
        this.names = names;
        this.choice = choice;
        this.wait = wait;
        this.err = err;
    }

    /** Until the last window is closed, a signal comes, or the time is over. */
    void run(ViewWindows.Wishes wishes, Optional<Duration> length) throws IOException {
        try (Ending ending = Ending.onSignals();
                Devices devices = new Devices()) {
            for (DeviceName name : names) {
                devices.open(name);
            }
            ViewWindows windows = new ViewWindows(wishes, ending::request);
            try {
                inSwing(() -> windows.open(devices.screens()));
                ending.await(length.map(Duration::toNanos).orElse(Long.MAX_VALUE));
            } finally {
                // Before the devices, so that nobody sees them go.
                inSwing(windows::close);
            }
        }
    }

    private static void inSwing(Runnable body) throws IOException {
        try {
            SwingUtilities.invokeAndWait(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (InvocationTargetException e) {
            throw new IOException("the window cannot be shown: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /** The first that is opened is closed last. */
    private final class Devices implements AutoCloseable, ServedDevice.Notes {
        private final Deque<ServedDevice> opened = new ArrayDeque<>();
        private final Set<DeviceName> absent = ConcurrentHashMap.newKeySet();
        private final ErrorHandler errors = DisplayChoice.errorsTo(err);

        void open(DeviceName name) throws IOException {
            opened.push(ServedDevice.open(host, name, choice, wait, this));
        }

        /** As they were named. */
        List<LiveScreen> screens() {
            List<LiveScreen> screens = new java.util.ArrayList<>();
            opened.descendingIterator().forEachRemaining(device -> screens.add(device.screen()));
            return screens;
        }

        @Override
        public void shown(ServedDevice device, VfioDevice vgpu) {
            if (absent.remove(device.name())) {
                say(device.name().text() + " is shown again");
            }
            choice.warnOfSharing(vgpu, err);
        }

        @Override
        public void absent(ServedDevice device, String why) {
            absent.add(device.name());
            say(device.name().text() + " is not shown: " + why);
        }

        private void say(String sentence) {
            err.println("vfio4j: " + sentence);
            err.flush();
        }

        @Override
        public ErrorHandler errors() {
            return errors;
        }

        @Override
        public void close() {
            opened.forEach(ServedDevice::close);
        }
    }
}
