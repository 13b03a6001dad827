package io.vfio4j.frontend;

import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.Subscription;
import io.vfio4j.linux.ClosedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A display that is shown, and two subscriptions to its events: one whose rate is bounded while nothing changes, for what is to be read;
 * and one whose rate is bounded far less, so that what proves a change need not wait for the other's turn.
 */
final class Attachment {
    /** Hears of the display, on its loop's thread. */
    interface Listener {
        void due(Attachment from, RefreshEvent event);

        void noticed(Attachment from, RefreshEvent event);

        void off(Attachment from);

        void gone(Attachment from, Optional<Throwable> cause);
    }

    /** How often it is asked, at most, whether something that proves a change has come. */
    private static final Duration ALERT = Duration.ofMillis(32);

    final Display display;
    private final Listener listener;

    // With the screen's lock.

    private final List<Subscription> subscriptions = new ArrayList<>(2);
    private Optional<Subscription> bounded = Optional.empty();
    private Optional<Subscription> each = Optional.empty();
    private boolean ended;

    // The reader alone.

    /** When the newest picture began to be read. */
    private long begun;

    private boolean hasBegun;

    Attachment(Display display, Listener listener) {
        this.display = display;
        this.listener = listener;
    }

    /** Without the screen's lock. */
    List<Subscription> subscribe() {
        Attachment self = this;
        Subscription first = display.subscribe(new RefreshListener() {
            @Override
            public void onRefresh(RefreshEvent event) {
                listener.due(self, event);
            }

            @Override
            public void onOff() {
                listener.off(self);
            }

            @Override
            public void onClosed(Optional<Throwable> cause) {
                listener.gone(self, cause);
            }
        });
        try {
            return List.of(first, display.subscribe(event -> listener.noticed(self, event)));
        } catch (ClosedException closedMeanwhile) {
            first.close();
            throw closedMeanwhile;
        }
    }

    /** With the screen's lock; returns whether it has ended meanwhile, so that the caller has to close them. */
    boolean begin(List<Subscription> begun, boolean wanted) {
        if (ended) {
            return false;
        }
        subscriptions.addAll(begun);
        bounded = Optional.of(begun.get(0));
        each = Optional.of(begun.get(1));
        demand(wanted);
        return true;
    }

    /** With the screen's lock. */
    void demand(boolean wanted) {
        subscriptions.forEach(wanted ? Subscription::resume : Subscription::pause);
    }

    /** With the screen's lock. */
    void setInterval(Duration interval) {
        bounded.ifPresent(subscription -> subscription.setMinInterval(interval));
        each.ifPresent(subscription -> subscription.setMinInterval(interval.compareTo(ALERT) < 0 ? interval : ALERT));
    }

    /** With the screen's lock; what is returned is to be closed without it. */
    List<Subscription> end() {
        ended = true;
        return List.copyOf(subscriptions);
    }

    /** With the screen's lock. */
    boolean hasEnded() {
        return ended;
    }

    /** Whether a picture that is read already was begun after a moment. */
    boolean hasSeen(long nanoTime) {
        return hasBegun && begun - nanoTime > 0;
    }

    void begunAt(long nanoTime) {
        begun = nanoTime;
        hasBegun = true;
    }
}
