package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the real kernel does to a poller, and only it: signals, saturation, descriptors that are no counters. */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PollerTest {
    private static final int POLLS = 100_000;

    private final long[] tokens = new long[8];
    private final long[] counters = new long[8];

    @TempDir
    Path directory;

    static Stream<Named<Supplier<SystemCalls>>> ways() {
        return Stream.of(Named.of("JNA alone", JnaLinux::withoutBridge), Named.of("bridge", BuiltBridge::open));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void allocates_nothing(Supplier<SystemCalls> way) throws Exception {
        SystemCalls linux = way.get();
        try (Descriptor event = linux.eventFd("an event");
                Descriptor timer = linux.timerFd("a timer");
                Poller poller = linux.openPoller()) {
            poller.add(event, 1);
            poller.add(timer, 2);
            long allocated = Long.MAX_VALUE;
            // The first rounds load, link and compile. Asking allocates a little, much less than a byte for each poll.
            for (int round = 0; round < 5 && allocated >= POLLS; round++) {
                long before = allocatedByThisThread();
                for (int i = 0; i < POLLS; i++) {
                    linux.signal(event, 1);
                    linux.arm(timer, 3_600_000_000_000L);
                    poller.poll(tokens, counters, true);
                    poller.poll(tokens, counters, false);
                }
                allocated = allocatedByThisThread() - before;
            }
            assertTrue(allocated < POLLS, allocated + " bytes");
        }
    }

    private static long allocatedByThisThread() throws JMException {
        return (long) ManagementFactory.getPlatformMBeanServer()
                .getAttribute(new ObjectName(ManagementFactory.THREAD_MXBEAN_NAME), "CurrentThreadAllocatedBytes");
    }

    @ParameterizedTest
    @MethodSource("ways")
    void waits_on_when_a_signal_interrupts_it(Supplier<SystemCalls> way) throws Exception {
        SystemCalls linux = way.get();
        try (Descriptor event = linux.eventFd("an event");
                Poller poller = linux.openPoller()) {
            poller.add(event, 1);
            FutureTask<Integer> wait = new FutureTask<>(() -> poller.poll(tokens, counters, true));
            new Thread(wait, "interrupted").start();
            Path task = taskOf("interrupted");
            untilAsleep(task);
            // Stopping and continuing a process ends its epoll_wait with EINTR.
            String us = Long.toString(ProcessHandle.current().pid());
            new ProcessBuilder("sh", "-c", "kill -STOP " + us + "; kill -CONT " + us)
                    .inheritIO()
                    .start()
                    .waitFor();
            untilAsleep(task);
            assertFalse(wait.isDone());
            linux.signal(event, 5);
            assertEquals(1, wait.get());
            assertEquals(5, counters[0]);
        }
    }

    private static Path taskOf(String threadName) throws IOException {
        while (true) {
            try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
                for (Path task : tasks.toList()) {
                    if (isNamed(task, threadName)) {
                        return task;
                    }
                }
            }
        }
    }

    private static boolean isNamed(Path task, String threadName) throws IOException {
        try {
            return Files.readString(task.resolve("comm")).trim().equals(threadName);
        } catch (NoSuchFileException ended) {
            // Threads of the JVM come and go while the directory is read.
            return false;
        }
    }

    private static void untilAsleep(Path task) throws IOException {
        while (Files.readAllLines(task.resolve("status")).stream().noneMatch(line -> line.matches("State:\\s+S.*"))) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void reads_a_saturated_eventfd_as_all_ones(Supplier<SystemCalls> way) throws Exception {
        SystemCalls linux = way.get();
        try (Descriptor event = linux.eventFd("an event");
                Poller poller = linux.openPoller()) {
            poller.add(event, 1);
            linux.signal(event, -2);
            KernelSignal.send(event, directory);
            assertEquals(1, poller.poll(tokens, counters, true));
            assertEquals(-1, counters[0]);
            assertEquals(0, poller.poll(tokens, counters, false));
            linux.signal(event, 3);
            assertEquals(1, poller.poll(tokens, counters, true));
            assertEquals(3, counters[0]);
        }
    }

    /** Only the kernel can saturate an eventfd; completing an asynchronous read is one of its occasions. */
    private static final class KernelSignal {
        private static final boolean X86_64 = EpollAbi.ofThisMachine().orElseThrow() == EpollAbi.X86_64;
        private static final long IO_SETUP = X86_64 ? 206 : 0;
        private static final long IO_DESTROY = X86_64 ? 207 : 1;
        private static final long IO_SUBMIT = X86_64 ? 209 : 2;

        private static long call(Object... arguments) {
            Function syscall = NativeLibrary.getProcess().getFunction("syscall");
            return syscall.invokeLong(arguments);
        }

        static void send(Descriptor event, Path directory) throws IOException {
            SystemCalls linux = JnaLinux.withoutBridge();
            Path path = Files.writeString(directory.resolve("read"), "text");
            try (Descriptor file = linux.open(path.toString(), Access.READ);
                    Memory context = new Memory(8);
                    Memory block = new Memory(64);
                    Memory blocks = new Memory(8);
                    Memory buffer = new Memory(8)) {
                context.clear();
                block.clear();
                assumeTrue(call(IO_SETUP, 1L, context) == 0, "this kernel has no asynchronous reads");
                block.setInt(20, file.acquire());
                block.setPointer(24, buffer);
                block.setLong(32, 4);
                block.setInt(56, 1); // IOCB_FLAG_RESFD
                block.setInt(60, event.acquire());
                blocks.setPointer(0, block);
                assertEquals(1, call(IO_SUBMIT, context.getLong(0), 1L, blocks));
                event.release();
                file.release();
                // Waits for what is under way.
                assertEquals(0, call(IO_DESTROY, new Pointer(context.getLong(0))));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void says_of_what_is_no_counter_that_it_is_none_and_loses_nothing_by_it(Supplier<SystemCalls> way)
            throws Exception {
        SystemCalls linux = way.get();
        String fifo = directory.resolve("fifo").toString();
        assumeTrue(new ProcessBuilder("mkfifo", fifo).start().waitFor() == 0, "there is no mkfifo");
        try (Descriptor pipe = linux.open(fifo, Access.READ_WRITE);
                Descriptor event = linux.eventFd("an event");
                Poller poller = linux.openPoller();
                FileOutputStream writer = new FileOutputStream(fifo)) {
            poller.add(pipe, 1);
            poller.add(event, 2);
            writer.write(new byte[3]);
            LinuxException alone = assertThrows(LinuxException.class, () -> poller.poll(tokens, counters, true));
            assertEquals(
                    List.of(Errno.EINVAL, "read", fifo), List.of(alone.errno(), alone.operation(), alone.target()));

            writer.write(new byte[3]);
            linux.signal(event, 7);
            assertEquals(1, poller.poll(tokens, counters, true));
            assertArrayEquals(new long[] {2, 7}, new long[] {tokens[0], counters[0]});
            LinuxException later = assertThrows(LinuxException.class, () -> poller.poll(tokens, counters, false));
            assertEquals(fifo, later.target());
            assertEquals(0, poller.poll(tokens, counters, false));
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void keeps_a_counter_that_is_closed_too_early_until_it_lets_go_of_it(Supplier<SystemCalls> way) throws Exception {
        SystemCalls linux = way.get();
        Poller poller = linux.openPoller();
        Descriptor removed = linux.eventFd("removed");
        Descriptor left = linux.eventFd("left");
        poller.add(removed, 1);
        poller.add(left, 2);
        linux.signal(removed, 4);
        String number = numberOf(removed);
        String other = numberOf(left);
        removed.close();
        left.close();
        assertTrue(isOpen(number));
        assertEquals(1, poller.poll(tokens, counters, true));
        assertEquals(4, counters[0]);
        poller.remove(removed);
        assertFalse(isOpen(number));
        assertThrows(ClosedException.class, () -> poller.remove(removed));
        assertTrue(isOpen(other));
        poller.close();
        assertFalse(isOpen(other));
    }

    private static String numberOf(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return Integer.toString(number);
    }

    private static boolean isOpen(String number) {
        return Files.exists(Path.of("/proc/self/fdinfo/" + number));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void closed_under_a_waiting_thread_ends_when_that_comes_back(Supplier<SystemCalls> way) throws Exception {
        SystemCalls linux = way.get();
        try (Descriptor event = linux.eventFd("an event")) {
            Poller poller = linux.openPoller();
            poller.add(event, 1);
            FutureTask<Integer> wait = new FutureTask<>(() -> poller.poll(tokens, counters, true));
            new Thread(wait, "waiting").start();
            untilAsleep(taskOf("waiting"));
            poller.close();
            assertFalse(wait.isDone(), "closing does not wake");
            linux.signal(event, 6);
            assertEquals(1, wait.get());
            assertEquals(6, counters[0]);
            assertThrows(ClosedException.class, () -> poller.poll(tokens, counters, false));
        }
    }
}
