package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every implementation of {@link SystemCalls} does, and what the code above it builds on. One subclass per
 * implementation; so the emulated kernel and the real one are held to the same words.
 *
 * <p>Time: a test arms a timer, calls {@link #letPass} and then polls with {@code wait}. Where time passes by itself
 * {@code letPass} does nothing and the poll blocks; where time is virtual {@code letPass} advances it. So no test depends on
 * how fast a machine is.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class SystemCallsContract {
    private static final long ALL_ONES = -1L;
    private static final long MOST = 0xffff_ffff_ffff_fffeL;
    private static final Duration A_LITTLE = Duration.ofMillis(3);
    private static final Duration AN_HOUR = Duration.ofHours(1);
    /** A number that is not open: no process of ours has that many descriptors. */
    private static final int NOT_OPEN = 987_654;

    private static final String NOWHERE = "/no/such/path";
    private static final Ioctl ANY_REQUEST = Ioctl.io("VFIO_GET_API_VERSION", ';', 100);

    private final List<AutoCloseable> opened = new ArrayList<>();
    private SystemCalls linux;

    /**
     * A kernel to test; asked for once in each test.
     *
     * @return the implementation
     */
    protected abstract SystemCalls systemCalls() throws Exception;

    /**
     * Makes time pass, where it does not pass by itself.
     *
     * @param time how much must pass before what the test waits for happens
     */
    protected abstract void letPass(Duration time);

    /**
     * Opens something that epoll refuses to watch: a regular file, or a device without poll.
     *
     * @return the descriptor, which the test closes
     */
    protected abstract Descriptor unpollable() throws Exception;

    /**
     * Files that are there, for the tests of reading and listing.
     *
     * @return where they are
     */
    protected abstract Tree tree() throws Exception;

    /**
     * A directory with at least a file and a symbolic link.
     *
     * @param directory the directory's absolute path
     * @param file the name of a text file in it that can be opened for reading
     * @param text what the file holds
     * @param link the name of a symbolic link in it that leads to something
     * @param target the link's text
     */
    public record Tree(String directory, String file, String text, String link, String target) {
        String filePath() {
            return directory + "/" + file;
        }

        String linkPath() {
            return directory + "/" + link;
        }
    }

    /**
     * The number of the process whose system calls are tested.
     *
     * @return its pid
     */
    protected abstract int ownPid();

    /**
     * Starts another process, with nothing in particular open, which this one may look into.
     *
     * @return the process, which the test ends
     */
    protected abstract OtherProcess otherProcess() throws Exception;

    /** A process that does nothing but wait for its end. */
    public interface OtherProcess {
        /**
         * Its number.
         *
         * @return the pid
         */
        int pid();

        /** Kills it, and returns when it has ended; again if need be. */
        void end() throws Exception;
    }

    /**
     * A directory for sockets, in which there is no file named {@code socket}.
     *
     * @return its absolute path
     */
    protected abstract String socketDirectory() throws Exception;

    /**
     * A node of a character device.
     *
     * @return where it is
     */
    protected abstract Device device();

    /**
     * A node whose numbers are known.
     *
     * @param path its absolute path
     * @param major its major number
     * @param minor its minor number
     */
    public record Device(String path, int major, int minor) {}

    @BeforeEach
    void start() throws Exception {
        linux = systemCalls();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T closedLater(T resource) {
        opened.add(0, resource);
        return resource;
    }

    private Descriptor eventFd() throws LinuxException {
        return closedLater(linux.eventFd("an event"));
    }

    private Descriptor timerFd() throws LinuxException {
        return closedLater(linux.timerFd("a timer"));
    }

    private Poller poller() throws LinuxException {
        return closedLater(linux.openPoller());
    }

    private NativeMemory memory(int bytes) {
        return closedLater(linux.allocate(bytes));
    }

    private static LinuxException refused(int errno, Executable call) {
        LinuxException refusal = assertThrows(LinuxException.class, call);
        assertEquals(Errno.name(errno), refusal.errnoName(), refusal.getMessage());
        return refusal;
    }

    /** One poll: what came out of it, by token. */
    private static List<String> polled(Poller poller, boolean wait) throws LinuxException {
        long[] tokens = new long[16];
        long[] counters = new long[16];
        int ready = poller.poll(tokens, counters, wait);
        return IntStream.range(0, ready)
                .mapToObj(i -> tokens[i] + "=" + Long.toUnsignedString(counters[i]))
                .sorted()
                .toList();
    }

    @Nested
    class An_eventfd {
        @Test
        void starts_at_zero() throws Exception {
            assertEquals(0, linux.drain(eventFd()));
        }

        @Test
        void adds_what_is_signalled_and_is_empty_after_it_was_read() throws Exception {
            Descriptor event = eventFd();
            linux.signal(event, 1L << 56);
            linux.signal(event, 1L << 48);
            linux.signal(event, 1L << 56);
            assertEquals(2L << 56 | 1L << 48, linux.drain(event));
            assertEquals(0, linux.drain(event));
        }

        @Test
        void takes_a_signal_of_zero_as_nothing() throws Exception {
            Descriptor event = eventFd();
            linux.signal(event, 0);
            assertEquals(0, linux.drain(event));
        }

        @ParameterizedTest
        @ValueSource(longs = {1, Long.MAX_VALUE, Long.MIN_VALUE, 0x8000_0000_0000_0001L, MOST})
        void counts_without_sign(long value) throws Exception {
            Descriptor event = eventFd();
            linux.signal(event, value);
            assertEquals(Long.toUnsignedString(value), Long.toUnsignedString(linux.drain(event)));
        }

        @ParameterizedTest
        @CsvSource({"-2, 1", "1, -2", "-9223372036854775808, 9223372036854775807", "-2, -2"})
        void refuses_what_would_not_fit_and_keeps_what_it_has(long held, long more) throws Exception {
            Descriptor event = eventFd();
            linux.signal(event, held);
            LinuxException refusal = refused(Errno.EAGAIN, () -> linux.signal(event, more));
            assertEquals("an event", refusal.target());
            assertEquals(Long.toUnsignedString(held), Long.toUnsignedString(linux.drain(event)));
        }

        @Test
        void fills_up_to_the_last_value() throws Exception {
            Descriptor event = eventFd();
            linux.signal(event, MOST - 1);
            linux.signal(event, 1);
            assertEquals(MOST, linux.drain(event));
        }

        @Test
        void cannot_be_signalled_with_all_ones() throws Exception {
            Descriptor event = eventFd();
            assertThrows(IllegalArgumentException.class, () -> linux.signal(event, ALL_ONES));
            assertEquals(0, linux.drain(event));
        }

        @Test
        void counts_by_itself() throws Exception {
            Descriptor one = eventFd();
            Descriptor other = eventFd();
            linux.signal(one, 5);
            assertEquals(0, linux.drain(other));
            assertEquals(5, linux.drain(one));
        }

        @Test
        void is_no_device() throws Exception {
            Descriptor event = eventFd();
            LinuxException refusal = refused(Errno.ENOTTY, () -> linux.ioctl(event, ANY_REQUEST, 0));
            assertEquals("VFIO_GET_API_VERSION", refusal.operation());
            assertEquals("an event", refusal.target());
            refused(Errno.ENOTTY, () -> linux.ioctl(event, ANY_REQUEST, memory(16)));
        }
    }

    @Nested
    class A_poller {
        @Test
        void finds_nothing_where_nothing_is_watched_or_ready() throws Exception {
            Poller poller = poller();
            assertEquals(List.of(), polled(poller, false));
            poller.add(eventFd(), 1);
            poller.add(timerFd(), 2);
            assertEquals(List.of(), polled(poller, false));
        }

        @Test
        void reads_what_is_ready_so_that_it_is_no_longer() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            poller.add(event, 7);
            linux.signal(event, 3);
            linux.signal(event, 4);
            assertEquals(List.of("7=7"), polled(poller, true));
            assertEquals(List.of(), polled(poller, false));
            assertEquals(0, linux.drain(event));
        }

        @Test
        void sees_what_was_signalled_before_the_counter_was_added() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            linux.signal(event, 9);
            poller.add(event, 7);
            assertEquals(List.of("7=9"), polled(poller, true));
        }

        @Test
        void reads_several_at_once() throws Exception {
            Poller poller = poller();
            Descriptor idle = eventFd();
            poller.add(idle, 100);
            for (int token = 1; token <= 5; token++) {
                Descriptor event = eventFd();
                poller.add(event, token);
                linux.signal(event, token * 10);
            }
            assertEquals(List.of("1=10", "2=20", "3=30", "4=40", "5=50"), polled(poller, true));
            assertEquals(List.of(), polled(poller, false));
        }

        @ParameterizedTest
        @CsvSource({"2, 7", "7, 2", "1, 1"})
        void reads_no_more_than_the_arrays_hold_and_leaves_the_rest_ready(int tokenRoom, int counterRoom)
                throws Exception {
            Poller poller = poller();
            for (int token = 1; token <= 5; token++) {
                Descriptor event = eventFd();
                poller.add(event, token);
                linux.signal(event, token);
            }
            int room = Math.min(tokenRoom, counterRoom);
            long[] tokens = new long[tokenRoom];
            long[] counters = new long[counterRoom];
            Set<Long> seen = new HashSet<>();
            while (seen.size() < 5) {
                int ready = poller.poll(tokens, counters, true);
                assertEquals(Math.min(room, 5 - seen.size()), ready);
                for (int i = 0; i < ready; i++) {
                    assertTrue(seen.add(tokens[i]), () -> "read twice: " + Arrays.toString(tokens));
                    assertEquals(tokens[i], counters[i]);
                }
                Arrays.stream(tokens).skip(room).forEach(beyond -> assertEquals(0, beyond));
                Arrays.stream(counters).skip(room).forEach(beyond -> assertEquals(0, beyond));
            }
            assertEquals(Set.of(1L, 2L, 3L, 4L, 5L), seen);
            assertEquals(0, poller.poll(tokens, counters, false));
        }

        @Test
        void starves_none_of_many_counters_that_are_always_ready() throws Exception {
            int many = 150;
            Poller poller = poller();
            List<Descriptor> events = new ArrayList<>();
            for (int token = 0; token < many; token++) {
                Descriptor event = eventFd();
                events.add(event);
                poller.add(event, token);
                linux.signal(event, 1);
            }
            long[] tokens = new long[4];
            long[] counters = new long[4];
            long[] reads = new long[many];
            for (int round = 0; round < many; round++) {
                int ready = poller.poll(tokens, counters, true);
                for (int i = 0; i < ready; i++) {
                    reads[(int) tokens[i]]++;
                    linux.signal(events.get((int) tokens[i]), 1);
                }
            }
            assertTrue(LongStream.of(reads).allMatch(times -> times > 0), () -> Arrays.toString(reads));
        }

        @Test
        void reads_more_than_sixty_four_in_a_few_calls() throws Exception {
            int many = 200;
            Poller poller = poller();
            for (int token = 0; token < many; token++) {
                Descriptor event = eventFd();
                poller.add(event, token);
                linux.signal(event, token + 1);
            }
            long[] tokens = new long[many];
            long[] counters = new long[many];
            Set<Long> seen = new HashSet<>();
            while (seen.size() < many) {
                int ready = poller.poll(tokens, counters, true);
                assertTrue(ready > 0 && ready <= many);
                for (int i = 0; i < ready; i++) {
                    assertTrue(seen.add(tokens[i]));
                    assertEquals(tokens[i] + 1, counters[i]);
                }
            }
            assertEquals(0, poller.poll(tokens, counters, false));
        }

        @Test
        void refuses_arrays_without_room() throws Exception {
            Poller poller = poller();
            assertThrows(IllegalArgumentException.class, () -> poller.poll(new long[0], new long[1], false));
            assertThrows(IllegalArgumentException.class, () -> poller.poll(new long[1], new long[0], false));
        }

        @ParameterizedTest
        @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, 0x8000_0000L})
        void hands_every_token_back_as_it_is(long token) throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            poller.add(event, token);
            linux.signal(event, 1);
            assertEquals(List.of(token + "=1"), polled(poller, true));
        }

        @ParameterizedTest
        @ValueSource(longs = {Long.MIN_VALUE, 0x8100_0000_0000_0000L, MOST})
        void reads_counters_with_the_top_bit_set(long value) throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            poller.add(event, 1);
            linux.signal(event, value);
            assertEquals(List.of("1=" + Long.toUnsignedString(value)), polled(poller, true));
        }

        @Test
        void watches_a_counter_once() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            poller.add(event, 1);
            LinuxException refusal = refused(Errno.EEXIST, () -> poller.add(event, 2));
            assertEquals("an event", refusal.target());
            linux.signal(event, 6);
            assertEquals(List.of("1=6"), polled(poller, true), "the first token stays");
        }

        @Test
        void does_not_watch_what_cannot_be_polled() throws Exception {
            Poller poller = poller();
            Descriptor unpollable = closedLater(unpollable());
            refused(Errno.EPERM, () -> poller.add(unpollable, 1));
            refused(Errno.ENOENT, () -> poller.remove(unpollable));
        }

        @Test
        void cannot_remove_what_it_does_not_watch() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            assertEquals(
                    "an event",
                    refused(Errno.ENOENT, () -> poller.remove(event)).target());
            poller.add(event, 1);
            poller.remove(event);
            refused(Errno.ENOENT, () -> poller.remove(event));
        }

        @Test
        void says_nothing_of_a_removed_counter_until_it_is_added_again() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            Descriptor other = eventFd();
            poller.add(event, 1);
            poller.add(other, 2);
            linux.signal(event, 5);
            poller.remove(event);
            assertEquals(List.of(), polled(poller, false));
            poller.add(event, 3);
            linux.signal(other, 1);
            assertEquals(List.of("2=1", "3=5"), polled(poller, true));
        }

        @Test
        void does_not_show_a_counter_that_was_emptied_meanwhile() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            poller.add(event, 1);
            linux.signal(event, 5);
            linux.drain(event);
            assertEquals(List.of(), polled(poller, false));
        }

        @Test
        void is_woken_by_a_signal_from_another_thread() throws Exception {
            // A hand-over back and forth: some of the polls block before the signal comes, some after.
            Poller pings = poller();
            Poller pongs = poller();
            Descriptor ping = eventFd();
            Descriptor pong = eventFd();
            pings.add(ping, 1);
            pongs.add(pong, 2);
            int rounds = 300;
            FutureTask<Long> echo = new FutureTask<>(() -> {
                long sum = 0;
                long[] token = new long[1];
                long[] counter = new long[1];
                for (int round = 0; round < rounds; round++) {
                    assertEquals(1, pings.poll(token, counter, true));
                    sum += counter[0];
                    linux.signal(pong, counter[0]);
                }
                return sum;
            });
            Thread thread = new Thread(echo, "echo");
            thread.start();
            long expected = 0;
            for (int round = 1; round <= rounds; round++) {
                linux.signal(ping, round);
                expected += round;
                assertEquals(List.of("2=" + round), polled(pongs, true));
            }
            assertEquals(expected, echo.get());
        }

        @Test
        void loses_no_signal_of_several_threads() throws Exception {
            Poller poller = poller();
            int writers = 4;
            int signals = 2_000;
            List<FutureTask<Void>> tasks = new ArrayList<>();
            for (int token = 0; token < writers; token++) {
                Descriptor event = eventFd();
                poller.add(event, token);
                FutureTask<Void> writer = new FutureTask<>(() -> {
                    for (int i = 0; i < signals; i++) {
                        linux.signal(event, 1);
                    }
                    return null;
                });
                tasks.add(writer);
                new Thread(writer, "writer-" + token).start();
            }
            long[] sums = new long[writers];
            long[] tokens = new long[writers];
            long[] counters = new long[writers];
            while (LongStream.of(sums).sum() < (long) writers * signals) {
                int ready = poller.poll(tokens, counters, true);
                assertTrue(ready > 0, "a waiting poll came back empty");
                for (int i = 0; i < ready; i++) {
                    assertNotEquals(0, counters[i]);
                    sums[(int) tokens[i]] += counters[i];
                }
            }
            for (FutureTask<Void> task : tasks) {
                task.get();
            }
            for (long sum : sums) {
                assertEquals(signals, sum);
            }
            assertEquals(List.of(), polled(poller, false));
        }

        @Test
        void closed_is_of_no_more_use_but_leaves_its_counters_alone() throws Exception {
            Poller poller = poller();
            Descriptor event = eventFd();
            poller.add(event, 1);
            poller.close();
            poller.close();
            assertThrows(ClosedException.class, () -> polled(poller, false));
            assertThrows(ClosedException.class, () -> poller.add(eventFd(), 2));
            assertThrows(ClosedException.class, () -> poller.remove(event));
            linux.signal(event, 8);
            assertEquals(8, linux.drain(event));
            Poller next = poller();
            next.add(event, 5);
            linux.signal(event, 9);
            assertEquals(List.of("5=9"), polled(next, true));
        }
    }

    @Nested
    class A_timerfd {
        @Test
        void is_disarmed_at_first() throws Exception {
            Descriptor timer = timerFd();
            Poller poller = poller();
            poller.add(timer, 1);
            assertEquals(List.of(), polled(poller, false));
            assertEquals(0, linux.drain(timer));
        }

        @Test
        void expires_once_and_not_before_its_time() throws Exception {
            Descriptor timer = timerFd();
            Poller poller = poller();
            poller.add(timer, 1);
            long start = linux.nanoTime();
            linux.arm(timer, A_LITTLE.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of("1=1"), polled(poller, true));
            assertTrue(linux.nanoTime() - start >= A_LITTLE.toNanos(), "expired too early");
            assertEquals(List.of(), polled(poller, false));
        }

        @Test
        void that_is_far_off_is_not_ready() throws Exception {
            Descriptor timer = timerFd();
            Poller poller = poller();
            poller.add(timer, 1);
            linux.arm(timer, AN_HOUR.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of(), polled(poller, false));
        }

        @ParameterizedTest
        @ValueSource(longs = {0, -1, Long.MIN_VALUE, 1})
        void armed_for_now_or_the_past_expires_at_once(long delay) throws Exception {
            Descriptor timer = timerFd();
            Poller poller = poller();
            poller.add(timer, 1);
            linux.arm(timer, delay);
            letPass(Duration.ofNanos(1));
            assertEquals(List.of("1=1"), polled(poller, true));
        }

        @Test
        void armed_again_forgets_its_former_time() throws Exception {
            Descriptor timer = timerFd();
            Poller poller = poller();
            poller.add(timer, 1);
            linux.arm(timer, AN_HOUR.toNanos());
            linux.arm(timer, A_LITTLE.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of("1=1"), polled(poller, true));
            linux.arm(timer, A_LITTLE.toNanos());
            linux.arm(timer, AN_HOUR.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of(), polled(poller, false));
            linux.arm(timer, 0);
            letPass(Duration.ofNanos(1));
            assertEquals(List.of("1=1"), polled(poller, true));
        }

        @Test
        void armed_again_forgets_that_it_had_expired() throws Exception {
            Descriptor timer = timerFd();
            Descriptor other = timerFd();
            Poller others = poller();
            others.add(other, 2);
            linux.arm(timer, 1);
            linux.arm(other, A_LITTLE.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of("2=1"), polled(others, true), "by now the first one has expired too");
            linux.arm(timer, AN_HOUR.toNanos());
            assertEquals(0, linux.drain(timer));
        }

        @Test
        void takes_the_longest_delay_there_is() throws Exception {
            Descriptor timer = timerFd();
            linux.arm(timer, Long.MAX_VALUE);
            assertEquals(0, linux.drain(timer));
        }

        @Test
        void is_watched_beside_eventfds() throws Exception {
            Descriptor timer = timerFd();
            Descriptor event = eventFd();
            Poller timers = poller();
            Poller both = poller();
            timers.add(timer, 1);
            both.add(event, 2);
            linux.arm(timer, A_LITTLE.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of("1=1"), polled(timers, true));
            timers.remove(timer);
            both.add(timer, 3);
            linux.arm(timer, A_LITTLE.toNanos());
            letPass(A_LITTLE);
            assertEquals(List.of("3=1"), polled(both, true));
            linux.signal(event, 4);
            assertEquals(List.of("2=4"), polled(both, true));
        }
    }

    @Nested
    class A_descriptor {
        @Test
        void of_which_nothing_works_after_it_was_closed() throws Exception {
            Descriptor event = linux.eventFd("a closed event");
            Descriptor timer = linux.timerFd("a closed timer");
            NativeMemory memory = memory(16);
            Poller poller = poller();
            event.close();
            event.close();
            timer.close();
            assertTrue(event.isClosed());
            assertAll(
                    () -> assertThrows(ClosedException.class, () -> linux.signal(event, 1)),
                    () -> assertThrows(ClosedException.class, () -> linux.drain(event)),
                    () -> assertThrows(ClosedException.class, () -> linux.drain(timer)),
                    () -> assertThrows(ClosedException.class, () -> linux.arm(timer, 1)),
                    () -> assertThrows(ClosedException.class, () -> linux.ioctl(event, ANY_REQUEST, 0)),
                    () -> assertThrows(ClosedException.class, () -> linux.ioctl(event, ANY_REQUEST, memory)),
                    () -> assertThrows(ClosedException.class, () -> linux.read(event, memory, 8, 0)),
                    () -> assertThrows(ClosedException.class, () -> linux.write(event, memory, 8, 0)),
                    () -> assertThrows(ClosedException.class, () -> linux.map(event, 0, 4096, Access.READ)),
                    () -> assertThrows(ClosedException.class, () -> poller.add(event, 1)),
                    () -> assertThrows(ClosedException.class, event::acquire));
            String message = assertThrows(ClosedException.class, () -> linux.signal(event, 1))
                    .getMessage();
            assertTrue(message.contains("a closed event"), message);
        }

        @Test
        void keeps_its_number_while_that_is_lent_even_when_closed() throws Exception {
            Descriptor event = linux.eventFd("lent");
            int number = event.acquire();
            event.close();
            for (int i = 0; i < 40; i++) {
                Descriptor next = eventFd();
                assertNotEquals(number, next.acquire());
                next.release();
            }
            event.release();
            assertThrows(ClosedException.class, event::acquire);
        }

        @Test
        void has_a_number_of_its_own() throws Exception {
            Set<Integer> numbers = new HashSet<>();
            for (int i = 0; i < 40; i++) {
                Descriptor next = eventFd();
                assertTrue(numbers.add(next.acquire()));
                next.release();
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {NOT_OPEN, -1})
        void cannot_be_made_of_a_number_that_is_not_open(int number) {
            LinuxException refusal = refused(Errno.EBADF, () -> linux.adopt(number, "nothing"));
            assertEquals("nothing", refusal.target());
        }

        @Test
        void is_described_as_it_was_called() throws Exception {
            assertEquals("an event", eventFd().description());
            assertEquals("a timer", timerFd().description());
        }
    }

    @Nested
    class Native_memory {
        @Test
        void is_zeroed_even_where_other_memory_was_before() {
            for (int round = 0; round < 50; round++) {
                try (NativeMemory dirty = linux.allocate(192)) {
                    assertArrayEquals(new byte[192], dirty.getBytes(0, 192));
                    dirty.lend(bytes -> {
                        while (bytes.hasRemaining()) {
                            bytes.put((byte) 0xa5);
                        }
                    });
                }
            }
        }

        @Test
        void is_little_endian_and_needs_no_alignment() {
            NativeMemory memory = memory(16);
            memory.putLong(1, 0x0807_0605_0403_0201L);
            assertArrayEquals(new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 0}, memory.getBytes(0, 10));
            assertEquals(0x0403_0201, memory.getInt(1));
            assertEquals(0x0201, memory.getShort(1));
            memory.putByte(0, 0xff);
            assertEquals(255, memory.getByte(0));
            memory.clear();
            assertArrayEquals(new byte[16], memory.getBytes(0, 16));
        }

        @Test
        void has_bounds() {
            NativeMemory memory = memory(10);
            assertEquals(10, memory.size());
            assertAll(
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getByte(10)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getByte(-1)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getShort(9)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getInt(7)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getLong(3)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.putByte(10, 0)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.putLong(3, 0)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.putBytes(9, new byte[2])),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getBytes(9, 2)),
                    () -> assertThrows(IndexOutOfBoundsException.class, () -> memory.getBytes(0, -1)));
            memory.lend(bytes -> {
                assertEquals(10, bytes.remaining());
                assertEquals(ByteOrder.LITTLE_ENDIAN, bytes.order());
            });
        }

        @Test
        void of_which_nothing_works_after_it_was_closed() throws Exception {
            NativeMemory memory = linux.allocate(16);
            Descriptor event = eventFd();
            memory.close();
            memory.close();
            assertAll(
                    () -> assertThrows(ClosedException.class, () -> memory.getLong(0)),
                    () -> assertThrows(ClosedException.class, () -> memory.putLong(0, 1)),
                    () -> assertThrows(ClosedException.class, () -> memory.getBytes(0, 1)),
                    () -> assertThrows(ClosedException.class, () -> memory.lend(bytes -> {})),
                    () -> assertThrows(ClosedException.class, () -> linux.ioctl(event, ANY_REQUEST, memory)));
        }

        @ParameterizedTest
        @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
        void has_at_least_one_byte(int bytes) {
            assertThrows(IllegalArgumentException.class, () -> linux.allocate(bytes));
            assertThrows(IllegalArgumentException.class, () -> linux.allocatePages(bytes));
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 4096, 5000})
        void in_pages_starts_on_a_page_and_is_zeroed(int bytes) {
            NativeMemory pages = closedLater(linux.allocatePages(bytes));
            assertEquals(bytes, pages.size());
            assertEquals(0, pages.acquire() % 4096);
            pages.release();
            assertArrayEquals(new byte[bytes], pages.getBytes(0, bytes));
        }

        @Test
        void carries_the_address_of_other_memory_and_keeps_it() {
            NativeMemory target = linux.allocate(8);
            long address = target.acquire();
            target.release();
            NativeMemory memory = memory(24);
            memory.putAddress(8, target);
            assertEquals(address, memory.getLong(8));
            target.close();
            assertThrows(ClosedException.class, () -> target.getLong(0));
            assertThrows(ClosedException.class, () -> memory.putAddress(16, target));
            // Retained: nobody else gets that address while the pointer to it is there.
            for (int i = 0; i < 100; i++) {
                NativeMemory other = memory(8);
                assertNotEquals(address, other.acquire());
                other.release();
            }
        }

        @Test
        void shows_what_a_callers_buffer_holds() {
            ByteBuffer buffer = ByteBuffer.allocateDirect(32);
            buffer.position(4).limit(20);
            NativeMemory view = closedLater(linux.wrap(buffer));
            assertEquals(32, view.size(), "from 0 to capacity, wherever position and limit are");
            view.putByte(31, 7);
            assertEquals(7, buffer.duplicate().clear().get(31));
            view.close();
            buffer.clear().put(0, (byte) 1);
            assertEquals(1, buffer.get(0), "the buffer outlives its view");
        }

        @Test
        void is_not_made_of_a_buffer_on_the_heap() {
            assertThrows(IllegalArgumentException.class, () -> linux.wrap(ByteBuffer.allocate(32)));
        }
    }

    @Nested
    class Another_process {
        @Test
        void has_not_exited_until_it_ends() throws Exception {
            OtherProcess other = endedLater(otherProcess());
            Descriptor process = closedLater(linux.openProcess(other.pid()));
            assertFalse(linux.hasExited(process));
            other.end();
            assertTrue(linux.hasExited(process));
        }

        @Test
        void that_has_ended_is_no_more() throws Exception {
            OtherProcess other = endedLater(otherProcess());
            other.end();
            refused(Errno.ESRCH, "pidfd_open", () -> linux.openProcess(other.pid()));
            refused(Errno.EINVAL, "pidfd_open", () -> linux.openProcess(-1));
            refused(Errno.EINVAL, "pidfd_open", () -> linux.openProcess(0));
        }

        @Test
        void lets_its_descriptors_be_copied_while_it_lives() throws Exception {
            OtherProcess other = endedLater(otherProcess());
            Descriptor process = closedLater(linux.openProcess(other.pid()));
            refused(Errno.EBADF, "pidfd_getfd", () -> linux.copyDescriptor(process, NOT_OPEN, "nothing"));
            other.end();
            LinuxException e =
                    assertThrows(LinuxException.class, () -> linux.copyDescriptor(process, NOT_OPEN, "nothing"));
            // EBADF before Linux 6.9 or so, which did not tell.
            assertTrue(e.errno() == Errno.ESRCH || e.errno() == Errno.EBADF, e.getMessage());
        }

        @Test
        void of_which_this_one_is_a_case_has_copies_that_are_the_same_file() throws Exception {
            Descriptor self = closedLater(linux.openProcess(ownPid()));
            assertFalse(linux.hasExited(self));
            Descriptor event = linux.eventFd("an event");
            Descriptor copy = closedLater(linux.copyDescriptor(self, numberOf(event), "a copy"));
            assertEquals("a copy", copy.description());
            assertNotEquals(numberOf(event), numberOf(copy));
            linux.signal(event, 7);
            event.close();
            assertEquals(7, linux.drain(copy));
            linux.signal(copy, 2);
            assertEquals(2, linux.drain(copy));
        }

        @Test
        void is_opened_by_nothing_but_its_number() throws Exception {
            Descriptor event = eventFd();
            refused(Errno.EBADF, "pidfd_getfd", () -> linux.copyDescriptor(event, 0, "nothing"));
        }

        @Test
        void of_which_nothing_can_be_had_after_the_descriptor_was_closed() throws Exception {
            Descriptor process = linux.openProcess(ownPid());
            process.close();
            assertThrows(ClosedException.class, () -> linux.hasExited(process));
            assertThrows(ClosedException.class, () -> linux.copyDescriptor(process, 0, "nothing"));
        }
    }

    @Nested
    class A_duplicate {
        @Test
        void is_the_same_file_under_another_number() throws Exception {
            Descriptor event = linux.eventFd("an event");
            Descriptor copy = closedLater(linux.duplicate(event, "a copy"));
            assertEquals("a copy", copy.description());
            assertNotEquals(numberOf(event), numberOf(copy));
            linux.signal(event, 7);
            event.close();
            assertEquals(7, linux.drain(copy));
            assertThrows(ClosedException.class, () -> linux.duplicate(event, "nothing"));
        }
    }

    @Test
    void a_counter_has_no_size() throws Exception {
        Descriptor event = eventFd();
        assertEquals(0, linux.size(event));
        event.close();
        assertThrows(ClosedException.class, () -> linux.size(event));
    }

    private OtherProcess endedLater(OtherProcess process) {
        opened.add(0, process::end);
        return process;
    }

    private static int numberOf(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return number;
    }

    private static LinuxException refused(int errno, String operation, Executable call) {
        LinuxException e = assertThrows(LinuxException.class, call);
        assertEquals(Errno.name(errno), e.errnoName(), e.getMessage());
        assertEquals(operation, e.operation());
        return e;
    }

    @Nested
    class A_socket {
        private static final Duration AT_ONCE = Duration.ZERO;
        private static final Duration SOON = Duration.ofSeconds(20);

        private String path;
        private Descriptor listener;
        private Descriptor client;
        private Descriptor server;

        @BeforeEach
        void connect() throws Exception {
            path = socketDirectory() + "/socket";
            listener = closedLater(linux.listen(path));
            client = closedLater(linux.connect(path, SOON));
            server = closedLater(linux.accept(listener).orElseThrow());
        }

        @AfterEach
        void removePath() throws Exception {
            if (linux.exists(path)) {
                linux.removeFile(path);
            }
        }

        private void send(String text, Descriptor... attached) throws LinuxException {
            assertEquals(text.length(), linux.send(server, bytes(text), List.of(attached)));
        }

        private Received receive(int bytes, int descriptors) throws LinuxException {
            return closedLater(linux.receive(client, bytes, descriptors, SOON));
        }

        private static byte[] bytes(String text) {
            return text.getBytes(StandardCharsets.US_ASCII);
        }

        private static String text(Received received) {
            return new String(received.data(), StandardCharsets.US_ASCII);
        }

        @Test
        void carries_bytes_and_descriptors() throws Exception {
            Descriptor first = linux.eventFd("first");
            Descriptor second = eventFd();
            send("hello", first, second);
            first.close();
            Received received = receive(100, 2);
            assertEquals("hello", text(received));
            assertFalse(received.incomplete());
            List<Descriptor> descriptors = received.take();
            descriptors.forEach(SystemCallsContract.this::closedLater);
            assertEquals(2, descriptors.size());
            assertTrue(descriptors.get(0).description().contains(path));
            linux.signal(descriptors.get(1), 3);
            assertEquals(3, linux.drain(second));
            linux.signal(descriptors.get(0), 4);
            assertEquals(4, linux.drain(descriptors.get(0)));
            assertThrows(IllegalStateException.class, received::take);
        }

        @Test
        void closes_the_descriptors_that_nobody_takes() throws Exception {
            Descriptor event = eventFd();
            send("a", event, event, event);
            Received received = receive(1, 3);
            List<Integer> numbers = new ArrayList<>();
            assertEquals(3, received.descriptorCount());
            received.close();
            // The numbers are free again, so that the next ones get them.
            send("b", event, event, event);
            Received again = receive(1, 3);
            again.take().forEach(descriptor -> numbers.add(numberOf(closedLater(descriptor))));
            assertEquals(3, new HashSet<>(numbers).size());
            assertThrows(IllegalArgumentException.class, () -> linux.receive(client, 1, 254, AT_ONCE));
        }

        @Test
        void carries_as_many_descriptors_as_a_message_may() throws Exception {
            Descriptor event = eventFd();
            Descriptor[] many = new Descriptor[Received.MOST_DESCRIPTORS];
            Arrays.fill(many, event);
            send("many", many);
            assertEquals(many.length, receive(4, many.length).descriptorCount());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> linux.send(server, bytes("x"), Collections.nCopies(many.length + 1, event)));
        }

        @ParameterizedTest
        @CsvSource({"0, 1", "0, 3", "1, 2", "1, 3", "2, 3"})
        void drops_descriptors_for_which_there_is_no_room_and_says_so(int room, int sent) throws Exception {
            Descriptor event = eventFd();
            send("text", Collections.nCopies(sent, event).toArray(Descriptor[]::new));
            Received received = receive(10, room);
            assertEquals("text", text(received));
            assertEquals(room, received.descriptorCount());
            assertTrue(received.incomplete());
        }

        @Test
        void keeps_what_is_beyond_for_the_next_call_and_descriptors_at_the_first_byte() throws Exception {
            send("hello", eventFd());
            send(" world");
            Received first = receive(2, 1);
            assertEquals("he", text(first));
            assertEquals(1, first.descriptorCount());
            Received rest = receive(100, 1);
            assertEquals("llo world", text(rest));
            assertEquals(0, rest.descriptorCount());
        }

        @Test
        void does_not_read_on_behind_descriptors() throws Exception {
            send("plain ");
            send("with", eventFd());
            send("more");
            Received first = receive(100, 1);
            assertEquals("plain with", text(first));
            assertEquals(1, first.descriptorCount());
            assertEquals("more", text(receive(100, 1)));
        }

        @Test
        void waits_no_longer_than_it_is_told() throws Exception {
            refused(Errno.EAGAIN, "recvmsg", () -> linux.receive(client, 1, 0, AT_ONCE));
            long before = linux.nanoTime();
            refused(Errno.EAGAIN, "recvmsg", () -> linux.receive(client, 1, 0, Duration.ofMillis(5)));
            assertTrue(linux.nanoTime() - before >= 5_000_000);
            send("late");
            assertEquals("late", text(receive(10, 0)));
        }

        @Test
        void ends_when_the_other_side_closes_and_not_before_everything_was_read() throws Exception {
            assertFalse(linux.isHungUp(client));
            send("last", eventFd());
            server.close();
            assertTrue(linux.isHungUp(client));
            Received last = receive(10, 1);
            assertEquals("last", text(last));
            assertEquals(1, last.descriptorCount());
            for (int i = 0; i < 2; i++) {
                assertEquals(0, receive(10, 1).data().length);
            }
            refused(Errno.EPIPE, "sendmsg", () -> linux.send(client, bytes("x"), List.of()));
        }

        @Test
        void is_reset_when_the_other_side_closes_unread() throws Exception {
            assertEquals(1, linux.send(client, bytes("x"), List.of(eventFd())));
            server.close();
            assertTrue(linux.isHungUp(client));
            refused(Errno.ECONNRESET, "recvmsg", () -> linux.receive(client, 1, 0, SOON));
            assertEquals(0, receive(1, 0).data().length);
        }

        @Test
        void takes_no_more_when_nobody_reads() throws Exception {
            byte[] much = new byte[64 * 1024];
            refused(Errno.EAGAIN, "sendmsg", () -> {
                for (int i = 0; i < 1_000; i++) {
                    linux.send(server, much, List.of());
                }
            });
            assertThrows(IllegalArgumentException.class, () -> linux.send(server, new byte[0], List.of()));
        }

        @Test
        void is_accepted_when_somebody_has_connected() throws Exception {
            assertEquals(Optional.empty(), linux.accept(listener));
            closedLater(linux.connect(path, AT_ONCE));
            closedLater(linux.accept(listener).orElseThrow());
            assertEquals(Optional.empty(), linux.accept(listener));
            refused(Errno.EINVAL, "accept4", () -> linux.accept(server));
        }

        @Test
        void lets_only_so_many_wait() throws Exception {
            refused(Errno.EAGAIN, "connect", () -> {
                for (int i = 0; i < 1_000; i++) {
                    closedLater(linux.connect(path, Duration.ofMillis(1)));
                }
            });
            closedLater(linux.accept(listener).orElseThrow());
            closedLater(linux.connect(path, SOON));
        }

        @Test
        void resets_who_was_not_accepted_when_it_is_closed() throws Exception {
            Descriptor waiting = closedLater(linux.connect(path, SOON));
            listener.close();
            refused(Errno.ECONNRESET, "recvmsg", () -> linux.receive(waiting, 1, 0, SOON));
            assertTrue(linux.isHungUp(waiting));
        }

        @Test
        void leaves_its_path_behind_where_nobody_listens() throws Exception {
            refused(Errno.EADDRINUSE, "bind", () -> linux.listen(path));
            listener.close();
            assertTrue(linux.exists(path));
            refused(Errno.ECONNREFUSED, "connect", () -> linux.connect(path, SOON));
            refused(Errno.EADDRINUSE, "bind", () -> linux.listen(path));
            refused(Errno.ENXIO, "open", () -> linux.open(path, Access.READ_WRITE));
            linux.removeFile(path);
            refused(Errno.ENOENT, "connect", () -> linux.connect(path, SOON));
            refused(Errno.ENOENT, "unlink", () -> linux.removeFile(path));
            closedLater(linux.listen(path));
        }

        @Test
        void is_found_by_a_path_that_leads_to_one() throws Exception {
            refused(Errno.ENOENT, "connect", () -> linux.connect(path + "-not", SOON));
            refused(Errno.ENOENT, "bind", () -> linux.listen(path + "-not/there"));
            String file = tree().filePath();
            refused(Errno.ENOTDIR, "bind", () -> linux.listen(file + "/socket"));
            refused(Errno.ECONNREFUSED, "connect", () -> linux.connect(file, SOON));
        }

        @Test
        void has_a_short_path() throws Exception {
            String longest = path + "-".repeat(107 - path.length());
            closedLater(linux.listen(longest));
            closedLater(linux.connect(longest, SOON));
            linux.removeFile(longest);
            refused(Errno.ENAMETOOLONG, "bind", () -> linux.listen(longest + "-"));
            refused(Errno.ENAMETOOLONG, "connect", () -> linux.connect(longest + "-", SOON));
        }

        @Test
        void is_no_counter_and_no_counter_is_a_socket() throws Exception {
            Descriptor event = eventFd();
            refused(Errno.ENOTSOCK, "sendmsg", () -> linux.send(event, bytes("x"), List.of()));
            refused(Errno.ENOTSOCK, "accept4", () -> linux.accept(event));
            linux.signal(event, 1);
            refused(Errno.ENOTSOCK, "recvmsg", () -> linux.receive(event, 1, 0, SOON));
            assertEquals(1, linux.drain(event));
        }

        @Test
        void of_which_nothing_works_after_it_was_closed() throws Exception {
            client.close();
            listener.close();
            assertThrows(ClosedException.class, () -> linux.receive(client, 1, 0, SOON));
            assertThrows(ClosedException.class, () -> linux.send(client, bytes("x"), List.of()));
            assertThrows(ClosedException.class, () -> linux.isHungUp(client));
            assertThrows(ClosedException.class, () -> linux.accept(listener));
            Descriptor event = eventFd();
            event.close();
            assertThrows(ClosedException.class, () -> linux.send(server, bytes("x"), List.of(event)));
        }
    }

    @Nested
    class A_thread {
        @Test
        void may_run_on_at_least_one_processor() throws Exception {
            List<Integer> allowed = linux.allowedProcessors();
            assertFalse(allowed.isEmpty());
            assertEquals(allowed.stream().sorted().distinct().toList(), allowed);
            assertTrue(allowed.get(0) >= 0, allowed::toString);
            assertTrue(allowed.get(allowed.size() - 1) < SystemCalls.MOST_PROCESSORS, allowed::toString);
        }

        @Test
        void runs_where_it_is_bound_to_and_others_where_they_were() throws Exception {
            List<Integer> before = linux.allowedProcessors();
            FutureTask<List<Integer>> bound = new FutureTask<>(() -> {
                List<Integer> seen = new ArrayList<>();
                for (int processor : before) {
                    linux.bindThread(List.of(processor));
                    seen.addAll(linux.allowedProcessors());
                }
                return seen;
            });
            new Thread(bound, "a thread that binds itself").start();
            assertEquals(before, bound.get());
            assertEquals(before, linux.allowedProcessors());
        }

        @Test
        void is_bound_to_those_processors_that_there_are() throws Exception {
            int last = SystemCalls.MOST_PROCESSORS - 1;
            FutureTask<List<Integer>> bound = new FutureTask<>(() -> {
                List<Integer> before = linux.allowedProcessors();
                int first = before.get(0);
                linux.bindThread(List.of(last, first, first));
                List<Integer> after = linux.allowedProcessors();
                assertEquals(Errno.EINVAL, refusal(() -> linux.bindThread(List.of(last))));
                assertEquals(after, linux.allowedProcessors());
                linux.bindThread(before);
                assertEquals(before, linux.allowedProcessors());
                return after;
            });
            new Thread(bound, "a thread that binds itself").start();
            assertEquals(1, bound.get().size());
        }

        @Test
        void is_not_bound_to_what_no_processor_can_be() {
            for (List<Integer> wrong :
                    List.of(List.<Integer>of(), List.of(-1), List.of(0, SystemCalls.MOST_PROCESSORS))) {
                assertThrows(IllegalArgumentException.class, () -> linux.bindThread(wrong));
            }
        }

        /** HZ is 24 to 1200 in what Linux can be configured to, on all architectures. */
        @Test
        void has_its_turn_looked_at_every_tick() throws Exception {
            long tick = linux.tickNanos();
            assertTrue(tick >= 800_000 && tick <= 42_000_000, tick + " ns");
            assertEquals(tick, linux.tickNanos());
        }

        private static int refusal(Executable call) {
            return assertThrows(LinuxException.class, call).errno();
        }
    }

    @Nested
    class Files_and_directories {
        @Test
        void are_listed_in_order() throws Exception {
            Tree tree = tree();
            List<String> names = linux.list(tree.directory());
            assertEquals(names.stream().sorted().toList(), names);
            assertTrue(names.containsAll(List.of(tree.file(), tree.link())), names::toString);
            assertFalse(names.contains(".") || names.contains(".."), names::toString);
        }

        @Test
        void are_read_as_they_stand() throws Exception {
            Tree tree = tree();
            assertEquals(tree.text(), linux.readText(tree.filePath()));
            assertEquals(tree.target(), linux.readLink(tree.linkPath()));
        }

        @Test
        void exist_or_do_not() throws Exception {
            Tree tree = tree();
            assertTrue(linux.exists(tree.directory()));
            assertTrue(linux.exists(tree.filePath()));
            assertTrue(linux.exists(tree.linkPath()));
            assertFalse(linux.exists(tree.directory() + "/nothing"));
            assertFalse(linux.exists(tree.filePath() + "/below"));
            assertFalse(linux.exists(NOWHERE));
        }

        @Test
        void have_a_kind_an_owner_and_a_mode() throws Exception {
            Tree tree = tree();
            assertEquals(
                    FileStatus.Kind.DIRECTORY, linux.status(tree.directory()).kind());
            FileStatus file = linux.status(tree.filePath());
            assertEquals(FileStatus.Kind.REGULAR, file.kind());
            assertEquals(0, file.permissions() & ~07777);
            assertEquals(0400, file.permissions() & 0400, file::toString);
            assertEquals(0, file.major() | file.minor());
            assertTrue(file.owner() >= 0 && file.group() >= 0, file::toString);
        }

        @Test
        void are_looked_at_through_links() throws Exception {
            Tree tree = tree();
            assertEquals(linux.status(tree.directory() + "/" + tree.target()), linux.status(tree.linkPath()));
        }

        @Test
        void of_devices_tell_their_numbers() throws Exception {
            FileStatus node = linux.status(device().path());
            assertEquals(FileStatus.Kind.CHARACTER_DEVICE, node.kind());
            assertEquals(device().major(), node.major());
            assertEquals(device().minor(), node.minor());
        }

        @Test
        void may_be_opened_or_not() throws Exception {
            Tree tree = tree();
            linux.checkAccess(tree.filePath(), Access.READ);
            linux.checkAccess(tree.directory(), Access.READ);
            LinuxException refusal =
                    refused(Errno.ENOENT, () -> linux.checkAccess(tree.directory() + "/nothing", Access.READ_WRITE));
            assertEquals("access", refusal.operation());
            refused(Errno.ENOTDIR, () -> linux.checkAccess(tree.filePath() + "/below", Access.READ));
        }

        @Test
        void that_are_missing_are_named() {
            assertAll(
                    () -> missing("stat", () -> linux.status(NOWHERE)),
                    () -> missing("access", () -> linux.checkAccess(NOWHERE, Access.READ)),
                    () -> missing("open", () -> linux.open(NOWHERE, Access.READ_WRITE)),
                    () -> missing("open", () -> linux.readText(NOWHERE)),
                    () -> missing("open", () -> linux.writeText(NOWHERE, "1")),
                    () -> missing("access", () -> linux.writeApart(NOWHERE, "1")),
                    () -> missing("readlink", () -> linux.readLink(NOWHERE)),
                    () -> missing("opendir", () -> linux.list(NOWHERE)));
        }

        private static void missing(String operation, Executable call) {
            LinuxException refusal = refused(Errno.ENOENT, call);
            assertEquals(operation, refusal.operation());
            assertEquals(NOWHERE, refusal.target());
            assertTrue(refusal.getMessage().contains(NOWHERE), refusal.getMessage());
        }

        @Test
        void are_not_taken_for_each_other() throws Exception {
            Tree tree = tree();
            refused(Errno.ENOTDIR, () -> linux.list(tree.filePath()));
            refused(Errno.ENOTDIR, () -> linux.readText(tree.filePath() + "/below"));
            refused(Errno.EISDIR, () -> linux.readText(tree.directory()));
            refused(Errno.EISDIR, () -> linux.writeText(tree.directory(), "1"));
            refused(Errno.EINVAL, () -> linux.readLink(tree.filePath()));
        }
    }

    @Test
    void the_implementation_has_a_name_for_people() {
        assertFalse(linux.name().isBlank());
    }

    @Test
    void the_clock_follows_the_virtual_time_or_runs_by_itself() {
        long before = linux.nanoTime();
        assertTrue(linux.nanoTime() - before >= 0);
        linux.virtualTime().ifPresent(time -> assertEquals(before, linux.nanoTime()));
    }
}
