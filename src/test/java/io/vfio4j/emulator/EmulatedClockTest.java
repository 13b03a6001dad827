package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.VirtualTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmulatedClockTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private final SystemCalls calls = host.systemCalls();
    private final EmulatedClock clock = host.clock();

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void virtual_time_stands_still_until_it_is_advanced() {
        assertEquals(0, calls.nanoTime());
        clock.advance(Duration.ofMillis(5));
        assertEquals(5_000_000, calls.nanoTime());
        assertEquals(5_000_000, clock.nanoTime());
        assertEquals(clock, calls.virtualTime().orElseThrow());
        assertThrows(IllegalArgumentException.class, () -> clock.advance(Duration.ofNanos(-1)));
    }

    @Test
    void nothing_is_scheduled_on_a_host_that_nobody_uses() {
        assertFalse(clock.advanceToNextEvent());
        assertEquals(0, clock.nanoTime());
    }

    @Test
    void the_next_event_is_the_vblank_of_an_open_vgpu() throws IOException {
        try (Attached attached = Attached.to(host)) {
            assertEquals(Duration.ofMillis(16), clock.untilNextEvent().orElseThrow());
            assertTrue(clock.advanceToNextEvent());
            assertEquals(16_000_000, calls.nanoTime());
            assertTrue(clock.advanceToNextEvent());
            assertEquals(32_000_000, attached.calls().nanoTime());
        }
        assertFalse(clock.advanceToNextEvent());
    }

    @Test
    void steps_run_after_each_instant_until_none_has_anything_to_do() throws IOException {
        List<String> history = new ArrayList<>();
        Descriptor first = calls.timerFd("first");
        Descriptor second = calls.timerFd("second");
        calls.arm(first, 100);
        calls.arm(second, 200);
        VirtualTime.Registration registration = clock.onInstant(() -> {
            long a = drain(first);
            long b = drain(second);
            if (a + b > 0) {
                history.add(clock.nanoTime() + ":" + a + b);
            }
            if (a > 0) {
                arm(second, 0);
            }
            return a + b > 0;
        });
        clock.advance(Duration.ofNanos(1_000));
        assertEquals(List.of("100:10", "100:01"), history);
        registration.close();
        registration.close();
        arm(first, 0);
        clock.advance(Duration.ZERO);
        assertEquals(2, history.size());
    }

    @Test
    void advancing_by_nothing_delivers_what_is_pending() throws IOException {
        Descriptor counter = calls.eventFd("counter");
        long[] seen = new long[1];
        clock.onInstant(() -> {
            long value = drain(counter);
            seen[0] += value;
            return value > 0;
        });
        calls.signal(counter, 3);
        clock.advance(Duration.ZERO);
        assertEquals(3, seen[0]);
        assertEquals(0, clock.nanoTime());
    }

    @Test
    void a_timer_that_a_step_arms_again_fires_within_the_same_advance() throws IOException {
        Descriptor timer = calls.timerFd("timer");
        List<Long> fired = new ArrayList<>();
        clock.onInstant(() -> {
            if (drain(timer) == 0) {
                return false;
            }
            fired.add(clock.nanoTime());
            arm(timer, 30);
            return true;
        });
        calls.arm(timer, 30);
        clock.advance(Duration.ofNanos(100));
        assertEquals(List.of(30L, 60L, 90L), fired);
        assertEquals(100, clock.nanoTime());
    }

    @Test
    void a_step_cannot_advance_the_time() {
        clock.onInstant(() -> clock.advanceToNextEvent());
        assertThrows(IllegalStateException.class, () -> clock.advance(Duration.ZERO));
    }

    @Test
    void the_same_step_may_be_registered_twice() {
        int[] runs = new int[1];
        VirtualTime.Step step = () -> {
            runs[0]++;
            return false;
        };
        VirtualTime.Registration once = clock.onInstant(step);
        clock.onInstant(step);
        clock.advance(Duration.ZERO);
        assertEquals(2, runs[0]);
        once.close();
        clock.advance(Duration.ZERO);
        assertEquals(3, runs[0]);
    }

    @Test
    void steps_that_never_finish_are_reported() {
        clock.onInstant(() -> true);
        assertThrows(IllegalStateException.class, () -> clock.advance(Duration.ZERO));
    }

    @Test
    void the_same_calls_have_the_same_history() throws IOException {
        List<List<String>> histories = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (EmulatedHost twin = EmulatedHost.of(VgpuProfile.V4)) {
                twin.vgpu().guest().run(Scenario.BURST);
                List<String> history = new ArrayList<>();
                try (Attached attached = Attached.to(twin)) {
                    Descriptor counter = twin.systemCalls().eventFd("counter");
                    attached.arm(counter);
                    twin.clock().onInstant(() -> {
                        try {
                            long value = twin.systemCalls().drain(counter);
                            if (value != 0) {
                                history.add(twin.clock().nanoTime() + " " + Long.toHexString(value));
                            }
                            return value != 0;
                        } catch (IOException impossible) {
                            throw new UncheckedIOException(impossible);
                        }
                    });
                    twin.clock().advance(Duration.ofSeconds(10));
                }
                histories.add(history);
            }
        }
        assertEquals(histories.get(0), histories.get(1));
        assertTrue(histories.get(0).size() > 100);
    }

    private long drain(Descriptor counter) {
        try {
            return calls.drain(counter);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private void arm(Descriptor timer, long nanos) {
        try {
            calls.arm(timer, nanos);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
