package io.vfio4j.display;

import io.vfio4j.linux.ClosedException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;

/** Refresh events for reactive code: a subscription whose demand is counted. */
final class RefreshPublisher implements Flow.Publisher<RefreshEvent> {
    private final Display display;
    private final Executor executor;

    RefreshPublisher(Display display, Executor executor) {
        this.display = display;
        this.executor = executor;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super RefreshEvent> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        Bridge bridge = new Bridge(subscriber);
        Delivery delivery;
        try {
            delivery = display.subscribe(bridge, SubscriptionOptions.DIRECT.on(bridge::execute), 0);
        } catch (ClosedException closed) {
            subscriber.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long count) {}

                @Override
                public void cancel() {}
            });
            subscriber.onComplete();
            return;
        }
        bridge.begin(delivery);
    }

    /** Listener on our side, subscription on the subscriber's. */
    private final class Bridge implements RefreshListener, Flow.Subscription {
        private final Flow.Subscriber<? super RefreshEvent> subscriber;
        private volatile Optional<Delivery> delivery = Optional.empty();
        private volatile boolean done;
        private boolean begun;
        private Optional<Runnable> early = Optional.empty();

        private Bridge(Flow.Subscriber<? super RefreshEvent> subscriber) {
            this.subscriber = subscriber;
        }

        /** Nothing may come before onSubscribe has returned (rules 1.3 and 1.9); at most one task is in flight. */
        private void execute(Runnable task) {
            synchronized (this) {
                if (!begun) {
                    early = Optional.of(task);
                    return;
                }
            }
            executor.execute(task);
        }

        private void begin(Delivery started) {
            delivery = Optional.of(started);
            try {
                subscriber.onSubscribe(this);
            } catch (RuntimeException | Error broken) {
                cancel();
                display.report("a subscriber of " + display.name() + " threw in onSubscribe", broken);
            }
            Optional<Runnable> waiting;
            synchronized (this) {
                begun = true;
                waiting = early;
            }
            waiting.ifPresent(this::executeOrRun);
        }

        private void executeOrRun(Runnable task) {
            try {
                executor.execute(task);
            } catch (RuntimeException | Error rejected) {
                display.report("the executor of a subscriber of " + display.name() + " refused a task", rejected);
                task.run();
            }
        }

        @Override
        public void onRefresh(RefreshEvent event) {
            if (!done) {
                try {
                    subscriber.onNext(event);
                } catch (RuntimeException | Error broken) {
                    // A subscriber that throws has broken the rules and is cancelled (rule 2.13).
                    cancel();
                    throw broken;
                }
            }
        }

        @Override
        public void onClosed(Optional<Throwable> cause) {
            if (!done) {
                done = true;
                cause.ifPresentOrElse(subscriber::onError, subscriber::onComplete);
            }
        }

        @Override
        public void request(long count) {
            if (done) {
                return;
            }
            if (count <= 0) {
                // Rule 3.9; told by the executor, as everything else.
                Throwable broken = new IllegalArgumentException("requested " + count + " events (rule 3.9)");
                delivery.ifPresent(started -> started.fail(broken));
                return;
            }
            delivery.ifPresent(started -> started.request(count));
        }

        @Override
        public void cancel() {
            done = true;
            delivery.ifPresent(Delivery::leave);
        }
    }
}
