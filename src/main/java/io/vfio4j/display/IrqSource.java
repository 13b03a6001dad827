package io.vfio4j.display;

import io.vfio4j.display.irq.CounterDecoder;
import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Watch;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The display irq as armed by us: one line, two in v2. All on the loop's thread.
 *
 * <p>In the end: mask, wait two vblank periods, disarm, last drain, stop watching, close the eventfd.
 */
final class IrqSource {
    private final EventLoop loop;
    private final DisplayIrqInfo info;
    private final List<Line> lines = new ArrayList<>(2);
    private boolean masked;

    /** Gets every read. */
    interface Reader {
        void onRead(CounterDecoder decoded, long nanoTime);
    }

    private record Line(Irq irq, Descriptor eventFd, Watch watch) {}

    private IrqSource(EventLoop loop, DisplayIrqInfo info) {
        this.loop = loop;
        this.info = info;
    }

    /** Arms every line; all or nothing. Signals may come from then on. */
    static IrqSource arm(EventLoop loop, VfioDevice device, DisplayIrqInfo info, Reader reader) throws IOException {
        IrqSource source = new IrqSource(loop, info);
        boolean success = false;
        try {
            for (DisplayIrqInfo.Counter counter : info.counters()) {
                source.armLine(device, counter, reader);
            }
            success = true;
            return source;
        } finally {
            if (!success) {
                source.abandon();
            }
        }
    }

    private void armLine(VfioDevice device, DisplayIrqInfo.Counter counter, Reader reader) throws IOException {
        Irq irq = device.irq(counter.index());
        CounterDecoder decoder = info.decoder(counter);
        Descriptor eventFd = loop.systemCalls().eventFd("display irq of " + device.name());
        boolean success = false;
        try {
            Watch watch = loop.watch(eventFd, (value, nanoTime) -> {
                decoder.decode(value);
                reader.onRead(decoder, nanoTime);
            });
            lines.add(new Line(irq, eventFd, watch));
            irq.arm(eventFd);
            success = true;
        } finally {
            if (!success && lines.stream().noneMatch(line -> line.eventFd() == eventFd)) {
                eventFd.close();
            }
        }
    }

    boolean maskable() {
        return info.maskable();
    }

    void mask() throws LinuxException {
        if (maskable() && !masked) {
            for (Line line : lines) {
                line.irq().mask();
            }
            masked = true;
        }
    }

    void unmask() throws LinuxException {
        if (maskable() && masked) {
            for (Line line : lines) {
                line.irq().unmask();
            }
            masked = false;
        }
    }

    /** Delivers what was signalled and not read yet. */
    void drain() throws LinuxException {
        forEachLine(line -> loop.drain(line.watch()));
    }

    /** Disarms every line, once. */
    void disarm() throws LinuxException {
        forEachLine(line -> {
            if (line.irq().armed()) {
                line.irq().disarm();
            }
        });
    }

    /** Stops watching. */
    void unwatch() throws LinuxException {
        forEachLine(line -> loop.unwatch(line.watch()));
    }

    private interface Step {
        void of(Line line) throws LinuxException;
    }

    /** A refusal of one line does not keep the others from it. */
    private void forEachLine(Step step) throws LinuxException {
        LinuxException first = null;
        for (Line line : lines) {
            try {
                step.of(line);
            } catch (LinuxException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    void closeEventFds() {
        lines.forEach(line -> line.eventFd().close());
        lines.clear();
    }

    /** Without a vblank's wait: for an irq that could not be armed as a whole, or a loop that cannot go on. */
    void abandon() {
        quietly(this::mask);
        quietly(this::disarm);
        quietly(this::drain);
        quietly(this::unwatch);
        closeEventFds();
    }

    private static void quietly(EventLoop.Task task) {
        try {
            task.run();
        } catch (LinuxException | RuntimeException e) {
            System.getLogger(IrqSource.class.getName()).log(System.Logger.Level.WARNING, "display irq", e);
        }
    }
}
