package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Boost;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SharedHostTest {
    private static final long MS = 1_000_000;

    private static List<GuestFrame> frames(VgpuProfile profile, Duration duration) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(profile)) {
            Attached attached = Attached.to(host);
            attached.arm(host.systemCalls().eventFd("display irq"));
            host.vgpu().guest().run(Scenario.FLIP);
            host.clock().advance(duration);
            return host.vgpu().guest().takeFrames();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aGuestAloneDrawsEveryFrameInItsTimeWhateverTheBoost(Boost boost) throws IOException {
        List<GuestFrame> frames =
                frames(VgpuProfile.V6.withOvercommit(1).withBoost(boost), Duration.ofMillis(16 * 101));
        assertEquals(100, frames.size());
        for (GuestFrame frame : frames) {
            assertTrue(
                    frame.flipLatenessNanos() >= 8 * MS * 9 / 10 && frame.flipLatenessNanos() < 12 * MS,
                    () -> frame + " of 8 ms, 10 % more or less");
            assertEquals(0, frame.refreshLatenessNanos().orElseThrow());
        }
    }

    @ParameterizedTest
    @EnumSource
    void theSameSeedGivesTheSameFramesAndAnotherOneOthers(Boost boost) throws IOException {
        VgpuProfile profile = VgpuProfile.V6.withOvercommit(3).withBoost(boost).withSeed(5);
        List<GuestFrame> once = frames(profile, Duration.ofMillis(500));
        assertTrue(!once.isEmpty());
        assertEquals(once, frames(profile, Duration.ofMillis(500)));
        assertNotEquals(once, frames(profile.withSeed(6), Duration.ofMillis(500)));
    }

    @Test
    void aFrameIsDrawnForAVblankAndSignalledAtOne() throws IOException {
        for (GuestFrame frame :
                frames(VgpuProfile.V6.withOvercommit(3).withBoost(Boost.READY), Duration.ofSeconds(1))) {
            assertEquals(0, frame.vblankNanos() % (16 * MS), frame.toString());
            assertEquals(frame.vblankNanos() + 16 * MS, frame.dueNanos());
            assertEquals(0, frame.signalNanos().orElseThrow() % (16 * MS), frame.toString());
            assertTrue(frame.signalNanos().orElseThrow() - frame.flipNanos() <= 16 * MS, frame.toString());
        }
    }

    @Test
    void nobodyWhoHasTheDeviceOpenMeansNoVblanksAndNothingToSimulate() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6.withOvercommit(16))) {
            host.vgpu().guest().run(Scenario.FLIP);
            assertTrue(host.clock().untilNextEvent().isEmpty());
            host.clock().advance(Duration.ofDays(365));
            assertEquals(0, host.vgpu().guest().frameTiming().vblanks());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 17, Integer.MAX_VALUE})
    void oneToSixteenGuestsShareAHost(int guests) {
        String message = assertThrows(IllegalArgumentException.class, () -> VgpuProfile.V6.withOvercommit(guests))
                .getMessage();
        assertEquals("an overcommit of " + guests + "; 1 to 16 guests share a host", message);
    }

    @Test
    void aBoostAndASeedAloneMakeNoSharedHost() throws IOException {
        VgpuProfile profile = VgpuProfile.V6.withBoost(Boost.READY).withSeed(7);
        assertEquals(OptionalInt.empty(), profile.overcommit());
        assertEquals(List.of(), frames(profile, Duration.ofMillis(200)));
        assertEquals(
                frames(VgpuProfile.V6.withOvercommit(2).withBoost(Boost.READY).withSeed(7), Duration.ofMillis(200)),
                frames(profile.withOvercommit(2), Duration.ofMillis(200)));
    }

    @Test
    void theHandlerOfAGuestThatAnswersAtOnceRunsInTheVblank() throws IOException {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            Attached.to(host);
            host.vgpu().guest().run(Scenario.FLIP);
            host.clock().advance(Duration.ofMillis(16));
            assertEquals(2, host.vgpu().guest().frame());
            assertEquals(new FrameTiming(0, 0, 0, 0, 0), host.vgpu().guest().frameTiming());
        }
    }
}
