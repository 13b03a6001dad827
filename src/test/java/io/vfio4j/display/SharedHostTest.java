package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.GuestFrame;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.emulator.vcpu.Boost;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The display of a guest whose vCPUs wait for processors. */
class SharedHostTest {
    private static VgpuProfile shared(String dialect) {
        return VgpuProfile.named(dialect).withOvercommit(3).withBoost(Boost.READY);
    }

    private static Set<Long> times(Notes notes) {
        return notes.from(RefreshSource.IRQ).stream()
                .map(RefreshEvent::timeNanos)
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display"})
    void everyFrameThatIsSignalledIsARefreshEventAtThatInstant(String dialect) throws Exception {
        try (Stage stage = new Stage(shared(dialect))) {
            Notes notes = new Notes();
            try (Display display = stage.attach()) {
                display.subscribe(notes);
                stage.settle();
                stage.vgpu().guest().run(Scenario.FLIP);
                stage.passMillis(700);
                List<GuestFrame> frames = stage.vgpu().guest().takeFrames();
                assertTrue(frames.size() > 3, frames.toString());
                assertTrue(frames.stream()
                        .anyMatch(frame -> frame.refreshLatenessNanos().orElseThrow() > 0));
                Set<Long> times = times(notes);
                for (GuestFrame frame : frames) {
                    assertTrue(times.contains(frame.signalNanos().orElseThrow()), frame + " of " + times);
                }
                notes.assertNothingLost();
            }
        }
    }

    @Test
    void framesAreNotSignalledWhileAllArePausedAndAreAgainAfterTheResync() throws Exception {
        try (Stage stage = new Stage(shared("v6"))) {
            Notes notes = new Notes();
            try (Display display = stage.attach()) {
                Subscription subscription = display.subscribe(notes);
                stage.settle();
                stage.vgpu().guest().run(Scenario.FLIP);
                stage.passMillis(500);
                subscription.pause();
                stage.settle();
                stage.vgpu().guest().takeFrames();
                int heard = notes.events.size();
                stage.passMillis(500);
                List<GuestFrame> unseen = stage.vgpu().guest().takeFrames();
                assertFalse(unseen.isEmpty());
                assertTrue(unseen.stream().allMatch(frame -> frame.signalNanos().isEmpty()), unseen.toString());
                assertEquals(heard, notes.events.size());
                subscription.resume();
                stage.settle();
                assertEquals(RefreshSource.RESYNC, notes.last().source());
                stage.passMillis(500);
                List<GuestFrame> seen = stage.vgpu().guest().takeFrames();
                assertTrue(seen.stream().anyMatch(frame -> frame.signalNanos().isPresent()), seen.toString());
            }
        }
    }

    @Test
    void anotherModeIsToldWhenItsFrameIsSignalled() throws Exception {
        try (Stage stage = new Stage(shared("v6"))) {
            Notes notes = new Notes();
            try (Display display = stage.attach()) {
                display.subscribe(notes);
                stage.settle();
                stage.vgpu().guest().run(Scenario.MODE);
                long before = stage.vgpu().guest().frameTiming().frames();
                while (stage.vgpu().guest().width() == 1920) {
                    stage.passMillis(1);
                }
                assertEquals(
                        60, stage.vgpu().guest().frameTiming().frames() - before, "the guest counts its own frames");
                assertEquals(1, notes.modes.size(), "nobody has been told yet");
                stage.passMillis(500);
                assertEquals(1280, notes.modes.get(1).width());
            }
        }
    }

    @Test
    void aDisplayThatIsClosedWhileAFrameIsDrawnLeavesNothingToHappen() throws Exception {
        try (Stage stage = new Stage(shared("v6"))) {
            Notes notes = new Notes();
            Display display = stage.attach();
            display.subscribe(notes);
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(100);
            display.close();
            long frames = stage.vgpu().guest().frameTiming().frames();
            stage.passMillis(5000);
            assertEquals(1, notes.closes.size());
            assertEquals(frames, stage.vgpu().guest().frameTiming().frames());
            assertTrue(stage.host.clock().untilNextEvent().isEmpty());
        }
    }

    @Test
    void aDeviceThatIsRemovedWhileAFrameIsDrawnIsClosedInOrder() throws Exception {
        try (Stage stage = new Stage(shared("v6"))) {
            Notes notes = new Notes();
            Display display = stage.attach();
            display.subscribe(notes);
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(100);
            Removal removal = stage.vgpu().remove();
            stage.passMillis(1000);
            assertTrue(removal.isComplete());
            assertEquals(1, notes.closes.size());
            assertTrue(stage.host.clock().untilNextEvent().isEmpty());
            display.close();
        }
    }
}
