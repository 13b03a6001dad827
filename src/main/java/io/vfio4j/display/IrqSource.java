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
    private final Reader reader;
    private final Tally tally;
    private final List<Line> lines = new ArrayList<>(2);
    private boolean masked;

    /** Gets every read. */
    interface Reader {
        void onRead(CounterDecoder decoded, long nanoTime);
    }

    /** Gets to know of every signal once, as soon as it was read. */
    interface Tally {
        void count(CounterDecoder decoded);
    }

    private final class Line {
        private final Irq irq;
        private final Descriptor eventFd;
        private final CounterDecoder decoder;
        /** For reading ahead, which happens while what the other one has decoded is being delivered. */
        private final CounterDecoder aheadDecoder;

        private final Watch watch;
        /** What was read ahead, not delivered yet. */
        private long ahead;

        private long aheadNanos;

        Line(Irq irq, Descriptor eventFd, DisplayIrqInfo.Counter counter) throws LinuxException {
            this.irq = irq;
            this.eventFd = eventFd;
            this.decoder = info.decoder(counter);
            this.aheadDecoder = info.decoder(counter);
            this.watch = loop.watch(eventFd, this::read);
        }

        private void read(long value, long nanoTime) {
            deliverAhead();
            decoder.decode(value);
            tally.count(decoder);
            reader.onRead(decoder, nanoTime);
        }

        private void deliverAhead() {
            long value = ahead;
            if (value != 0) {
                ahead = 0;
                decoder.decode(value);
                reader.onRead(decoder, aheadNanos);
            }
        }

        /** Returns whether there was anything. */
        private boolean readAhead() throws LinuxException {
            long value = loop.systemCalls().drain(eventFd);
            if (value == 0) {
                return false;
            }
            aheadDecoder.decode(value);
            tally.count(aheadDecoder);
            // As the kernel adds: it stops at the maximum.
            ahead = Long.compareUnsigned(ahead + value, value) < 0 ? -1 : ahead + value;
            aheadNanos = loop.systemCalls().nanoTime();
            return true;
        }
    }

    private IrqSource(EventLoop loop, DisplayIrqInfo info, Reader reader, Tally tally) {
        this.loop = loop;
        this.info = info;
        this.reader = reader;
        this.tally = tally;
    }

    /** Arms every line; all or nothing. Signals may come from then on. */
    static IrqSource arm(EventLoop loop, VfioDevice device, DisplayIrqInfo info, Reader reader, Tally tally)
            throws IOException {
        IrqSource source = new IrqSource(loop, info, reader, tally);
        boolean success = false;
        try {
            for (DisplayIrqInfo.Counter counter : info.counters()) {
                source.armLine(device, counter);
            }
            success = true;
            return source;
        } finally {
            if (!success) {
                source.abandon();
            }
        }
    }

    private void armLine(VfioDevice device, DisplayIrqInfo.Counter counter) throws IOException {
        Irq irq = device.irq(counter.index());
        Descriptor eventFd = loop.systemCalls().eventFd("display irq of " + device.name());
        boolean success = false;
        try {
            lines.add(new Line(irq, eventFd, counter));
            irq.arm(eventFd);
            success = true;
        } finally {
            if (!success && lines.stream().noneMatch(line -> line.eventFd == eventFd)) {
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
                line.irq.mask();
            }
            masked = true;
        }
    }

    void unmask() throws LinuxException {
        if (maskable() && masked) {
            for (Line line : lines) {
                line.irq.unmask();
            }
            masked = false;
        }
    }

    /** Delivers what was signalled and not read yet. */
    void drain() throws LinuxException {
        forEachLine(line -> {
            line.deliverAhead();
            loop.drain(line.watch);
        });
    }

    /**
     * Reads and counts what was signalled and not read yet, as by now, and delivers it later, in a turn of its own: listeners may be in the
     * middle of something.
     */
    void readAhead() throws LinuxException {
        boolean any = false;
        for (Line line : lines) {
            any |= line.readAhead();
        }
        if (any) {
            loop.execute(this::deliverAhead);
        }
    }

    private void deliverAhead() {
        lines.forEach(Line::deliverAhead);
    }

    /** Disarms every line, once. */
    void disarm() throws LinuxException {
        forEachLine(line -> {
            if (line.irq.armed()) {
                line.irq.disarm();
            }
        });
    }

    /** Stops watching. */
    void unwatch() throws LinuxException {
        forEachLine(line -> loop.unwatch(line.watch));
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
        lines.forEach(line -> line.eventFd.close());
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
