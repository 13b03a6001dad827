package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Descriptor;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What each dialect signals, and when: counted against the drivers' code, worked out by hand. */
class DisplaySignalsTest {
    private static final long PRIMARY = 1L << 56;
    private static final long CURSOR = 1L << 48;

    private EmulatedHost host;
    private Vgpu vgpu;
    private EmulatedGuest guest;
    private Attached attached;
    private Descriptor eventFd;

    private void open(VgpuProfile profile) throws IOException {
        host = EmulatedHost.of(profile);
        vgpu = host.vgpu();
        guest = vgpu.guest();
        attached = Attached.to(host);
        eventFd = host.systemCalls().eventFd("display irq");
        attached.arm(eventFd);
    }

    private long read() throws IOException {
        return host.systemCalls().drain(eventFd);
    }

    private long readAfterVblank() throws IOException {
        vgpu.vblank(1);
        return read();
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"V2,313", "V3,312", "V4,312", "V5,312", "V6,312", "PAGE_FLIP,312"})
    void a_guest_that_flips_at_once_and_in_each_vblank_is_seen_312_times_in_five_seconds(
            EmulatedDialect dialect, long expected) throws IOException {
        open(dialect.profile());
        guest.run(Scenario.FLIP);
        host.clock().advance(Duration.ofSeconds(5));
        SignalCounts counts = vgpu.signalled();
        assertEquals(312, counts.vblanks());
        assertEquals(expected, counts.calls());
        if (IrqAbi.of(dialect).valuesTellPlanes()) {
            assertEquals(expected, counts.primary());
            assertEquals(0, counts.heuristicPrimary());
        } else {
            assertEquals(expected, counts.raw());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PORT", "PORT_DISPLAY"})
    void a_port_has_vblanks_at_the_guests_rate_and_always_adds_one(EmulatedDialect dialect) throws IOException {
        open(dialect.profile());
        guest.run(Scenario.FLIP);
        guest.cursor();
        host.clock().advance(Duration.ofNanos(16_666_666));
        assertEquals(0, read());
        host.clock().advance(Duration.ofNanos(1));
        assertEquals(1, read());
        host.clock().advance(Duration.ofNanos(60 * 16_666_667L));
        assertEquals(60, read());
        assertEquals(61, vgpu.signalled().calls());
        assertEquals(0, vgpu.signalled().primary());
    }

    @Test
    void the_refresh_rate_of_a_port_is_the_guests() throws IOException {
        open(VgpuProfile.PORT.withRefreshRate(144));
        guest.run(Scenario.FLIP);
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(144, vgpu.signalled().vblanks());
    }

    @ParameterizedTest
    @EnumSource(names = {"V5", "V6"})
    void a_signal_names_each_plane_at_most_once(EmulatedDialect dialect) throws IOException {
        open(dialect.profile());
        guest.flip();
        guest.flip();
        guest.flipAsync(Pipe.A);
        guest.cursor();
        guest.cursorAsync(Pipe.A);
        assertEquals(PRIMARY + CURSOR, readAfterVblank());
        assertEquals(0, readAfterVblank(), "the flips are done with");
    }

    @Test
    void v4_adds_sync_and_async_flips() throws IOException {
        open(VgpuProfile.V4);
        guest.flip();
        guest.flip();
        guest.flipAsync(Pipe.A);
        guest.cursor();
        guest.cursorAsync(Pipe.A);
        assertEquals(2 * PRIMARY + 2 * CURSOR, readAfterVblank());
    }

    @ParameterizedTest
    @EnumSource(names = {"V4", "V5", "V6"})
    void flips_by_command_count_as_those_by_register(EmulatedDialect dialect) throws IOException {
        open(dialect.profile());
        guest.flipByCommand(Pipe.A, false);
        assertEquals(PRIMARY, readAfterVblank());
        guest.flipByCommand(Pipe.A, true);
        assertEquals(PRIMARY, readAfterVblank());
    }

    @Test
    void values_are_those_of_the_profile() throws IOException {
        open(VgpuProfile.V6.withEventValues(3, 0x8000_0000_0000_0000L));
        guest.flip();
        assertEquals(3, readAfterVblank());
        guest.cursor();
        assertEquals(0x8000_0000_0000_0000L, readAfterVblank());
    }

    @Test
    void signals_that_nobody_reads_add_up() throws IOException {
        open(VgpuProfile.V5);
        for (int i = 0; i < 3; i++) {
            guest.flip();
            vgpu.vblank(1);
        }
        guest.cursor();
        vgpu.vblank(1);
        assertEquals(0x0301_0000_0000_0000L, read());
    }

    @ParameterizedTest
    @EnumSource(names = {"V5", "V6"})
    void an_idle_guest_is_taken_for_one_that_draws_from_the_fourth_vblank_after_a_flip(EmulatedDialect dialect)
            throws IOException {
        open(dialect.profile());
        guest.flip();
        assertEquals(PRIMARY, readAfterVblank());
        for (int i = 0; i < 3; i++) {
            assertEquals(0, readAfterVblank());
        }
        for (int i = 0; i < 5; i++) {
            assertEquals(3 * PRIMARY, readAfterVblank(), "one signal for each pipe, enabled or not");
        }
        assertEquals(15, vgpu.signalled().heuristicPrimary());
    }

    @ParameterizedTest
    @CsvSource({"60,40", "600,400"})
    void v4_guesses_the_later_the_more_was_flipped(int flips, int silentVblanks) throws IOException {
        open(VgpuProfile.V4);
        for (int i = 0; i < flips; i++) {
            guest.flip();
            assertEquals(PRIMARY, readAfterVblank());
        }
        for (int i = 0; i < silentVblanks; i++) {
            assertEquals(0, readAfterVblank());
        }
        assertEquals(3 * PRIMARY, readAfterVblank());
    }

    @Test
    void a_moving_cursor_starves_the_guess() throws IOException {
        open(VgpuProfile.V5);
        for (int i = 0; i < 50; i++) {
            if (i % 4 == 0) {
                guest.cursor();
            }
            guest.draw();
            vgpu.vblank(1);
        }
        assertEquals(0, vgpu.signalled().primary());
        assertEquals(13, vgpu.signalled().cursor());
    }

    @Test
    void in_v5_the_flips_of_one_vgpu_silence_another_and_in_v6_they_do_not() throws IOException {
        for (VgpuProfile profile : new VgpuProfile[] {VgpuProfile.V5, VgpuProfile.V6}) {
            open(profile);
            Vgpu other = host.create(profile);
            try (Attached both = new Attached(host, other)) {
                other.guest().run(Scenario.FLIP);
                host.clock().advance(Duration.ofSeconds(1));
                assertEquals(profile == VgpuProfile.V6, vgpu.signalled().primary() > 0);
                assertEquals(62, other.signalled().vblanks());
                assertTrue(both.host().openDescriptors() > 0);
            }
            host.close();
        }
    }

    @Test
    void v3_signals_each_enabled_pipe_at_each_vblank_whatever_happens() throws IOException {
        open(VgpuProfile.V3);
        vgpu.vblank(4);
        assertEquals(4, read());
        guest.pipe(Pipe.C, true);
        guest.flip();
        vgpu.vblank(4);
        assertEquals(8, read());
    }

    @Test
    void the_page_flip_tree_signals_flips_done_and_nothing_else() throws IOException {
        open(VgpuProfile.PAGE_FLIP);
        vgpu.vblank(20);
        assertEquals(0, read());
        guest.flip();
        guest.cursor();
        assertEquals(2, readAfterVblank());
        guest.flipAsync(Pipe.A);
        assertEquals(0, readAfterVblank());
    }

    @Nested
    class Version2 {
        @Test
        void has_an_eventfd_for_each_plane_and_signals_at_the_register_write() throws IOException {
            open(VgpuProfile.V2);
            Descriptor cursor = host.systemCalls().eventFd("cursor");
            attached.arm(6, cursor);
            guest.flip();
            guest.flip();
            guest.cursor();
            guest.moveCursor(3, 4);
            assertEquals(2, read());
            assertEquals(1, host.systemCalls().drain(cursor));
            vgpu.vblank(100);
            assertEquals(0, read());
            assertEquals(2, vgpu.signalled().primary());
            assertEquals(1, vgpu.signalled().cursor());
        }

        @Test
        void does_not_see_flips_by_command() throws IOException {
            open(VgpuProfile.V2);
            guest.flipByCommand(Pipe.A, false);
            guest.flipByCommand(Pipe.A, true);
            vgpu.vblank(1);
            assertEquals(0, read());
        }
    }

    @Test
    void a_flip_on_a_disabled_pipe_is_forgotten() throws IOException {
        open(VgpuProfile.V5);
        guest.flip(Pipe.B);
        assertEquals(0, readAfterVblank());
        guest.pipe(Pipe.B, true);
        assertEquals(0, readAfterVblank());
        guest.flip(Pipe.B);
        assertEquals(PRIMARY, readAfterVblank());
    }

    @Test
    void without_an_enabled_pipe_there_is_no_vblank() throws IOException {
        open(VgpuProfile.V5);
        guest.pipe(Pipe.A, false);
        host.clock().advance(Duration.ofSeconds(1));
        vgpu.vblank(10);
        assertEquals(0, vgpu.signalled().vblanks());
        guest.pipe(Pipe.A, true);
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(62, vgpu.signalled().vblanks());
    }

    @Test
    void another_vgpu_with_a_pipe_keeps_the_common_timer_running() throws IOException {
        open(VgpuProfile.V3);
        Vgpu other = host.create(VgpuProfile.V3);
        guest.pipe(Pipe.A, false);
        try (Attached both = new Attached(host, other)) {
            host.clock().advance(Duration.ofMillis(160));
            assertEquals(10, vgpu.signalled().vblanks());
            assertEquals(0, read());
            assertEquals(0, both.calls().drain(eventFd));
        }
        host.clock().advance(Duration.ofMillis(160));
        assertEquals(10, vgpu.signalled().vblanks(), "the other one is closed");
    }

    @Test
    void masked_events_are_dropped_and_not_kept() throws IOException {
        open(VgpuProfile.V6);
        guest.flip();
        vgpu.vblank(1);
        attached.mask();
        assertTrue(vgpu.masked());
        guest.flip();
        vgpu.vblank(1);
        attached.unmask();
        assertEquals(PRIMARY, read(), "what was signalled before stays");
        assertEquals(0, readAfterVblank());
        assertEquals(1, vgpu.signalled().droppedMasked());
    }

    @Test
    void arming_clears_the_mask() throws IOException {
        open(VgpuProfile.V5);
        attached.mask();
        attached.disarm();
        assertTrue(vgpu.masked());
        attached.arm(eventFd);
        assertFalse(vgpu.masked());
    }

    @Test
    void an_armed_eventfd_survives_the_device_and_fires_again_when_it_is_opened() throws IOException {
        open(VgpuProfile.V5);
        attached.close();
        assertTrue(vgpu.armed());
        guest.flip();
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(0, read(), "a vGPU that nobody has open has no vblank");
        try (Attached again = Attached.to(host)) {
            assertEquals(PRIMARY, readAfterVblank());
            again.disarm();
        }
        assertFalse(vgpu.armed());
    }

    @Test
    void a_disarmed_irq_signals_nothing() throws IOException {
        open(VgpuProfile.V5);
        attached.disarm();
        guest.flip();
        assertEquals(0, readAfterVblank());
        assertEquals(0, vgpu.signalled().calls());
    }

    @Test
    void an_eventfd_that_was_closed_while_armed_is_signalled_into_the_void() throws IOException {
        open(VgpuProfile.V5);
        eventFd.close();
        guest.flip();
        vgpu.vblank(1);
        assertEquals(1, vgpu.signalled().calls());
    }

    @Test
    void an_idle_stream_that_nobody_reads_saturates_the_counter_after_85_vblanks() throws IOException {
        open(VgpuProfile.V5);
        vgpu.vblank(4);
        read();
        vgpu.vblank(85);
        assertEquals(0xff00_0000_0000_0000L, host.systemCalls().drain(eventFd));
        vgpu.vblank(86);
        assertEquals(-1L, read());
        vgpu.vblank(1);
        assertEquals(3 * PRIMARY, read());
    }

    @Test
    void stepped_vgpus_have_no_timer() throws IOException {
        open(VgpuProfile.V5);
        vgpu.stepped(true);
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(0, vgpu.signalled().vblanks());
        vgpu.vblank(7);
        assertEquals(7, vgpu.signalled().vblanks());
        vgpu.stepped(false);
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(69, vgpu.signalled().vblanks());
    }
}
