package io.vfio4j.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.EmulatedThread;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The three numbers of schedstat. */
class SchedulerTimesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1 2",
                "1 2 3 4",
                "1  2 3",
                "-1 2 3",
                "1 2 18446744073709551616",
                "99999999999999999999 0 0",
                "1 2 3000000000000000000000",
                "0x1 2 3",
                "١ 2 3"
            })
    void whatIsNotThreeNumbersIsRefused(String text) {
        assertThrows(MalformedReplyException.class, () -> SchedulerTimes.parse(text, "schedstat"));
    }

    @Test
    void numbersAreUnsigned() throws Exception {
        SchedulerTimes large = SchedulerTimes.parse("18446744073709551615 9223372036854775808 3\n", "schedstat");
        assertEquals(new SchedulerTimes(-1, Long.MIN_VALUE, 3), large);
        SchedulerTimes before = new SchedulerTimes(-11, Long.MAX_VALUE, 1);
        assertEquals(Optional.of(new SchedulerTimes(10, 1, 2)), large.since(before));
    }

    @Test
    void whatHasBecomeLessIsAnotherThread() {
        SchedulerTimes before = new SchedulerTimes(10, 10, 10);
        for (SchedulerTimes less :
                List.of(new SchedulerTimes(9, 10, 10), new SchedulerTimes(10, 9, 10), new SchedulerTimes(10, 10, 9))) {
            assertEquals(Optional.empty(), less.since(before));
        }
        assertEquals(Optional.of(new SchedulerTimes(0, 0, 0)), before.since(before));
    }

    @Test
    void aThreadIsReadUntilItEnds() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            EmulatedProcess process = host.process("vmm");
            EmulatedThread thread = process.thread("worker");
            thread.setTimes(-1, 2, 3);
            try (ThreadSchedule schedule = ThreadSchedule.open(host.systemCalls(), process.pid(), thread.number())) {
                assertEquals(Optional.of(new SchedulerTimes(-1, 2, 3)), schedule.read());
                thread.end();
                assertEquals(Optional.empty(), schedule.read());
                // The number is another thread's now.
                assertEquals(thread.number(), process.thread("next").number());
                assertEquals(Optional.empty(), schedule.read());
            }
            assertEquals(0, host.openDescriptors());
            assertThrows(LinuxException.class, () -> ThreadSchedule.open(host.systemCalls(), process.pid(), 4711));
        }
    }
}
