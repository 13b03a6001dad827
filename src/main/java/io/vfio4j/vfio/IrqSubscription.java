package io.vfio4j.vfio;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import io.vfio4j.loop.Watch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A listener's hold on an irq: from arming it to disarming it.
 *
 * <p>Methods may be called by any thread, also from callbacks.
 */
public final class IrqSubscription implements AutoCloseable {
    private final EventLoop loop;
    private final Irq irq;
    private final IrqListener listener;
    private final IrqOptions options;
    private final boolean unmasks;
    private final CountDownLatch ended = new CountDownLatch(1);

    // All that follows belongs to the loop's thread.

    private final Resident resident = new Resident() {
        @Override
        public void shutDown() {
            end(Optional.empty());
        }

        @Override
        public void loopFailed(Throwable cause) {
            end(Optional.of(cause));
        }
    };
    private final List<Line> lines = new ArrayList<>();
    private boolean calling;
    private boolean closeRequested;
    private boolean ending;

    /** A vector's counter. */
    private record Line(Descriptor eventFd, Watch watch) {}

    private IrqSubscription(EventLoop loop, Irq irq, IrqListener listener, IrqOptions options) {
        this.loop = loop;
        this.irq = irq;
        this.listener = listener;
        this.options = options;
        this.unmasks = irq.info().autoMasked() && options.unmasking() == IrqOptions.Unmasking.AFTER_LISTENER;
    }

    static IrqSubscription begin(EventLoop loop, Irq irq, IrqListener listener, IrqOptions options) throws IOException {
        IrqSubscription subscription = new IrqSubscription(loop, irq, listener, options);
        @Nullable IOException[] failure = {null};
        loop.run(() -> {
            try {
                subscription.begin();
            } catch (IOException e) {
                failure[0] = e;
            }
        });
        if (failure[0] != null) {
            throw failure[0];
        }
        return subscription;
    }

    private void begin() throws IOException {
        boolean armed = false;
        loop.enter(resident);
        try {
            for (int i = 0; i < options.vectors(); i++) {
                lines.add(watch(options.firstVector() + i));
            }
            irq.arm(options.firstVector(), lines.stream().map(Line::eventFd).toList());
            irq.subscribed(Optional.of(this));
            armed = true;
        } finally {
            if (!armed) {
                lines.forEach(line -> attempt("unwatched", () -> loop.unwatch(line.watch())));
                lines.forEach(line -> line.eventFd().close());
                loop.leave(resident);
            }
        }
    }

    private Line watch(int vector) throws LinuxException {
        Descriptor eventFd = loop.systemCalls().eventFd("vector " + vector + " of " + irq.name());
        boolean watched = false;
        try {
            Line line = new Line(eventFd, loop.watch(eventFd, (count, nanoTime) -> deliver(vector, count, nanoTime)));
            watched = true;
            return line;
        } finally {
            if (!watched) {
                eventFd.close();
            }
        }
    }

    /**
     * The irq that is subscribed to: to mask and unmask it, or to trigger it.
     *
     * @return armed until the subscription ends
     */
    public Irq irq() {
        return irq;
    }

    private void deliver(int vector, long count, long nanoTime) {
        calling = true;
        try {
            listener.onInterrupt(new IrqEvent(vector, count, nanoTime));
            if (unmasks && !ending && !closeRequested) {
                attempt("unmasked, and stays masked", () -> irq.unmaskAfterEvent(vector));
            }
        } catch (Throwable failure) {
            report("a listener of " + irq.name() + " threw" + (unmasks ? "; the irq stays masked" : ""), failure);
        } finally {
            calling = false;
        }
        if (closeRequested) {
            end(Optional.empty());
        }
    }

    /**
     * Disarms the irq in order: masks it where that is possible, disarms it, delivers what was signalled last, calls
     * {@link IrqListener#onClosed}, and closes its eventfds. When this returns that has happened, and no callback runs; on the thread of
     * another loop, or in a callback of this very subscription, it happens soon after. Closing twice does nothing more.
     */
    @Override
    public void close() {
        if (loop.inLoop()) {
            if (calling) {
                closeRequested = true;
            } else {
                end(Optional.empty());
            }
            return;
        }
        try {
            loop.execute(() -> end(Optional.empty()));
        } catch (ClosedException loopEnded) {
            // Then it has ended the subscription.
        }
        if (!EventLoop.inAnyLoop()) {
            loop.await(ended);
        }
    }

    /** On the loop's thread. */
    private void end(Optional<Throwable> cause) {
        if (ending) {
            return;
        }
        ending = true;
        if (irq.armed() && !irq.deviceIsClosed()) {
            if (irq.info().maskable()) {
                attempt("masked", () -> irq.mask(options.firstVector()));
            }
            attempt("disarmed", irq::disarm);
        }
        lines.forEach(line -> attempt("drained", () -> loop.drain(line.watch())));
        lines.forEach(line -> attempt("unwatched", () -> loop.unwatch(line.watch())));
        irq.subscribed(Optional.empty());
        try {
            listener.onClosed(cause);
        } catch (Throwable failure) {
            report("a listener of " + irq.name() + " threw", failure);
        }
        lines.forEach(line -> line.eventFd().close());
        loop.leave(resident);
        ended.countDown();
    }

    private void attempt(String what, EventLoop.Task attempt) {
        try {
            attempt.run();
        } catch (LinuxException | RuntimeException e) {
            report(irq.name() + " could not be " + what, e);
        }
    }

    private void report(String what, Throwable cause) {
        try {
            options.errorHandler().onError(what, cause);
        } catch (Throwable handlerFailed) {
            System.getLogger(IrqSubscription.class.getName())
                    .log(System.Logger.Level.ERROR, "the error handler threw", handlerFailed);
        }
    }

    @Override
    public String toString() {
        return "subscription to " + irq.name();
    }
}
