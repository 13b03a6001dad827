package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Native;
import com.sun.management.ThreadMXBean;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.uapi.Errno;
import java.io.File;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Memory that is taken away from under a mapping: here a file that is truncated, elsewhere a device that is gone. The kernel sends
 * SIGBUS, by default the end of the process.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MappingFaultTest {
    private static final int SIZE = 1 << 20;
    /** More than enough to have a loop compiled by every compiler of the JVM. */
    private static final int WARM = 200;

    private static final AtomicLong SINK = new AtomicLong();

    @TempDir
    Path directory;

    private JnaLinux linux;

    @BeforeEach
    void open() {
        assumeTrue(JnaLinux.isAvailable(), "no JNA here");
        linux = JnaLinux.open();
    }

    static Stream<Arguments> readers() {
        ByteBuffer direct = ByteBuffer.allocateDirect(SIZE);
        ByteBuffer heap = ByteBuffer.allocate(SIZE);
        byte[] array = new byte[SIZE];
        int[] ints = new int[SIZE / Integer.BYTES];
        return Stream.of(
                reader("a bulk copy into a direct buffer", bytes -> direct.put(0, bytes, 0, SIZE)),
                reader("a bulk copy into a heap buffer", bytes -> heap.put(0, bytes, 0, SIZE)),
                reader("a bulk copy into an array", bytes -> bytes.get(0, array)),
                reader("a bulk copy of ints", bytes -> bytes.asIntBuffer().get(0, ints)),
                reader("a loop over the bytes", bytes -> {
                    long sum = 0;
                    for (int i = 0; i < SIZE; i += Long.BYTES) {
                        sum += bytes.getLong(i);
                    }
                    SINK.addAndGet(sum);
                }));
    }

    static Stream<Arguments> compilers() {
        // How often to read before it matters: for each of them more than it takes to compile a method.
        return Stream.of(
                Arguments.of("-Xint", 2),
                Arguments.of("-XX:TieredStopAtLevel=1", 2_000),
                Arguments.of("-XX:-TieredCompilation", 6_000),
                Arguments.of("-XX:+TieredCompilation", 6_000));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("compilers")
    void each_compiler_of_the_jvm_lets_the_process_live(String option, int warm) throws Exception {
        Path output = directory.resolve("output");
        String classPath = Stream.of(JnaLinux.class, FaultProgram.class, Native.class)
                .map(type -> Path.of(URI.create(type.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toString()))
                        .toString())
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        int exit = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        option,
                        "-XX:-UsePerfData",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=" + directory.resolve("error"),
                        "-cp",
                        classPath,
                        FaultProgram.class.getName(),
                        directory.toString(),
                        Integer.toString(warm))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        assertEquals(0, exit, Files.readString(output));
    }

    private static Arguments reader(String name, Consumer<ByteBuffer> reader) {
        return Arguments.of(name, reader);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("readers")
    void memory_that_is_gone_is_an_error_and_not_the_end_of_the_process(String name, Consumer<ByteBuffer> reader)
            throws Exception {
        for (int warm : new int[] {0, WARM}) {
            Path path = directory.resolve("file" + warm);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(SIZE);
                try (Descriptor descriptor = linux.open(path.toString(), Access.READ_WRITE);
                        Mapping mapping = linux.map(descriptor, 0, SIZE, Access.READ)) {
                    for (int i = 0; i < warm; i++) {
                        mapping.read(reader);
                    }
                    file.setLength(SIZE / 2);
                    LinuxException gone = assertThrows(LinuxException.class, () -> mapping.read(reader));
                    assertEquals(Errno.EFAULT, gone.errno(), gone.getMessage());
                    file.setLength(SIZE);
                    mapping.read(reader);
                }
            }
        }
    }

    @Test
    void a_copy_of_memory_that_is_gone_is_an_error_too_and_allocates_nothing_where_it_is_there() throws Exception {
        Path path = directory.resolve("copied");
        ByteBuffer target = ByteBuffer.allocateDirect(SIZE);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE);
            file.writeInt(0x0102_0304);
            try (Descriptor descriptor = linux.open(path.toString(), Access.READ_WRITE);
                    Mapping mapping = linux.map(descriptor, 0, SIZE, Access.READ)) {
                for (int i = 0; i < 20 * WARM; i++) {
                    mapping.copyTo(0, target, 0, SIZE);
                }
                assertEquals(0x0102_0304, target.getInt(0));
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < WARM; i++) {
                    mapping.copyTo(0, target, 0, SIZE);
                }
                assertTrue(threads.getCurrentThreadAllocatedBytes() - before < WARM, "allocates");
                for (int size : new int[] {SIZE / 2, 0}) {
                    file.setLength(size);
                    for (int length : new int[] {SIZE, SIZE - 5, 1}) {
                        LinuxException gone = assertThrows(
                                LinuxException.class,
                                () -> mapping.copyTo(SIZE - length, target, 0, length),
                                size + " bytes, " + length + " copied");
                        assertEquals(Errno.EFAULT, gone.errno(), gone.getMessage());
                    }
                }
            }
        }
    }

    @Test
    void a_file_says_how_big_it_is() throws Exception {
        Path path = directory.resolve("file");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(5L << 32);
            try (Descriptor descriptor = linux.open(path.toString(), Access.READ)) {
                assertEquals(5L << 32, linux.size(descriptor));
            }
        }
    }
}
