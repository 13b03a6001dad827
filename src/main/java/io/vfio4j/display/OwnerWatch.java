package io.vfio4j.display;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.DeviceOwner;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Asks now and then whether a device's owner is still there: without one it has no guest, but keeps its group busy. On the loop's thread. */
final class OwnerWatch {
    /** How long a VMM that begins anew may find its group busy, because the display of the one before is still open. */
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final EventLoop loop;
    private final DeviceOwner owner;
    private final Consumer<DeviceOwner> whenGone;
    private final ErrorHandler errors;
    private final Deadline check;

    OwnerWatch(EventLoop loop, DeviceOwner owner, Consumer<DeviceOwner> whenGone, ErrorHandler errors) {
        this.loop = loop;
        this.owner = owner;
        this.whenGone = whenGone;
        this.errors = errors;
        this.check = loop.deadline(this::look);
    }

    void start() {
        check.set(loop.systemCalls().nanoTime() + CHECK_NANOS);
    }

    void cancel() {
        check.cancel();
    }

    private void look() {
        boolean gone;
        try {
            gone = owner.isGone();
        } catch (LinuxException | RuntimeException e) {
            // Told once: it is not asked again.
            errors.onError("whether " + owner.description() + " is still there cannot be told any more", e);
            return;
        }
        if (gone) {
            whenGone.accept(owner);
        } else {
            start();
        }
    }
}
