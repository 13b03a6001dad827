package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.nio.ReadOnlyBufferException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What only the real kernel has: files, mappings, close-on-exec. */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class JnaLinuxTest {
    private static final int F_DUPFD = 0;

    private final SystemCalls linux = JnaLinux.open();

    @TempDir
    Path directory;

    private static LinuxException refused(int errno, Executable call) {
        LinuxException refusal = assertThrows(LinuxException.class, call);
        assertEquals(Errno.name(errno), refusal.errnoName(), refusal.getMessage());
        return refusal;
    }

    private String file(String text) throws Exception {
        return Files.writeString(directory.resolve("file"), text).toString();
    }

    @Test
    void the_machine_is_available_and_says_so() {
        assertTrue(JnaLinux.isAvailable());
        assertTrue(JnaLinux.unavailabilityCause().isEmpty());
        assertEquals("Linux through JNA", JnaLinux.withoutBridge().name());
        assertEquals(
                JnaLinux.bridgeUnavailabilityCause().isEmpty()
                        ? "Linux through JNA and the bridge"
                        : "Linux through JNA",
                linux.name());
    }

    @Test
    void reads_and_writes_go_to_their_position() throws Exception {
        String path = file("0123456789");
        try (Descriptor file = linux.open(path, Access.READ_WRITE);
                NativeMemory memory = linux.allocate(8)) {
            assertEquals(4, linux.read(file, memory, 4, 3));
            assertArrayEquals("3456\0\0\0\0".getBytes(StandardCharsets.UTF_8), memory.getBytes(0, 8));
            assertEquals(2, linux.read(file, memory, 8, 8), "no more than there is");
            assertEquals(0, linux.read(file, memory, 8, 10), "the end");
            assertEquals(0, linux.read(file, memory, 0, 0));
            memory.putBytes(0, "ab".getBytes(StandardCharsets.UTF_8));
            assertEquals(2, linux.write(file, memory, 2, 5));
        }
        assertEquals("01234ab789", Files.readString(Path.of(path)));
    }

    @Test
    void ranges_are_checked_before_the_kernel_sees_them() throws Exception {
        try (Descriptor file = linux.open(file("text"), Access.READ_WRITE);
                NativeMemory memory = linux.allocate(8)) {
            assertThrows(IllegalArgumentException.class, () -> linux.read(file, memory, 9, 0));
            assertThrows(IllegalArgumentException.class, () -> linux.read(file, memory, -1, 0));
            assertThrows(IllegalArgumentException.class, () -> linux.read(file, memory, 8, -1));
            assertThrows(IllegalArgumentException.class, () -> linux.write(file, memory, 9, 0));
            assertThrows(IllegalArgumentException.class, () -> linux.map(file, -4096, 4096, Access.READ));
            assertThrows(IllegalArgumentException.class, () -> linux.map(file, 0, 0, Access.READ));
            assertThrows(IllegalArgumentException.class, () -> linux.map(file, 0, 4096, Access.WRITE));
            assertThrows(IllegalArgumentException.class, () -> linux.open("/dev/\0null", Access.READ));
        }
    }

    @Test
    void a_file_opened_for_one_thing_refuses_the_other() throws Exception {
        String path = file("text");
        try (Descriptor reader = linux.open(path, Access.READ);
                Descriptor writer = linux.open(path, Access.WRITE);
                NativeMemory memory = linux.allocate(8)) {
            LinuxException refusal = refused(Errno.EBADF, () -> linux.write(reader, memory, 8, 0));
            assertEquals("pwrite", refusal.operation());
            assertEquals(path, refusal.target());
            refused(Errno.EBADF, () -> linux.read(writer, memory, 8, 0));
        }
    }

    @Test
    void a_mapping_shares_its_bytes_with_the_file() throws Exception {
        String path = file("a".repeat(8192));
        Descriptor file = linux.open(path, Access.READ_WRITE);
        try (Mapping mapping = linux.map(file, 4096, 4096, Access.READ_WRITE)) {
            assertEquals(4096, mapping.size());
            assertEquals('a', mapping.getByte(0));
            mapping.putByte(1, 'b');
            file.close();
            mapping.putByte(2, 'c');
        }
        assertEquals("aabc", Files.readString(Path.of(path)).substring(4095, 4099));
    }

    @Test
    void a_mapping_for_reading_cannot_be_written() throws Exception {
        try (Descriptor file = linux.open(file("text"), Access.READ);
                Mapping mapping = linux.map(file, 0, 4, Access.READ)) {
            assertArrayEquals("text".getBytes(StandardCharsets.UTF_8), mapping.getBytes(0, 4));
            assertThrows(ReadOnlyBufferException.class, () -> mapping.putByte(0, 'x'));
            mapping.lend(bytes -> assertThrows(ReadOnlyBufferException.class, () -> bytes.put((byte) 1)));
        }
    }

    @Test
    void a_mapping_is_gone_when_it_is_closed_but_not_under_a_reader() throws Exception {
        String path = file("text");
        try (Descriptor file = linux.open(path, Access.READ)) {
            Mapping mapping = linux.map(file, 0, 4, Access.READ);
            mapping.lend(bytes -> {
                mapping.close();
                assertEquals('t', bytes.get(3));
                assertTrue(mapsOfThisProcess().contains(path));
            });
            assertThrows(ClosedException.class, () -> mapping.getByte(0));
            assertFalse(mapsOfThisProcess().contains(path));
        }
    }

    private String mapsOfThisProcess() {
        try {
            return Files.readString(Path.of("/proc/self/maps"));
        } catch (java.io.IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }

    @Test
    void what_cannot_be_mapped_says_why() throws Exception {
        try (Descriptor file = linux.open(file("text"), Access.READ);
                Descriptor event = linux.eventFd("an event")) {
            refused(Errno.EINVAL, () -> linux.map(file, 1, 4096, Access.READ));
            refused(Errno.EACCES, () -> linux.map(file, 0, 4096, Access.READ_WRITE));
            assertEquals(
                    "mmap",
                    refused(Errno.ENODEV, () -> linux.map(event, 0, 4096, Access.READ))
                            .operation());
        }
    }

    @Test
    void attributes_are_written_as_they_are_and_never_made() throws Exception {
        String path = file("0123456789");
        linux.writeText(path, "1\n");
        assertEquals("1\n23456789", linux.readText(path), "neither truncated nor appended to");
        refused(Errno.ENOENT, () -> linux.writeText(directory + "/new", "1"));
        assertFalse(Files.exists(directory.resolve("new")));
        refused(Errno.EINVAL, () -> linux.writeText("/proc/self/oom_score_adj", "no number"));
    }

    @Test
    void no_text_is_longer_than_64_kibibytes() throws Exception {
        String text = "ä".repeat(40_000);
        assertEquals(text.substring(0, 32_768), linux.readText(file(text)));
        assertEquals("", linux.readText(file("")));
    }

    @Test
    void adopting_a_descriptor_makes_it_ours_and_close_on_exec() throws Exception {
        try (Descriptor file = linux.open(file("text"), Access.READ)) {
            int copy = LibC.fcntl(file.acquire(), F_DUPFD, 0);
            file.release();
            assertFalse(closesOnExec(copy));
            Descriptor adopted = linux.adopt(copy, "a copy");
            assertTrue(closesOnExec(copy));
            adopted.close();
            assertFalse(Files.exists(Path.of("/proc/self/fd/" + copy)));
        }
    }

    @Test
    void every_descriptor_closes_on_exec() throws Exception {
        Set<String> before = openNumbers();
        try (Descriptor file = linux.open(file("text"), Access.READ);
                Descriptor event = linux.eventFd("an event");
                Descriptor timer = linux.timerFd("a timer");
                Poller poller = linux.openPoller();
                Poller other = JnaLinux.withoutBridge().openPoller()) {
            Set<String> opened = openNumbers();
            opened.removeAll(before);
            assertEquals(5, opened.size(), () -> file + ", " + event + ", " + timer + ", " + poller + ", " + other);
            for (String number : opened) {
                assertTrue(closesOnExec(Integer.parseInt(number)), () -> "descriptor " + number);
            }
        }
        assertEquals(before, openNumbers(), "all closed");
    }

    @Test
    void every_descriptor_of_processes_and_sockets_closes_on_exec() throws Exception {
        Set<String> before = openNumbers();
        String path = directory + "/socket";
        try (Descriptor self = linux.openProcess((int) ProcessHandle.current().pid());
                Descriptor event = linux.eventFd("an event");
                Descriptor copy = linux.copyDescriptor(self, number(event), "a copy");
                Descriptor listener = linux.listen(path);
                Descriptor client = linux.connect(path, Duration.ZERO);
                Descriptor server = linux.accept(listener).orElseThrow()) {
            assertEquals(1, linux.send(server, new byte[1], List.of(event)));
            try (Received received = linux.receive(client, 1, 1, Duration.ofSeconds(20))) {
                assertEquals(1, received.descriptorCount());
                Set<String> opened = openNumbers();
                opened.removeAll(before);
                assertEquals(7, opened.size(), () -> copy + ", " + opened);
                for (String number : opened) {
                    assertTrue(closesOnExec(Integer.parseInt(number)), () -> "descriptor " + number);
                }
            }
        }
        assertEquals(before, openNumbers(), "all closed");
    }

    private static int number(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return number;
    }

    @Test
    void a_socket_is_its_owners_alone_from_the_first_moment() throws Exception {
        Path path = directory.resolve("socket");
        try (Descriptor listener = linux.listen(path.toString())) {
            assertEquals(
                    "rw-------",
                    java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                    listener::toString);
        }
    }

    @Test
    void descriptors_for_which_the_kernel_has_no_room_are_not_leaked() throws Exception {
        Set<String> before = openNumbers();
        String path = directory + "/socket";
        try (Descriptor event = linux.eventFd("an event");
                Descriptor listener = linux.listen(path);
                Descriptor client = linux.connect(path, Duration.ZERO);
                Descriptor server = linux.accept(listener).orElseThrow()) {
            int open = openNumbers().size();
            for (int room = 0; room < 4; room++) {
                linux.send(server, new byte[1], Collections.nCopies(5, event));
                Received received = linux.receive(client, 1, room, Duration.ofSeconds(20));
                assertEquals(open + room, openNumbers().size());
                assertTrue(received.incomplete());
                received.close();
                assertEquals(open, openNumbers().size());
            }
        }
        assertEquals(before, openNumbers());
    }

    @Test
    void a_socket_of_another_kind_is_refused() throws Exception {
        String path = directory + "/datagram";
        int number = LibC.socket(1, 2, 0);
        try (Descriptor datagram = new Descriptor(number, "datagram socket", LibC::close)) {
            UnixSockets.bind(datagram, path);
            refused(Errno.EPROTOTYPE, () -> linux.connect(path, Duration.ZERO));
        }
        assertThrows(IllegalArgumentException.class, () -> linux.connect("", Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> linux.listen("a\0b"));
    }

    /** Of what is opened here; the JVM itself opens jars and directories when it likes. */
    private Set<String> openNumbers() throws Exception {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(number ->
                            Stream.of("anon_inode:", "pidfd:", "socket:").anyMatch(target(number)::startsWith)
                                    || target(number).startsWith(directory.toString()))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static String target(String number) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + number)).toString();
        } catch (java.io.IOException gone) {
            return "/proc/gone";
        }
    }

    private static boolean closesOnExec(int number) throws Exception {
        return Files.readAllLines(Path.of("/proc/self/fdinfo/" + number)).stream()
                .filter(line -> line.startsWith("flags:"))
                .anyMatch(line ->
                        (Integer.parseInt(line.substring(6).trim(), 8) & io.vfio4j.linux.uapi.Files.O_CLOEXEC) != 0);
    }

    @Test
    void pages_are_pages_of_this_machine() {
        try (NativeMemory one = linux.allocatePages(1);
                NativeMemory other = linux.allocatePages(Calls.pageSize() + 1)) {
            assertEquals(0, one.acquire() % Calls.pageSize());
            assertEquals(0, other.acquire() % Calls.pageSize());
            assertNotEquals(0, Calls.pageSize());
            one.release();
            other.release();
        }
    }

    @Test
    void epoll_events_are_packed_on_x86_64_only() {
        assertEquals(List.of(12, 4), List.of(EpollAbi.X86_64.size(), EpollAbi.X86_64.data()));
        assertEquals(List.of(16, 8), List.of(EpollAbi.AARCH64.size(), EpollAbi.AARCH64.data()));
        assertEquals(EpollAbi.X86_64, EpollAbi.of("amd64").orElseThrow());
        assertEquals(EpollAbi.AARCH64, EpollAbi.of("aarch64").orElseThrow());
        assertTrue(EpollAbi.of("riscv64").isEmpty());
    }
}
