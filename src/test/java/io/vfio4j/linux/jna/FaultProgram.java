package io.vfio4j.linux.jna;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Reads memory that goes away, in every way that there is, first cold and then so warm that every compiler of the JVM has had its turn. A
 * program of its own, because what is wrong here ends the process.
 */
public final class FaultProgram {
    private static final int SIZE = 1 << 14;

    private final JnaLinux linux = JnaLinux.open();
    private final ByteBuffer direct = ByteBuffer.allocateDirect(SIZE);
    private final ByteBuffer heap = ByteBuffer.allocate(SIZE);
    private final byte[] array = new byte[SIZE];
    private final int[] ints = new int[SIZE / Integer.BYTES];
    private long sink;

    private FaultProgram() {}

    /**
     * Does it.
     *
     * @param arguments a directory for files, and how often to read before the memory goes away
     * @throws IOException when something is wrong, as does any other exception
     */
    public static void main(String[] arguments) throws IOException {
        FaultProgram program = new FaultProgram();
        for (Map.Entry<String, Consumer<ByteBuffer>> way : program.ways().entrySet()) {
            Path file = Path.of(arguments[0], way.getKey());
            program.fault(file, Integer.parseInt(arguments[1]), mapping -> mapping.read(way.getValue()));
        }
        Path file = Path.of(arguments[0], "copy");
        program.fault(file, Integer.parseInt(arguments[1]), mapping -> mapping.copyTo(0, program.direct, 0, SIZE));
    }

    private Map<String, Consumer<ByteBuffer>> ways() {
        Map<String, Consumer<ByteBuffer>> ways = new LinkedHashMap<>();
        ways.put("direct", bytes -> direct.put(0, bytes, 0, SIZE));
        ways.put("heap", bytes -> heap.put(0, bytes, 0, SIZE));
        ways.put("array", bytes -> bytes.get(0, array));
        ways.put("ints", bytes -> bytes.asIntBuffer().get(0, ints));
        ways.put(
                "swapped",
                bytes -> bytes.order(ByteOrder.BIG_ENDIAN).asIntBuffer().get(0, ints));
        ways.put("bytes", bytes -> {
            for (int i = 0; i < SIZE; i++) {
                sink += bytes.get(i);
            }
        });
        ways.put("longs", bytes -> {
            for (int i = 0; i < SIZE; i += Long.BYTES) {
                sink += bytes.getLong(i);
            }
        });
        ways.put("intsOneByOne", bytes -> {
            for (int i = 0; i < ints.length; i++) {
                ints[i] = bytes.getInt(i * Integer.BYTES);
            }
        });
        return ways;
    }

    private void fault(Path path, int warm, Read read) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE);
            try (Descriptor descriptor = linux.open(path.toString(), Access.READ_WRITE);
                    Mapping mapping = linux.map(descriptor, 0, SIZE, Access.READ)) {
                for (int round = 0; round < 3; round++) {
                    for (int i = 0; i < warm * round; i++) {
                        read.from(mapping);
                    }
                    // All of it, half of it, the last page.
                    for (int left : new int[] {0, SIZE / 2, SIZE - 4096}) {
                        file.setLength(left);
                        requireFault(mapping, path + ", round " + round + ", " + left + " bytes", read);
                        file.setLength(SIZE);
                        read.from(mapping);
                    }
                }
            }
        }
    }

    private static void requireFault(Mapping mapping, String what, Read read) {
        try {
            read.from(mapping);
        } catch (LinuxException gone) {
            if (gone.errno() != Errno.EFAULT) {
                throw new AssertionError(what, gone);
            }
            return;
        }
        throw new AssertionError(what + ": no error");
    }

    /** A way to read a mapping. */
    private interface Read {
        void from(Mapping mapping) throws LinuxException;
    }
}
