package io.vfio4j.cli;

import io.vfio4j.display.BufferChange;
import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.RefreshPolicy;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.display.SubscriptionOptions;
import io.vfio4j.display.edid.DetailedTiming;
import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.Monitor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.PlaneType;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** When a vGPU's picture changed, while somebody looks at its VM. */
final class VgpuRefreshes implements AutoCloseable {
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Queue<Long> times = new ConcurrentLinkedQueue<>();
    private final SystemCalls clock;
    private final SystemCalls calls;
    private final Display display;
    private final Duration look;
    private final Optional<EmulatedDevice> emulated;
    private final boolean timed;
    private volatile Optional<Throwable> end = Optional.empty();

    private VgpuRefreshes(SystemCalls clock, DeviceName name, Duration look, DisplayOptions options)
            throws IOException {
        this.clock = clock;
        this.look = look;
        boolean success = false;
        try {
            emulated = name instanceof DeviceName.Emulated described
                    ? Optional.of(later(EmulatedDevice.inRealTime(described)))
                    : Optional.empty();
            calls = emulated.map(EmulatedDevice::systemCalls).orElse(clock);
            OpenedDevice device = later(open(name));
            EventLoop loop = later(EventLoop.start(calls, "vfio4j vcpu watch"));
            display = later(Display.attach(loop, device.device(), options.withPolicy(RefreshPolicy.AUTO)));
            timed = device.device().shared() || display.dialect().isEmpty();
            if (timed) {
                display.setPolicy(RefreshPolicy.timer(look));
            }
            display.subscribe(new Listener(), SubscriptionOptions.DIRECT);
            loop.run(() -> {});
            emulated.ifPresent(EmulatedDevice::runGuest);
            success = true;
        } finally {
            if (!success) {
                close();
            }
        }
    }

    /**
     * Opens a vGPU and listens.
     *
     * @param clock whose times are wanted
     * @param name the vGPU
     * @param look how often a timer looks at one that is another process's
     * @param options who hears of errors
     */
    static VgpuRefreshes open(SystemCalls clock, DeviceName name, Duration look, DisplayOptions options)
            throws IOException {
        return new VgpuRefreshes(clock, name, look, options);
    }

    private <T extends AutoCloseable> T later(T resource) {
        opened.push(resource);
        return resource;
    }

    private OpenedDevice open(DeviceName name) throws IOException {
        if (emulated.isPresent()) {
            return OpenedDevice.openWithBareVm(calls, emulated.get().mdev(), Optional.empty());
        }
        return name instanceof DeviceName.Mdev mdev
                ? OpenedDevice.open(calls, MdevDevice.find(calls, mdev.uuid()), Optional.empty())
                : OpenedDevice.share(calls, name);
    }

    private final class Listener implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            // A cursor moves whether or not the guest draws; and what is told on suspicion has no time of its own.
            boolean fromTimer = event.source() == RefreshSource.TIMER && event.buffer() == BufferChange.NEW_BUFFER;
            if (fromTimer
                    || event.source() == RefreshSource.IRQ && event.planes().contains(PlaneType.PRIMARY)) {
                times.add(clock.nanoTime() - (calls.nanoTime() - event.timeNanos()));
            }
        }

        @Override
        public void onClosed(Optional<Throwable> cause) {
            end = cause;
        }
    }

    /** Those since the last call, on the clock that was asked for. */
    List<Long> take() {
        List<Long> taken = new ArrayList<>();
        for (Long time = times.poll(); time != null; time = times.poll()) {
            taken.add(time);
        }
        return taken;
    }

    /** Why no more come. */
    Optional<Throwable> end() {
        return end;
    }

    /** How much later than it happened a change may be seen: the irq comes at once, a timer when it looks. */
    Duration resolution() {
        return timed ? look : Duration.ZERO;
    }

    /** From vblank to vblank in nanoseconds, where the monitor that the guest sees says so. */
    OptionalDouble periodNanos() {
        try {
            Optional<Monitor> monitor = display.monitor();
            Optional<Edid> edid = monitor.isPresent() ? monitor.get().edid() : Optional.empty();
            Optional<Double> hertz = edid.flatMap(Edid::preferred)
                    .map(DetailedTiming::refreshHertz)
                    .filter(rate -> rate >= 1 && rate <= 1000);
            return hertz.isPresent() ? OptionalDouble.of(1e9 / hertz.get()) : OptionalDouble.empty();
        } catch (IOException unreadable) {
            return OptionalDouble.empty();
        }
    }

    /** In the reverse order. */
    @Override
    public void close() throws IOException {
        emulatedGuestStops();
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    private void emulatedGuestStops() {
        opened.stream()
                .filter(EmulatedDevice.class::isInstance)
                .map(EmulatedDevice.class::cast)
                .forEach(EmulatedDevice::stopGuest);
    }
}
