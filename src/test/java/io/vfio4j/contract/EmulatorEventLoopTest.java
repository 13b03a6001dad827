package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The loop on the emulated host, and what only there can be made to go wrong. */
class EmulatorEventLoopTest extends EventLoopContract {
    private final EmulatedHost host = EmulatedHost.builder().build();

    @Override
    protected SystemCalls systemCalls() {
        return host.systemCalls();
    }

    @Override
    protected void letPass(Duration time) {
        host.clock().advance(time);
    }

    @AfterEach
    void nothingStaysOpen() {
        closeLoop();
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    @Test
    void aPollThatFailsEndsTheLoopAndTellsItsResidentsOnce() throws Exception {
        EventLoop failing = EventLoop.stepped(host.systemCalls());
        List<Throwable> causes = new ArrayList<>();
        failing.run(() -> failing.enter(new Resident() {
            @Override
            public void shutDown() {
                causes.add(new AssertionError("shut down after the end"));
            }

            @Override
            public void loopFailed(Throwable cause) {
                causes.add(cause);
            }
        }));
        host.faults().fail("epoll_wait", 1, Errno.EIO);
        failing.step();
        failing.close();
        assertEquals(1, causes.size());
        assertEquals("epoll_wait", ((LinuxException) causes.get(0)).operation());
        assertThrows(ClosedException.class, failing::step);
    }

    @Test
    void aTimerThatCannotBeArmedEndsTheLoopAlsoOutsideATurn() throws Exception {
        EventLoop failing = EventLoop.stepped(host.systemCalls());
        host.faults().fail("timerfd_settime", 1, Errno.EIO);
        LinuxException e = assertThrows(
                LinuxException.class,
                () -> failing.run(() -> failing.deadline(() -> {}).set(1_000_000_000)));
        assertEquals("timerfd_settime", e.operation());
        assertThrows(ClosedException.class, failing::step);
        failing.close();
    }

    @Test
    void aLoopThatCannotBeOpenedLeavesNothingOpen() {
        int before = host.openDescriptors();
        for (String operation : List.of("epoll_create1", "eventfd", "timerfd_create", "epoll_ctl")) {
            for (int nth = 1; nth <= (operation.equals("epoll_ctl") ? 2 : 1); nth++) {
                host.faults().fail(operation, nth, Errno.EMFILE);
                LinuxException e =
                        assertThrows(LinuxException.class, () -> EventLoop.start(host.systemCalls(), "loop"));
                assertEquals(operation, e.operation());
                assertEquals(before, host.openDescriptors());
            }
        }
    }

    @Test
    void waitingForWhatNothingWillEverBringIsAnError() throws Exception {
        EventLoop waiting = EventLoop.stepped(host.systemCalls());
        assertThrows(IllegalStateException.class, () -> waiting.await(new CountDownLatch(1)));
        waiting.close();
    }

    @Test
    void advancingTheTimeStepsTheLoop() throws Exception {
        EventLoop stepped = EventLoop.stepped(host.systemCalls());
        List<Long> at = new ArrayList<>();
        stepped.run(
                () -> stepped.deadline(() -> at.add(host.clock().nanoTime())).set(5_000_000));
        host.clock().advance(Duration.ofMillis(100));
        assertEquals(List.of(5_000_000L), at);
        stepped.close();
    }
}
