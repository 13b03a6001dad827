package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Descriptors, eventfds, timerfds and the poller, as the manual pages and fs/eventfd.c, fs/timerfd.c, fs/eventpoll.c have them. */
@Timeout(20)
class CountersTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private final SystemCalls calls = host.systemCalls();
    private final long[] tokens = new long[8];
    private final long[] values = new long[8];

    @AfterEach
    void close() {
        host.close();
    }

    private static int number(Descriptor descriptor) {
        try {
            return descriptor.acquire();
        } finally {
            descriptor.release();
        }
    }

    @Test
    void the_lowest_free_number_is_the_next_descriptor() throws IOException {
        Descriptor first = calls.eventFd("first");
        Descriptor second = calls.timerFd("second");
        Descriptor third = calls.open("/dev/vfio/vfio", Access.READ_WRITE);
        assertEquals(3, number(first));
        assertEquals(4, number(second));
        assertEquals(5, number(third));
        second.close();
        first.close();
        assertEquals(3, number(calls.eventFd("again")));
        assertEquals(4, number(calls.eventFd("and again")));
        assertEquals(3, host.openDescriptors());
        assertEquals(List.of("again", "and again", "/dev/vfio/vfio"), host.openFiles());
    }

    @Test
    void a_closed_descriptor_cannot_be_used() throws IOException {
        Descriptor eventFd = calls.eventFd("closed");
        eventFd.close();
        eventFd.close();
        assertThrows(ClosedException.class, () -> calls.signal(eventFd, 1));
        assertErrno(Errno.EBADF, () -> calls.adopt(3, "nobody's"));
    }

    @Test
    void beyond_the_limit_there_is_no_descriptor_and_nothing_is_left_open() throws IOException {
        try (EmulatedHost small =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).descriptorLimit(4).build()) {
            Descriptor only = small.systemCalls().eventFd("the only one");
            assertErrno(Errno.EMFILE, () -> small.systemCalls().eventFd("one too many"));
            assertErrno(Errno.EMFILE, () -> small.systemCalls().openPoller());
            String node = small.vgpu().groupPath();
            assertErrno(Errno.EMFILE, () -> small.systemCalls().open(node, Access.READ_WRITE));
            only.close();
            small.systemCalls().open(node, Access.READ_WRITE).close();
            assertEquals(0, small.openDescriptors());
        }
    }

    @Test
    void an_eventfd_adds_and_a_read_empties_it() throws IOException {
        Descriptor eventFd = calls.eventFd("counter");
        assertEquals(0, calls.drain(eventFd));
        calls.signal(eventFd, 3);
        calls.signal(eventFd, 1L << 63);
        assertEquals((1L << 63) + 3, calls.drain(eventFd));
        assertEquals(0, calls.drain(eventFd));
    }

    @Test
    void a_user_cannot_fill_an_eventfd_beyond_its_last_value_but_one() throws IOException {
        Descriptor eventFd = calls.eventFd("counter");
        calls.signal(eventFd, -2L);
        assertErrno(Errno.EAGAIN, () -> calls.signal(eventFd, 1));
        calls.signal(eventFd, 0);
        assertEquals(-2L, calls.drain(eventFd));
    }

    @Test
    void the_kernel_fills_an_eventfd_up_to_its_last_value_and_no_further() throws IOException {
        try (Attached attached = Attached.to(host)) {
            Descriptor eventFd = calls.eventFd("counter");
            attached.arm(eventFd);
            host.faults().saturate(host.vgpu());
            host.faults().saturate(host.vgpu());
            try (Poller poller = calls.openPoller()) {
                poller.add(eventFd, 9);
                assertEquals(1, poller.poll(tokens, values, false));
                assertEquals(-1L, values[0]);
            }
            assertEquals(0, calls.drain(eventFd));
        }
    }

    @Test
    void a_timer_expires_once_when_its_time_has_come() throws IOException {
        Descriptor timer = calls.timerFd("timer");
        calls.arm(timer, 1_000);
        host.clock().advance(Duration.ofNanos(999));
        assertEquals(0, calls.drain(timer));
        host.clock().advance(Duration.ofNanos(1));
        assertEquals(1, calls.drain(timer));
        host.clock().advance(Duration.ofSeconds(1));
        assertEquals(0, calls.drain(timer));
        calls.arm(timer, 0);
        assertEquals(1, calls.drain(timer), "at once");
        calls.arm(timer, -5);
        calls.arm(timer, 100);
        assertEquals(0, calls.drain(timer), "arming forgets what was not read");
    }

    @Test
    void a_timer_that_is_closed_leaves_nothing_scheduled() throws IOException {
        Descriptor timer = calls.timerFd("timer");
        calls.arm(timer, 1_000);
        timer.close();
        assertFalse(host.clock().advanceToNextEvent());
        assertTrue(host.clock().untilNextEvent().isEmpty());
    }

    @Test
    void only_counters_are_read_signalled_and_armed() throws IOException {
        Descriptor node = calls.open("/dev/kvm", Access.READ_WRITE);
        Descriptor timer = calls.timerFd("timer");
        Descriptor eventFd = calls.eventFd("counter");
        assertErrno(Errno.EINVAL, () -> calls.drain(node));
        assertErrno(Errno.EINVAL, () -> calls.signal(timer, 1));
        assertErrno(Errno.EINVAL, () -> calls.arm(eventFd, 1));
        assertErrno(Errno.ENODEV, () -> calls.map(eventFd, 0, 4096, Access.READ));
    }

    @Test
    void the_poller_reads_what_is_ready_in_the_order_in_which_it_became_so() throws IOException {
        try (Poller poller = calls.openPoller()) {
            Descriptor first = calls.eventFd("first");
            Descriptor second = calls.eventFd("second");
            Descriptor silent = calls.eventFd("silent");
            poller.add(first, 1);
            poller.add(second, 2);
            poller.add(silent, 3);
            assertEquals(0, poller.poll(tokens, values, false));
            calls.signal(second, 20);
            calls.signal(first, 10);
            calls.signal(second, 2);
            assertEquals(2, poller.poll(tokens, values, false));
            assertArrayEquals(new long[] {2, 1}, Arrays.copyOf(tokens, 2));
            assertArrayEquals(new long[] {22, 10}, Arrays.copyOf(values, 2));
            assertEquals(0, poller.poll(tokens, values, false));
        }
    }

    @Test
    void what_did_not_fit_stays_ready_for_the_next_call() throws IOException {
        try (Poller poller = calls.openPoller()) {
            for (int i = 0; i < 5; i++) {
                Descriptor counter = calls.eventFd("counter " + i);
                poller.add(counter, i);
                calls.signal(counter, 100 + i);
            }
            long[] narrow = new long[2];
            assertEquals(2, poller.poll(narrow, values, false));
            assertArrayEquals(new long[] {0, 1}, narrow);
            assertEquals(2, poller.poll(narrow, values, false));
            assertArrayEquals(new long[] {2, 3}, narrow);
            assertEquals(1, poller.poll(narrow, values, false));
            assertEquals(4, narrow[0]);
            assertThrows(IllegalArgumentException.class, () -> poller.poll(new long[0], values, false));
        }
    }

    @Test
    void a_counter_that_somebody_else_emptied_does_not_appear() throws IOException {
        try (Poller poller = calls.openPoller()) {
            Descriptor counter = calls.eventFd("counter");
            calls.signal(counter, 1);
            poller.add(counter, 1);
            calls.drain(counter);
            assertEquals(0, poller.poll(tokens, values, false));
            calls.signal(counter, 2);
            assertEquals(1, poller.poll(tokens, values, false));
        }
    }

    @Test
    void the_poller_refuses_what_epoll_refuses() throws IOException {
        try (Poller poller = calls.openPoller()) {
            Descriptor counter = calls.eventFd("counter");
            Descriptor node = calls.open("/dev/vfio/vfio", Access.READ_WRITE);
            poller.add(counter, 1);
            assertErrno(Errno.EEXIST, () -> poller.add(counter, 2));
            assertErrno(Errno.EPERM, () -> poller.add(node, 3));
            poller.remove(counter);
            assertErrno(Errno.ENOENT, () -> poller.remove(counter));
            poller.add(counter, 4);
        }
    }

    @Test
    void a_removed_counter_is_not_reported_even_if_it_was_ready() throws IOException {
        try (Poller poller = calls.openPoller()) {
            Descriptor counter = calls.eventFd("counter");
            poller.add(counter, 1);
            calls.signal(counter, 1);
            poller.remove(counter);
            assertEquals(0, poller.poll(tokens, values, false));
            assertEquals(1, calls.drain(counter));
        }
    }

    @Test
    void closing_a_watched_counter_ends_the_watch_and_its_number_may_be_watched_again() throws IOException {
        try (Poller poller = calls.openPoller()) {
            Descriptor counter = calls.eventFd("counter");
            poller.add(counter, 1);
            calls.signal(counter, 1);
            counter.close();
            assertEquals(0, poller.poll(tokens, values, false));
            Descriptor heir = calls.eventFd("heir");
            poller.add(heir, 2);
            calls.signal(heir, 5);
            assertEquals(1, poller.poll(tokens, values, false));
            assertEquals(2, tokens[0]);
        }
    }

    @Test
    void a_counter_outlives_the_poller_that_watched_it() throws IOException {
        Descriptor counter = calls.eventFd("counter");
        Poller poller = calls.openPoller();
        poller.add(counter, 1);
        poller.close();
        poller.close();
        calls.signal(counter, 7);
        assertEquals(7, calls.drain(counter));
        assertThrows(ClosedException.class, () -> poller.poll(tokens, values, false));
        assertEquals(1, host.openDescriptors());
    }

    @Test
    void a_waiting_poll_returns_when_another_thread_signals() throws Exception {
        try (Poller poller = calls.openPoller()) {
            Descriptor counter = calls.eventFd("counter");
            poller.add(counter, 5);
            CompletableFuture<Integer> waiting = inThread(() -> poller.poll(tokens, values, true));
            calls.signal(counter, 1);
            assertEquals(1, waiting.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_waiting_poll_returns_when_another_thread_advances_the_time() throws Exception {
        try (Poller poller = calls.openPoller()) {
            Descriptor timer = calls.timerFd("timer");
            poller.add(timer, 5);
            calls.arm(timer, 1_000_000);
            CompletableFuture<Integer> waiting = inThread(() -> poller.poll(tokens, values, true));
            host.clock().advance(Duration.ofMillis(1));
            assertEquals(1, waiting.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void switching_the_host_off_ends_a_waiting_poll() throws Exception {
        Poller poller = calls.openPoller();
        CompletableFuture<Integer> waiting = inThread(() -> poller.poll(tokens, values, true));
        host.close();
        CompletionException failure = assertThrows(CompletionException.class, waiting::join);
        assertInstanceOf(ClosedException.class, failure.getCause());
        assertThrows(ClosedException.class, () -> calls.eventFd("too late"));
        poller.close();
        assertEquals(0, host.openDescriptors());
    }

    private interface Body<T> {
        T run() throws IOException;
    }

    private static <T> CompletableFuture<T> inThread(Body<T> body) throws InterruptedException {
        CompletableFuture<T> result = new CompletableFuture<>();
        CountDownLatch started = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            started.countDown();
            try {
                result.complete(body.run());
            } catch (IOException | RuntimeException failure) {
                result.completeExceptionally(failure);
            }
        });
        thread.setDaemon(true);
        thread.start();
        started.await();
        return result;
    }
}
