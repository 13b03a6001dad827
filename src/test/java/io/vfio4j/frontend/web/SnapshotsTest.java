package io.vfio4j.frontend.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In virtual time, on one thread. */
class SnapshotsTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.named("v5").withSize(320, 240));
    private final EmbeddedChannel network = new EmbeddedChannel();
    private final AtomicInteger made = new AtomicInteger();
    private long now = 1;
    private EventLoop loop;
    private Display display;
    private LiveScreen screen;
    private Snapshots snapshots;

    @BeforeEach
    void attach() throws IOException {
        network.freezeTime();
        loop = EventLoop.stepped(host.systemCalls());
        display = Display.attach(
                loop,
                VfioDevice.open(
                        host.systemCalls(),
                        MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
        screen = LiveScreen.named("vgpu", LiveOptions.DEFAULTS.on(Runnable::run));
        screen.attach(display);
        snapshots = new Snapshots(screen, network.eventLoop(), () -> now, task -> {
            made.incrementAndGet();
            task.run();
        });
    }

    @AfterEach
    void everythingEnds() {
        snapshots.close();
        assertEquals(0, screen.stats().viewers());
        screen.close();
        display.close();
        loop.close();
        assertEquals(List.of(), host.openFiles());
        host.close();
        network.close();
    }

    private void pass(long millis) {
        for (long done = 0; done < millis; done += 5) {
            now += TimeUnit.MILLISECONDS.toNanos(5);
            host.clock().advance(Duration.ofMillis(5));
            network.advanceTimeBy(5, TimeUnit.MILLISECONDS);
            network.runPendingTasks();
        }
    }

    private Snapshot await(CompletableFuture<Snapshot> answer) {
        for (int tries = 0; tries < 1000 && !answer.isDone(); tries++) {
            pass(5);
        }
        return answer.getNow(null);
    }

    @Test
    void nobodyLooksUntilSomebodyAsksAndSomeSecondsAfter() {
        pass(1000);
        assertEquals(0, screen.stats().captures());
        Snapshot first = await(snapshots.take(SnapshotKind.PNG));
        assertEquals(320, first.width());
        assertTrue(first.absence().isEmpty(), "not the placeholder, though that was there first");
        assertEquals(1, screen.stats().viewers());
        pass(7000);
        assertEquals(1, screen.stats().viewers());
        pass(1500);
        assertEquals(0, screen.stats().viewers());
        long captures = screen.stats().captures();
        host.vgpu().guest().flip();
        pass(5000);
        assertEquals(captures, screen.stats().captures());
        Snapshot second = await(snapshots.take(SnapshotKind.PNG));
        assertNotEquals(first.generation(), second.generation(), "not the one from before the pause");
    }

    @Test
    void askingNowAndThenKeepsLooking() {
        for (int i = 0; i < 5; i++) {
            await(snapshots.take(SnapshotKind.THUMBNAIL));
            pass(5000);
            assertEquals(1, screen.stats().viewers());
        }
    }

    @Test
    void whoAsksAtOnceGetsOnePicture() {
        List<CompletableFuture<Snapshot>> answers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            answers.add(snapshots.take(SnapshotKind.JPEG));
        }
        Snapshot one = await(answers.get(0));
        answers.forEach(answer -> assertSame(one, answer.join()));
        assertEquals(1, made.get());
    }

    @Test
    void eachKindIsMadeOnlySoOften() {
        await(snapshots.take(SnapshotKind.PNG));
        host.vgpu().guest().flip();
        pass(100);
        CompletableFuture<Snapshot> next = snapshots.take(SnapshotKind.PNG);
        pass(300);
        assertFalse(next.isDone());
        assertTrue(await(snapshots.take(SnapshotKind.FACTS)).absence().isEmpty(), "another kind need not wait");
        pass(200);
        assertTrue(next.isDone());
    }

    @Test
    void aPictureThatDidNotChangeIsNotMadeAgain() {
        Snapshot first = await(snapshots.take(SnapshotKind.PNG));
        pass(1000);
        assertSame(first, await(snapshots.take(SnapshotKind.PNG)));
        // Another kind was made of the same picture meanwhile, so there is no news; but this one is not made yet.
        assertTrue(await(snapshots.take(SnapshotKind.THUMBNAIL)).bytes().length > 0);
    }

    @Test
    void theRateIsThatOfNewPictures() {
        for (int second = 0; second < 40; second++) {
            host.vgpu().guest().flip();
            await(snapshots.take(SnapshotKind.FACTS));
            pass(100);
        }
        double rate = snapshots.picturesPerSecond().orElseThrow();
        assertTrue(rate > 5 && rate < 11, "about ten in a second: " + rate);
        pass(20_000);
        await(snapshots.take(SnapshotKind.FACTS));
        assertTrue(snapshots.picturesPerSecond().isEmpty(), "not over a pause");
    }

    @Test
    void aScreenWithoutADisplayIsNotWaitedFor() {
        screen.detach("gone");
        CompletableFuture<Snapshot> answer = snapshots.take(SnapshotKind.PNG);
        pass(20);
        assertEquals("gone", answer.join().absence().orElseThrow());
    }

    @Test
    void whoWaitsIsToldOfTheEnd() {
        CompletableFuture<Snapshot> waiting = snapshots.take(SnapshotKind.PNG);
        snapshots.close();
        assertTrue(waiting.isCompletedExceptionally());
        assertTrue(snapshots.take(SnapshotKind.PNG).isCompletedExceptionally());
    }
}
