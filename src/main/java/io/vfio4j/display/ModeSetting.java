package io.vfio4j.display;

import io.vfio4j.display.edid.DetailedTiming;
import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.Monitor;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Sets modes by way of the monitor, and knows its rate. */
final class ModeSetting {
    /** How long the monitor stays unplugged, as with QEMU (hw/vfio/display.c): guests that are too quick for it miss the change. */
    private static final long UNPLUGGED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int USUAL_HERTZ = 60;
    private static final int HIGHEST_HERTZ = 1000;

    private final EventLoop loop;
    private final VfioDevice device;
    private final ReentrantLock lookup = new ReentrantLock();
    private @Nullable Optional<Monitor> monitor;

    // The loop's thread.

    private final Deadline plugInDue;
    private @Nullable Change pending;
    private int hertz = USUAL_HERTZ;
    private boolean closed;

    private record Change(Monitor.Exchange exchange, CompletableFuture<Void> done) {}

    ModeSetting(EventLoop loop, VfioDevice device) {
        this.loop = loop;
        this.device = device;
        this.plugInDue = loop.deadline(this::plugIn);
    }

    /** Any thread. */
    Optional<Monitor> monitor() throws IOException {
        lookup.lock();
        try {
            // Looked for once: exchanges of one object know of each other.
            if (monitor == null) {
                monitor = Monitor.of(device);
            }
            return monitor;
        } finally {
            lookup.unlock();
        }
    }

    /** Any thread. */
    CompletionStage<Void> set(int width, int height, int hertz) throws IOException {
        Monitor found = monitor().orElseThrow(() -> new NoMonitorException(device.name()));
        Edid edid = Edid.forMode(width, height, hertz);
        found.limits().require(width, height);
        Change change = new Change(found.exchange(edid), new CompletableFuture<>());
        try {
            loop.execute(() -> await(change));
        } catch (ClosedException loopEnded) {
            finish(change, loopEnded);
        }
        return change.done;
    }

    private void await(Change change) {
        if (closed) {
            finish(change, new ClosedException(device.name()));
            return;
        }
        if (change.exchange.isOver()) {
            superseded(change);
            return;
        }
        if (pending != null) {
            superseded(pending);
        }
        pending = change;
        plugInDue.set(loop.systemCalls().nanoTime() + UNPLUGGED_NANOS);
    }

    private static void superseded(Change change) {
        change.done.completeExceptionally(
                new CancellationException("another mode was set before " + change.exchange.edid() + " was plugged in"));
    }

    private void plugIn() {
        Change change = pending;
        pending = null;
        if (change == null) {
            return;
        }
        if (change.exchange.isOver()) {
            superseded(change);
            return;
        }
        try {
            change.exchange.plugIn();
            hertz = hertzOf(Optional.of(change.exchange.edid()));
            change.done.complete(null);
        } catch (IOException | RuntimeException e) {
            change.done.completeExceptionally(e);
        }
    }

    /** The guest is not left without a monitor; but whether it has noticed, nobody waits for. */
    private static void finish(Change change, ClosedException reason) {
        try {
            change.exchange.plugIn();
        } catch (IOException | RuntimeException e) {
            reason.addSuppressed(e);
        }
        change.done.completeExceptionally(reason);
    }

    void close() {
        closed = true;
        plugInDue.cancel();
        if (pending != null) {
            finish(pending, new ClosedException(device.name()));
            pending = null;
        }
    }

    /** The rate of the mode that the monitor preferred when that was read; 60 Hz where it does not say. */
    int hertz() {
        return hertz;
    }

    void readHertz() throws IOException {
        Optional<Monitor> found = monitor();
        hertz = hertzOf(found.isEmpty() ? Optional.empty() : found.get().edid());
    }

    private static int hertzOf(Optional<Edid> edid) {
        long rounded = Math.round(
                edid.flatMap(Edid::preferred).map(DetailedTiming::refreshHertz).orElse(0.0));
        return rounded < 1 || rounded > HIGHEST_HERTZ ? USUAL_HERTZ : (int) rounded;
    }
}
