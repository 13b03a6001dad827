package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames of a guest whose drawing takes as long as the test says; vblanks come every 16 ms. */
class GuestFramesTest {
    private static final long MS = 1_000_000;

    private EmulatedHost host;
    private Vgpu vgpu;
    private EmulatedGuest guest;
    private Attached attached;

    private void start(VgpuProfile profile, Scenario scenario, long... drawMillis) throws IOException {
        host = EmulatedHost.of(profile.withModel(flips -> new ScriptedGuest(flips, drawMillis)));
        vgpu = host.vgpu();
        guest = vgpu.guest();
        open();
        guest.run(scenario);
    }

    private void open() throws IOException {
        attached = Attached.to(host);
        attached.arm(host.systemCalls().eventFd("display irq"));
    }

    @AfterEach
    void close() {
        host.close();
    }

    private void advanceTo(long millis) {
        host.clock().advance(Duration.ofNanos(millis * MS - host.clock().nanoTime()));
    }

    private static GuestFrame frame(long vblank, long flip, long due, long signal) {
        return new GuestFrame(vblank * MS, flip * MS, due * MS, OptionalLong.of(signal * MS));
    }

    private static GuestFrame unsignalled(long vblank, long flip, long due) {
        return new GuestFrame(vblank * MS, flip * MS, due * MS, OptionalLong.empty());
    }

    @Test
    void aFrameInTimeIsSignalledAtTheNextVblank() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        advanceTo(31);
        assertEquals(2, guest.frame(), "the first at the start, the second for the vblank at 16 ms");
        assertEquals(List.of(), guest.takeFrames(), "its signal is yet to come");
        advanceTo(48);
        assertEquals(List.of(frame(16, 21, 32, 32), frame(32, 37, 48, 48)), guest.takeFrames());
        assertEquals(List.of(), guest.takeFrames());
        assertEquals(new FrameTiming(3, 0, 2, 5 * MS, 0), guest.frameTiming());
    }

    @Test
    void aLateFrameIsSignalledAVblankLaterAndOneIsMissed() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5, 20, 5);
        advanceTo(79);
        assertEquals(List.of(frame(16, 21, 32, 32), frame(32, 52, 48, 64), frame(48, 57, 64, 64)), guest.takeFrames());
        assertEquals(new FrameTiming(4, 1, 4, 20 * MS, 16 * MS), guest.frameTiming());
        assertEquals(
                16 * MS,
                new GuestFrame(0, 20, 16 * MS, OptionalLong.of(32 * MS))
                        .refreshLatenessNanos()
                        .getAsLong());
    }

    @ParameterizedTest
    @CsvSource({"v2, 37, 32, 37", "v3, 37, 48, 48", "v4, 37, 48, 48", "v5, 37, 48, 48", "pageflip, 37, 48, 48"})
    void everyDialectSignalsALateFlipAsItSignalsAny(String dialect, long flip, long due, long signal)
            throws IOException {
        start(VgpuProfile.named(dialect), Scenario.FLIP, 5);
        advanceTo(63);
        assertEquals(frame(32, flip, due, signal), guest.takeFrames().get(1));
    }

    @Test
    void withoutADisplayIrqNothingIsSignalled() throws IOException {
        host = EmulatedHost.of(
                VgpuProfile.MAINLINE.withRefreshRate(50).withModel(flips -> new ScriptedGuest(flips, 5)));
        guest = host.vgpu().guest();
        attached = Attached.to(host);
        guest.run(Scenario.FLIP);
        advanceTo(60);
        assertEquals(List.of(unsignalled(20, 25, 40), unsignalled(40, 45, 60)), guest.takeFrames());
    }

    @Test
    void maskedFlipsAreNotSignalled() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        attached.mask();
        advanceTo(33);
        attached.unmask();
        advanceTo(48);
        assertEquals(List.of(unsignalled(16, 21, 32), frame(32, 37, 48, 48)), guest.takeFrames());
    }

    @Test
    void aFrameThatIsBeingDrawnWhenTheDeviceIsClosedIsNeverShown() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        advanceTo(18);
        attached.close();
        advanceTo(100);
        assertEquals(1, guest.frame());
        assertTrue(host.clock().untilNextEvent().isEmpty());
        assertEquals(new FrameTiming(1, 0, 0, 0, 0), guest.frameTiming());
    }

    @Test
    void aGuestWhoseDeviceIsOpenedAgainGoesOn() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        advanceTo(30);
        attached.close();
        assertEquals(List.of(unsignalled(16, 21, 32)), guest.takeFrames());
        advanceTo(1000);
        open();
        advanceTo(1047);
        assertEquals(List.of(frame(1016, 1021, 1032, 1032)), guest.takeFrames());
        assertEquals(0, guest.frameTiming().missedVblanks());
    }

    @Test
    void aDeviceThatIsRemovedLeavesNothingToHappen() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 40);
        advanceTo(20);
        Removal removal = vgpu.remove();
        advanceTo(40);
        assertFalse(removal.isComplete());
        attached.close();
        assertTrue(removal.isComplete());
        assertTrue(host.clock().untilNextEvent().isEmpty());
        assertEquals(1, guest.frame());
    }

    @Test
    void aGuestThatStopsShowsNothingMore() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        advanceTo(18);
        guest.stop();
        advanceTo(100);
        assertEquals(1, guest.frame());
        assertEquals(1, guest.frameTiming().vblanks());
    }

    @Test
    void aPipeThatIsOffShowsNothingAndMissesNothing() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        advanceTo(18);
        guest.pipe(Pipe.A, false);
        advanceTo(200);
        assertEquals(1, guest.frame());
        assertEquals(new FrameTiming(1, 0, 0, 0, 0), guest.frameTiming());
        guest.pipe(Pipe.A, true);
        advanceTo(240);
        assertEquals(List.of(frame(216, 221, 232, 232)), guest.takeFrames());
        assertEquals(0, guest.frameTiming().missedVblanks());
    }

    @Test
    void aFrameThatIsBeingDrawnWhenThePipeGoesOffIsNeverShownThoughItIsOnAgain() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        advanceTo(18);
        guest.pipe(Pipe.A, false);
        guest.pipe(Pipe.A, true);
        advanceTo(33);
        assertEquals(1, guest.frame());
        assertEquals(0, guest.frameTiming().frames());
    }

    @Test
    void anotherModeComesWhenItsFrameIsDrawn() throws IOException {
        start(VgpuProfile.V6, Scenario.MODE, 10);
        advanceTo(60 * 16 + 9);
        assertEquals(1920, guest.width());
        advanceTo(60 * 16 + 10);
        assertEquals(1280, guest.width());
    }

    @Test
    void everyPipeFlipsWhenTheFrameIsDrawn() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        guest.pipe(Pipe.B, true);
        advanceTo(32);
        assertEquals(List.of(frame(16, 21, 32, 32)), guest.takeFrames());
        assertEquals(3, vgpu.signalled().primary(), "pipe A at the start, then both");
    }

    @Test
    void whatATestHasTheGuestDoStillHappensAtOnce() throws IOException {
        start(VgpuProfile.V6, Scenario.CONSOLE, 5);
        guest.flip();
        assertEquals(1, guest.frame());
        advanceTo(16);
        assertEquals(1, vgpu.signalled().primary());
    }

    @Test
    void twoGuestsHaveAHostEach() throws IOException {
        List<ScriptedGuest> models = new ArrayList<>();
        VgpuProfile profile = VgpuProfile.V6.withModel(flips -> {
            models.add(new ScriptedGuest(flips, models.isEmpty() ? 5 : 20));
            return models.get(models.size() - 1);
        });
        host = EmulatedHost.builder().vgpu(profile).vgpu(profile).build();
        for (Vgpu each : host.vgpus()) {
            new Attached(host, each);
            each.guest().run(Scenario.FLIP);
        }
        advanceTo(47);
        assertEquals(2, models.size());
        assertEquals(2, host.vgpus().get(0).guest().frameTiming().frames());
        assertEquals(1, host.vgpus().get(1).guest().frameTiming().frames());
    }

    @Test
    void onlyTheLastFramesAreKept() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP, 5);
        int more = 10;
        host.clock().advance(Duration.ofMillis(16L * (FrameLog.LIMIT + more + 1)));
        List<GuestFrame> frames = guest.takeFrames();
        assertEquals(FrameLog.LIMIT, frames.size());
        assertEquals(16 * MS * (more + 1), frames.get(0).vblankNanos());
    }

    /** A model that takes as long as it is told to for the first slice. */
    private static GuestModel slowAtFirst(GuestModel model, long nanos) {
        return new GuestModel() {
            private boolean begun;

            @Override
            public long nanoTime() {
                return model.nanoTime();
            }

            @Override
            public void runTo(long time) {
                long start = System.nanoTime();
                while (!begun && System.nanoTime() - start < nanos) {
                    Thread.onSpinWait();
                }
                begun = true;
                model.runTo(time);
            }

            @Override
            public void postInterrupt() {
                model.postInterrupt();
            }
        };
    }

    @Test
    @Timeout(60)
    void inRealTimeWhatTakesTooLongIsNotMadeUpFor() throws IOException {
        long stall = 5 * GuestSchedule.FARTHEST_BEHIND;
        host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V6.withModel(flips -> slowAtFirst(new ScriptedGuest(flips, 5), stall)))
                .realTime()
                .build();
        vgpu = host.vgpu();
        guest = vgpu.guest();
        open();
        guest.run(Scenario.FLIP);
        while (guest.frameTiming().frames() < 3) {
            Thread.yield();
        }
        long skipped = vgpu.signalled().vblanks() - guest.frameTiming().vblanks();
        assertTrue(skipped >= (stall - GuestSchedule.FARTHEST_BEHIND) / (16 * MS) - 2, skipped + " vblanks");
    }

    @Test
    @Timeout(60)
    void aModelThatFailsEndsTheHostInsteadOfLeavingItWithoutTime() throws IOException {
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        AtomicReference<Throwable> reported = new AtomicReference<>();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> reported.set(failure));
        try {
            host = EmulatedHost.builder()
                    .vgpu(VgpuProfile.V6.withModel(flips -> new ScriptedGuest(flips)))
                    .realTime()
                    .build();
            vgpu = host.vgpu();
            open();
            vgpu.guest().run(Scenario.FLIP);
            Descriptor eventFd = host.systemCalls().eventFd("nothing");
            assertThrows(ClosedException.class, () -> {
                while (true) {
                    host.systemCalls().signal(eventFd, 1);
                    Thread.yield();
                }
            });
            while (reported.get() == null) {
                Thread.yield();
            }
            assertInstanceOf(NoSuchElementException.class, reported.get());
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    @Test
    void inVirtualTimeAModelThatFailsFailsWhoLetsTimePass() throws IOException {
        start(VgpuProfile.V6, Scenario.FLIP);
        assertThrows(NoSuchElementException.class, () -> advanceTo(100));
    }

    @Test
    @Timeout(60)
    void inRealTimeFramesAreAsLateAsTheModelSays() throws IOException, InterruptedException {
        host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V6.withModel(flips -> new ScriptedGuest(flips, 5, 20, 5)))
                .realTime()
                .build();
        guest = host.vgpu().guest();
        attached = Attached.to(host);
        Descriptor eventFd = host.systemCalls().eventFd("display irq");
        attached.arm(eventFd);
        guest.run(Scenario.FLIP);
        List<GuestFrame> frames = new ArrayList<>();
        while (frames.size() < 5) {
            Thread.yield();
            frames.addAll(guest.takeFrames());
        }
        assertEquals(
                List.of(5 * MS, 20 * MS, 9 * MS, 5 * MS, 5 * MS),
                frames.stream().map(GuestFrame::flipLatenessNanos).toList().subList(0, 5));
        assertEquals(
                List.of(0L, 16 * MS, 0L, 0L, 0L),
                frames.stream()
                        .map(frame -> frame.refreshLatenessNanos().orElseThrow())
                        .toList()
                        .subList(0, 5));
    }
}
