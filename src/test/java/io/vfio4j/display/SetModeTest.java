package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.edid.Edid;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** A frontend sets the guest's mode, in virtual time. */
class SetModeTest {

    private static String guestMode(Stage stage) {
        return stage.vgpu().guest().width() + "x" + stage.vgpu().guest().height();
    }

    /** What became of it. */
    private static List<Object> outcomes(CompletionStage<Void> stage) {
        List<Object> outcomes = new ArrayList<>();
        stage.whenComplete((nothing, failure) -> outcomes.add(failure == null ? "done" : failure));
        return outcomes;
    }

    @Test
    void theGuestTakesTheModeWhenTheMonitorHasBeenAwayFor100Milliseconds() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.settle();
            List<Object> outcomes = outcomes(display.setMode(1280, 800, 60));
            assertFalse(display.monitor().orElseThrow().linkUp());
            stage.passMillis(99);
            assertEquals("1920x1200", guestMode(stage));
            assertEquals(List.of(), outcomes);
            stage.passMillis(1);
            assertEquals("1280x800", guestMode(stage));
            assertEquals(List.of("done"), outcomes);
            assertTrue(display.monitor().orElseThrow().linkUp());
            assertEquals(
                    Optional.of(Edid.forMode(1280, 800, 60)),
                    display.monitor().orElseThrow().edid());
            stage.pass(Duration.ofSeconds(2));
            assertEquals(List.of(new DisplayMode(1920, 1200, "XR24"), new DisplayMode(1280, 800, "XR24")), notes.modes);
        }
    }

    @Test
    void theLastOfSeveralModesWins() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            List<Object> first = outcomes(display.setMode(640, 480, 60));
            stage.passMillis(60);
            List<Object> second = outcomes(display.setMode(800, 600, 60));
            List<Object> third = outcomes(display.setMode(1024, 768, 60));
            stage.passMillis(60);
            assertEquals("1920x1200", guestMode(stage), "the monitor was away for 60 ms only");
            assertInstanceOf(CancellationException.class, first.get(0));
            assertInstanceOf(CancellationException.class, second.get(0));
            assertTrue(first.get(0).toString().contains("640x480"), first::toString);
            stage.passMillis(40);
            assertEquals("1024x768", guestMode(stage));
            assertEquals(List.of("done"), third);
        }
    }

    @Test
    void aModeOfMoreLinesThanRangeLimitsCanSayIsTakenToo() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            List<Object> outcomes = outcomes(stage.attach().setMode(640, 1024, 480));
            stage.passMillis(100);
            assertEquals("640x1024", guestMode(stage));
            assertEquals(List.of("done"), outcomes);
        }
    }

    @Test
    void theDevicesLimitsAreObeyed() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            String message = assertThrows(IllegalArgumentException.class, () -> display.setMode(2560, 1600, 60))
                    .getMessage();
            assertEquals("2560x1600 is more than the device can show, which is 1920x1200", message);
            assertThrows(IllegalArgumentException.class, () -> display.setMode(0, 0, 0));
            assertTrue(display.monitor().orElseThrow().linkUp());
        }
    }

    @Test
    void aDeviceWithoutAMonitorSaysSo() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.MDPY)) {
            Display display = stage.attach();
            assertEquals(Optional.empty(), display.monitor());
            String message = assertThrows(NoMonitorException.class, () -> display.setMode(640, 480, 60))
                    .getMessage();
            assertTrue(message.contains(display.name() + " has no EDID region"), message);
        }
    }

    @Test
    void whatTheDeviceRefusesAtOnceIsThrownAndWhatItRefusesLaterFailsTheStage() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            display.monitor();
            stage.host.faults().fail("pwrite", 3, Errno.EFAULT);
            assertThrows(LinuxException.class, () -> display.setMode(640, 480, 60));
            assertTrue(display.monitor().orElseThrow().linkUp());
            List<Object> outcomes = outcomes(display.setMode(640, 480, 60));
            stage.host.faults().fail("pwrite", 1, Errno.EFAULT);
            stage.passMillis(100);
            LinuxException refused = assertInstanceOf(LinuxException.class, outcomes.get(0));
            assertTrue(refused.advice().startsWith("The monitor was to be plugged in"), refused::getMessage);
            assertEquals("1920x1200", guestMode(stage));
            assertTrue(display.monitor().orElseThrow().linkUp());
        }
    }

    @Test
    void aDisplayThatIsClosedLeavesTheGuestWithAMonitor() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            List<Object> outcomes = outcomes(display.setMode(640, 480, 60));
            stage.passMillis(10);
            display.close();
            assertInstanceOf(ClosedException.class, outcomes.get(0));
            assertEquals("640x480", guestMode(stage));
            assertThrows(ClosedException.class, () -> display.setMode(800, 600, 60));
            assertThrows(ClosedException.class, display::monitor);
        }
    }

    @Test
    void aLoopThatIsClosedLeavesTheGuestWithAMonitor() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            List<Object> outcomes = outcomes(display.setMode(640, 480, 60));
            stage.loop.close();
            assertInstanceOf(ClosedException.class, outcomes.get(0));
            assertEquals("640x480", guestMode(stage));
        }
    }

    @Test
    void aModeMaySetTheNextOneInItsCallback() throws Exception {
        try (Stage stage = Stage.of("v5")) {
            Display display = stage.attach();
            List<Object> outcomes = outcomes(display.setMode(640, 480, 60).thenCompose(nothing -> {
                try {
                    return display.setMode(800, 600, 60);
                } catch (IOException e) {
                    throw new CompletionException(e);
                }
            }));
            stage.passMillis(200);
            assertEquals(List.of("done"), outcomes);
            assertEquals("800x600", guestMode(stage));
        }
    }

    private static int ticks(Stage stage, DisplayOptions options) throws Exception {
        Notes notes = new Notes();
        stage.attach(options).subscribe(notes);
        stage.settle();
        stage.pass(Duration.ofSeconds(10));
        return notes.from(RefreshSource.TIMER).size();
    }

    @Test
    void theTimerTakesTheMonitorsRate() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.MAINLINE.withRefreshRate(50))) {
            assertEquals(500, ticks(stage, stage.options()), 2);
        }
        try (Stage stage = new Stage(VgpuProfile.MAINLINE)) {
            assertEquals(600, ticks(stage, stage.options()), 2);
        }
        try (Stage stage = new Stage(VgpuProfile.MDPY.withRefreshRate(50))) {
            assertEquals(600, ticks(stage, stage.options()), 2, "nobody says its rate");
        }
    }

    @Test
    void theTimerTakesTheRateOfTheOptionsFirst() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.MAINLINE.withRefreshRate(50))) {
            assertEquals(300, ticks(stage, stage.options().withRefreshHertz(30)), 2);
        }
        try (Stage stage = new Stage(VgpuProfile.MAINLINE.withRefreshRate(50))) {
            RefreshPolicy slow = RefreshPolicy.timer(Duration.ofMillis(100));
            assertEquals(100, ticks(stage, stage.options().withPolicy(slow)), 2);
        }
    }

    @Test
    void theTimerFollowsTheModeThatIsSet() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.MAINLINE)) {
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            display.setMode(1280, 720, 30);
            stage.passMillis(200);
            int before = notes.from(RefreshSource.TIMER).size();
            stage.pass(Duration.ofSeconds(10));
            assertEquals(300, notes.from(RefreshSource.TIMER).size() - before, 2);
        }
    }

    @Test
    void anEdidThatCannotBeReadIsReportedAndTheTimerGoesOnAtItsUsualRate() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.MAINLINE.withRefreshRate(50))) {
            stage.host.faults().failOn("pread", "", Errno.EIO);
            assertEquals(600, ticks(stage, stage.options()), 2);
            assertEquals(1, stage.errors.size(), stage.errors::toString);
            assertTrue(stage.errors.get(0).contains("its rate is taken to be 60 Hz"), stage.errors::toString);
            stage.errors.clear();
        }
    }
}
