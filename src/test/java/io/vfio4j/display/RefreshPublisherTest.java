package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.Scenario;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** What the TCK does not look at: the order of signals where the executor is slow, and what merges. */
class RefreshPublisherTest {

    private static class Subscriber implements Flow.Subscriber<RefreshEvent> {
        final List<Object> heard = new ArrayList<>();
        Flow.Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            heard.add("subscribed");
        }

        @Override
        public void onNext(RefreshEvent event) {
            heard.add(event);
        }

        @Override
        public void onError(Throwable failure) {
            heard.add(failure);
        }

        @Override
        public void onComplete() {
            heard.add("complete");
        }
    }

    @Test
    void whatWasNotAskedForMergesIntoTheNext() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Subscriber subscriber = new Subscriber();
            display.publisher(Runnable::run).subscribe(subscriber);
            stage.vgpu().guest().run(Scenario.FLIP);
            subscriber.subscription.request(1);
            stage.passMillis(160);
            subscriber.subscription.request(1);
            stage.settle();
            assertEquals(3, subscriber.heard.size());
            RefreshEvent resync = (RefreshEvent) subscriber.heard.get(1);
            assertEquals(RefreshSource.RESYNC, resync.source());
            RefreshEvent merged = (RefreshEvent) subscriber.heard.get(2);
            assertEquals(10, merged.merged());
            assertEquals(10, merged.primary().orElseThrow());
            display.close();
            assertEquals("complete", subscriber.heard.get(3));
        }
    }

    @Test
    void nothingComesBeforeOnSubscribeHasReturned() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Subscriber subscriber = new Subscriber() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    subscription.request(5);
                    stage.passMillis(100);
                    display.close();
                    super.onSubscribe(subscription);
                }
            };
            display.publisher(Runnable::run).subscribe(subscriber);
            assertEquals("subscribed", subscriber.heard.get(0));
            assertEquals("complete", subscriber.heard.get(subscriber.heard.size() - 1));
        }
    }

    @Test
    void aSubscriberThatThrowsIsCancelledAndReported() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            display.publisher(Runnable::run).subscribe(new Subscriber() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    throw new IllegalStateException("broken");
                }
            });
            Subscriber second = new Subscriber() {
                @Override
                public void onNext(RefreshEvent event) {
                    super.onNext(event);
                    throw new IllegalStateException("broken");
                }
            };
            display.publisher(Runnable::run).subscribe(second);
            second.subscription.request(10);
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(100);
            assertEquals(2, second.heard.size());
            assertEquals(2, stage.errors.size());
            stage.errors.clear();
            assertTrue(stage.vgpu().masked(), "nobody is left to listen");
        }
    }

    @Test
    void aWrongRequestEndsBehindWhatIsBeingDelivered() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Queue<Runnable> tasks = new ArrayDeque<>();
            Subscriber subscriber = new Subscriber() {
                @Override
                public void onNext(RefreshEvent event) {
                    subscription.request(0);
                    super.onNext(event);
                }
            };
            display.publisher(tasks::add).subscribe(subscriber);
            subscriber.subscription.request(1);
            stage.settle();
            tasks.remove().run();
            assertEquals(2, subscriber.heard.size(), "not while onNext runs");
            stage.settle();
            tasks.remove().run();
            assertInstanceOf(IllegalArgumentException.class, subscriber.heard.get(2));
            display.close();
            assertTrue(tasks.isEmpty());
            assertEquals(3, subscriber.heard.size());
        }
    }

    @Test
    void aLoopThatFailsFailsTheSubscriberAndAnExecutorThatRefusesIsNoExcuse() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Subscriber subscriber = new Subscriber();
            display.publisher(task -> {
                        throw new RejectedExecutionException("shut down");
                    })
                    .subscribe(subscriber);
            stage.vgpu().stepped(true);
            stage.host.faults().fail("epoll_wait", 1, Errno.EIO);
            stage.settle();
            assertEquals(2, subscriber.heard.size());
            assertInstanceOf(LinuxException.class, subscriber.heard.get(1));
            assertTrue(stage.errors.size() > 0);
            stage.errors.clear();
            Subscriber late = new Subscriber();
            display.publisher(Runnable::run).subscribe(late);
            assertEquals(List.of("subscribed", "complete"), late.heard);
        }
    }
}
