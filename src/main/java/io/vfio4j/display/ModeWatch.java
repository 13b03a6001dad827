package io.vfio4j.display;

import io.vfio4j.display.pixels.Screen;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Looks at the primary plane for a display, and tells everybody of a mode that is new. On the loop's thread. */
final class ModeWatch {
    /** How often at most a change of mode is looked for while events come; a query is too slow for each. */
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Display display;
    private final EventLoop loop;
    private final PlaneInspector inspector;
    private final Optional<Executor> pollExecutor;
    private final Deadline check;

    private long lastLook;
    private boolean lookInFlight;
    private boolean lookFailed;
    private Optional<DisplayMode> mode = Optional.empty();
    private boolean off;

    /** Goes on when it is known what is shown. */
    interface AfterLook {
        void found(BufferChange buffer);
    }

    ModeWatch(Display display, EventLoop loop, Screen screen, Optional<Executor> pollExecutor) {
        this.display = display;
        this.loop = loop;
        this.inspector = new PlaneInspector(screen);
        this.pollExecutor = pollExecutor;
        this.check = loop.deadline(this::look);
    }

    /** Whether nothing is scanned out, as far as it was looked. */
    boolean isOff() {
        return off;
    }

    /** Tells what is known to a subscription that begins. */
    void tell(Delivery delivery) {
        mode.ifPresent(delivery::offerMode);
        if (off) {
            delivery.offerOff();
        }
    }

    /** Now, or when it was not looked for long enough. */
    void lookSoon(long now) {
        if (now - lastLook >= CHECK_NANOS) {
            look();
        } else if (!check.isSet()) {
            check.set(lastLook + CHECK_NANOS);
        }
    }

    void cancel() {
        check.cancel();
    }

    void look() {
        look(buffer -> {});
    }

    /** Queries the primary plane, tells of a changed mode, then goes on; at once, or when the poll executor is done. */
    void look(AfterLook next) {
        lastLook = loop.systemCalls().nanoTime();
        check.cancel();
        if (pollExecutor.isEmpty()) {
            lookedAt(Look.at(inspector), next);
            return;
        }
        if (lookInFlight) {
            return;
        }
        lookInFlight = true;
        try {
            pollExecutor.get().execute(() -> {
                Look result = Look.at(inspector);
                try {
                    loop.execute(() -> {
                        lookInFlight = false;
                        lookedAt(result, next);
                    });
                } catch (ClosedException loopEnded) {
                    // Nobody wants to know any more.
                }
            });
        } catch (RuntimeException | Error rejected) {
            lookInFlight = false;
            display.report("the poll executor of " + display.name() + " refused a task", rejected);
            display.giveResyncs(false);
            next.found(BufferChange.NOT_QUERIED);
        }
    }

    private record Look(Optional<PlaneInspector.Finding> finding, Optional<Exception> failure) {
        static Look at(PlaneInspector inspector) {
            try {
                return new Look(Optional.of(inspector.look()), Optional.empty());
            } catch (LinuxException | RuntimeException e) {
                return new Look(Optional.empty(), Optional.of(e));
            }
        }
    }

    private void lookedAt(Look look, AfterLook next) {
        if (!display.isOpen()) {
            return;
        }
        if (look.failure().isPresent()) {
            if (!lookFailed) {
                // Told once, not at each tick: a guest may leave a format that the driver does not know on its screen.
                lookFailed = true;
                display.report(
                        "the primary plane of " + display.name() + " could not be queried",
                        look.failure().get());
            }
            display.giveResyncs(false);
            next.found(BufferChange.NOT_QUERIED);
            return;
        }
        lookFailed = false;
        PlaneInspector.Finding finding = look.finding().orElseThrow();
        display.giveResyncs(tellAll(finding.mode()));
        next.found(finding.buffer());
    }

    /** Tells everybody of a mode that is new; returns whether it was. */
    private boolean tellAll(Optional<DisplayMode> found) {
        if (found.isEmpty() && !off) {
            off = true;
            mode = Optional.empty();
            display.deliveries().forEach(Delivery::offerOff);
            return true;
        }
        if (found.isPresent() && !found.equals(mode)) {
            off = false;
            mode = found;
            display.deliveries().forEach(delivery -> delivery.offerMode(found.get()));
            return true;
        }
        return false;
    }
}
