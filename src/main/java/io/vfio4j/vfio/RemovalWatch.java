package io.vfio4j.vfio;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Notices that a device is being removed from the host, or its driver unbound. Whoever does that waits, in the kernel, until the
 * device is closed and unmapped; until then it works on. So the answer to a removal is to close the device:
 *
 * <pre>{@code
 * RemovalWatch.start(loop, device, device::close);
 * }</pre>
 *
 * <p>The driver core takes the device's driver link in sysfs away first. That is looked for four times a second, always, because some
 * drivers offer the REQ irq and never signal it. Where it is signalled, it is only quicker. A device that somebody else opened
 * ({@link VfioDevice#adopt}, {@link VfioDevice#share}) may have neither; then nothing is noticed. A display has a watch of its own.
 *
 * <p>Methods may be called by any thread, also from callbacks.
 */
public final class RemovalWatch implements AutoCloseable {
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final EventLoop loop;
    private final VfioDevice device;
    private final Runnable removed;
    private final ErrorHandler errors;
    private final Deadline check;
    private final CountDownLatch stopped = new CountDownLatch(1);

    // All that follows belongs to the loop's thread.

    private final Resident resident = new Resident() {
        @Override
        public void shutDown() {
            stop();
        }

        @Override
        public void loopFailed(Throwable cause) {
            stop();
        }
    };
    private Optional<IrqSubscription> request = Optional.empty();
    private boolean watching = true;

    private RemovalWatch(EventLoop loop, VfioDevice device, Runnable removed, ErrorHandler errors) {
        this.loop = loop;
        this.device = device;
        this.removed = removed;
        this.errors = errors;
        this.check = loop.deadline(this::look);
    }

    /**
     * Watches a device from now on; what goes wrong is logged.
     *
     * @param loop does the watching, and outlives it or closes it
     * @param device stays the caller's
     * @param removed called once, on the loop's thread, when the device is being removed; the watch has ended by then
     * @return the watch; the caller closes it, before the device or after
     * @throws IOException what the kernel says, except to arming the REQ irq; nothing stays open then
     */
    public static RemovalWatch start(EventLoop loop, VfioDevice device, Runnable removed) throws IOException {
        return start(loop, device, removed, ErrorHandler.logging());
    }

    /**
     * Watches a device from now on.
     *
     * @param loop does the watching, and outlives it or closes it
     * @param device stays the caller's
     * @param removed called once, on the loop's thread, when the device is being removed; the watch has ended by then
     * @param errors told where the REQ irq is offered but refused, and where {@code removed} throws
     * @return the watch; the caller closes it, before the device or after
     * @throws IOException what the kernel says, except to arming the REQ irq; nothing stays open then
     */
    public static RemovalWatch start(EventLoop loop, VfioDevice device, Runnable removed, ErrorHandler errors)
            throws IOException {
        RemovalWatch watch = new RemovalWatch(loop, device, removed, errors);
        @Nullable IOException[] failure = {null};
        loop.run(() -> {
            try {
                watch.begin();
            } catch (IOException e) {
                failure[0] = e;
            }
        });
        if (failure[0] != null) {
            throw failure[0];
        }
        return watch;
    }

    private void begin() throws IOException {
        boolean begun = false;
        loop.enter(resident);
        try {
            request = subscribeToRequest();
            if (device.host().isPresent()) {
                lookLater();
            }
            begun = true;
        } finally {
            if (!begun) {
                stop();
            }
        }
    }

    /** On a device that is not ours alone the REQ irq is its owner's. */
    private Optional<IrqSubscription> subscribeToRequest() throws IOException {
        if (device.shared() || !device.info().pci()) {
            return Optional.empty();
        }
        Optional<Irq> irq = requestIrq();
        if (irq.isEmpty() || irq.get().armed()) {
            return Optional.empty();
        }
        // Not within the callback, in which the subscription could not end.
        IrqListener listener = event -> loop.execute(this::noticed);
        try {
            return Optional.of(irq.get().subscribe(loop, listener, IrqOptions.DEFAULTS.withErrorHandler(errors)));
        } catch (LinuxException e) {
            if (!e.operation().equals(Vfio.VFIO_DEVICE_SET_IRQS.name())) {
                throw e;
            }
            report(
                    "the REQ irq of " + device.name() + " is offered but cannot be armed"
                            + (device.host().isPresent()
                                    ? "; its removal is noticed all the same, a little later"
                                    : "; its removal will not be noticed"),
                    e);
            return Optional.empty();
        }
    }

    private Optional<Irq> requestIrq() throws IOException {
        int index = PciIrq.REQUEST.index();
        if (device.info().irqs() <= index) {
            return Optional.empty();
        }
        IrqInfo info;
        try {
            info = device.irqInfo(index);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            return Optional.empty();
        }
        return info.eventFd() && info.count() != 0 ? Optional.of(device.irq(index)) : Optional.empty();
    }

    private void lookLater() {
        check.set(loop.systemCalls().nanoTime() + CHECK_NANOS);
    }

    private void look() {
        if (device.host().orElseThrow().hasDriver(loop.systemCalls())) {
            lookLater();
        } else {
            noticed();
        }
    }

    private void noticed() {
        if (!watching) {
            return;
        }
        stop();
        try {
            removed.run();
        } catch (Throwable failure) {
            report("the removal of " + device.name() + " was noticed, but what was to be done then threw", failure);
        }
    }

    private void stop() {
        if (watching) {
            watching = false;
            check.cancel();
            request.ifPresent(IrqSubscription::close);
            request = Optional.empty();
            loop.leave(resident);
            stopped.countDown();
        }
    }

    private void report(String what, Throwable cause) {
        try {
            errors.onError(what, cause);
        } catch (Throwable handlerFailed) {
            System.getLogger(RemovalWatch.class.getName())
                    .log(System.Logger.Level.ERROR, "the error handler threw", handlerFailed);
        }
    }

    /**
     * Ends watching. When this returns that has happened, and nothing is called any more; on the thread of another loop it happens soon
     * after. Closing twice does nothing more.
     */
    @Override
    public void close() {
        if (loop.inLoop()) {
            stop();
            return;
        }
        try {
            loop.execute(this::stop);
        } catch (ClosedException loopEnded) {
            // Then it has ended the watch.
        }
        if (!EventLoop.inAnyLoop()) {
            loop.await(stopped);
        }
    }

    @Override
    public String toString() {
        return "removal watch of " + device.name();
    }
}
