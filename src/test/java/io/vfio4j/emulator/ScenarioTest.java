package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What guests do by themselves, seen through the driver of v6: 3 pipes, a guess from the 4th quiet vblank on. */
class ScenarioTest {
    private EmulatedHost host;
    private Vgpu vgpu;
    private EmulatedGuest guest;

    private SignalCounts run(VgpuProfile profile, Scenario scenario, Duration duration) throws IOException {
        host = EmulatedHost.of(profile);
        vgpu = host.vgpu();
        guest = vgpu.guest();
        Attached attached = Attached.to(host);
        attached.arm(host.systemCalls().eventFd("display irq"));
        guest.run(scenario);
        host.clock().advance(duration);
        return vgpu.signalled();
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
        }
    }

    @Test
    void flip_shows_another_picture_in_each_vblank() throws IOException {
        SignalCounts counts = run(VgpuProfile.V6, Scenario.FLIP, Duration.ofSeconds(1));
        assertEquals(62, counts.primary());
        assertEquals(63, guest.frame());
    }

    @Test
    void window_moves_a_window_over_a_desktop_that_stands_still() throws IOException {
        run(VgpuProfile.V6.withSize(300, 240), Scenario.WINDOW, Duration.ofMillis(16 * 9));
        assertEquals(10, guest.frame());
        guest.takeDirtyAreas();
        int[] before = screen();
        host.clock().advance(Duration.ofMillis(16));
        int[] now = screen();
        for (int y = 0; y < 80; y++) {
            for (int x = 0; x < 100; x++) {
                assertEquals(before[(40 + y) * 300 + 60 + x], now[(44 + y) * 300 + 66 + x], x + "," + y);
            }
        }
        List<EmulatedGuest.Area> dirty = guest.takeDirtyAreas();
        for (int i = 0; i < now.length; i++) {
            int x = i % 300;
            int y = i / 300;
            boolean touched = x >= 60 && x < 166 && y >= 40 && y < 124 || x < 256 && y < 8;
            assertTrue(touched || before[i] == now[i], x + "," + y);
            assertTrue(before[i] == now[i]
                    || dirty.stream()
                            .anyMatch(area -> x >= area.x()
                                    && x < area.x() + area.width()
                                    && y >= area.y()
                                    && y < area.y() + area.height()));
        }
        int number = 0;
        for (int bit = 0; bit < 32; bit++) {
            number |= (now[4 * 300 + 8 * bit + 3] & 1) << bit;
        }
        assertEquals(11, number, "the bar code is the frame's number");
    }

    @Test
    void a_window_goes_on_by_hand_until_another_scenario_shows_its_own_picture() throws IOException {
        run(VgpuProfile.V6.withSize(300, 240), Scenario.WINDOW, Duration.ZERO);
        guest.stop();
        guest.flip();
        assertEquals(Picture.DESKTOP.pixel(300, 240, 2, 0, 200, 200), guest.pixel(200, 200));
        guest.setMode(320, 200);
        assertEquals(Picture.DESKTOP.pixel(320, 200, 3, 0, 200, 150), guest.pixel(200, 150));
        guest.run(Scenario.FLIP);
        assertEquals(Picture.SCREEN.pixel(320, 200, 4, 0, 200, 150), guest.pixel(200, 150));
    }

    private int[] screen() {
        int[] screen = new int[guest.width() * guest.height()];
        for (int i = 0; i < screen.length; i++) {
            screen[i] = guest.pixel(i % guest.width(), i / guest.width());
        }
        return screen;
    }

    @Test
    void stop_ends_it() throws IOException {
        run(VgpuProfile.V6, Scenario.FLIP, Duration.ofMillis(160));
        guest.stop();
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(11, guest.frame());
    }

    @Test
    void idle_flips_ten_times_and_then_the_driver_guesses_for_ever() throws IOException {
        SignalCounts counts = run(VgpuProfile.V6, Scenario.IDLE, Duration.ofSeconds(1));
        assertEquals(10, guest.frame());
        // Flips are signalled in vblanks 1 to 10; three quiet ones; then three signals in each of 14 to 62.
        assertEquals(10 + 3 * 49, counts.primary());
        assertEquals(3 * 49, counts.heuristicPrimary());
    }

    @Test
    void console_draws_and_never_flips() throws IOException {
        SignalCounts counts = run(VgpuProfile.V6, Scenario.CONSOLE, Duration.ofSeconds(1));
        assertEquals(0, guest.frame());
        assertEquals(counts.primary(), counts.heuristicPrimary());
        assertTrue(counts.primary() > 100);
        assertNotEquals(Picture.SCREEN.pixel(1920, 1200, 0, 0, 8 * 62, 0), guest.pixel(8 * 62, 0), "the 63rd cell");
    }

    @Test
    void cursor_never_lets_the_driver_see_that_the_screen_changes() throws IOException {
        SignalCounts counts = run(VgpuProfile.V6, Scenario.CURSOR, Duration.ofSeconds(1));
        assertEquals(62, counts.cursor());
        assertEquals(0, counts.primary());
        assertNotEquals(0, guest.cursorPixel(32, 32));
    }

    @Test
    void mode_changes_the_screens_size() throws IOException {
        run(VgpuProfile.V6, Scenario.MODE, Duration.ofMillis(16 * 61));
        assertEquals(1280, guest.width());
        host.clock().advance(Duration.ofMillis(16 * 60));
        assertEquals(800, guest.width());
        host.clock().advance(Duration.ofMillis(16 * 60));
        assertEquals(1024, guest.width());
    }

    @Test
    void pipe_is_off_for_half_of_the_time() throws IOException {
        SignalCounts counts = run(VgpuProfile.V6, Scenario.PIPE, Duration.ofSeconds(4));
        assertEquals(4 * 31, counts.vblanks());
        guest.stop();
        host.clock().advance(Duration.ofSeconds(4));
        assertTrue(vgpu.signalled().vblanks() > counts.vblanks() + 200, "it stays on when the scenario ends");
    }

    @Test
    void burst_flips_often_and_then_not_at_all() throws IOException {
        run(VgpuProfile.V6, Scenario.BURST, Duration.ofMillis(16 * 79));
        assertEquals(8 * 20, guest.frame());
    }

    @ParameterizedTest
    @EnumSource
    void every_scenario_runs_on_every_profile(Scenario scenario) throws IOException {
        for (String name : VgpuProfile.names()) {
            try (EmulatedHost any = EmulatedHost.of(VgpuProfile.named(name));
                    Attached attached = Attached.to(any)) {
                any.vgpu().guest().run(scenario);
                any.clock().advance(Duration.ofSeconds(5));
                assertTrue(any.vgpu().signalled().vblanks() > 100, name);
                assertTrue(attached.host().openDescriptors() > 0);
            }
        }
    }

    @Test
    @Timeout(20)
    void an_hour_of_flips_takes_no_time_worth_mentioning() throws IOException {
        SignalCounts counts = run(VgpuProfile.PORT, Scenario.FLIP, Duration.ofHours(1));
        assertEquals(215_999, counts.calls());
    }

    @Test
    void no_two_of_a_thousand_frames_look_alike() {
        Set<List<Integer>> seen = new HashSet<>();
        for (long frame = 0; frame < 1000; frame++) {
            int number = 0;
            for (int bit = 0; bit < 10; bit++) {
                number |= (Picture.SCREEN.pixel(1920, 1200, frame, 0, 8 * bit + 3, 4) & 1) << bit;
            }
            assertEquals(frame, number, "the bar code is the frame's number");
            assertTrue(seen.add(List.of(number, Picture.boxX(1920, frame), Picture.boxY(1200, frame))));
        }
    }

    @Test
    void scenarios_have_names() {
        assertEquals(
                List.of("flip", "window", "idle", "console", "cursor", "mode", "pipe", "burst"), Scenario.labels());
        assertEquals(Scenario.BURST, Scenario.named("Burst"));
        assertThrows(IllegalArgumentException.class, () -> Scenario.named("dance"));
    }
}
