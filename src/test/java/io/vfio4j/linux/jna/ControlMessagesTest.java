package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What a kernel may write into the room for control messages, and what it may not. */
class ControlMessagesTest {
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int SCM_CREDENTIALS = 2;

    /** A message of x86-64 and aarch64, padded to 8 bytes. */
    private static byte[] message(long length, int level, int type, int... data) {
        int size = (16 + 4 * data.length + 7) / 8 * 8;
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).putInt(level).putInt(type);
        IntStream.of(data).forEach(bytes::putInt);
        return bytes.array();
    }

    private static byte[] rights(int... numbers) {
        return message(16 + 4L * numbers.length, SOL_SOCKET, SCM_RIGHTS, numbers);
    }

    private static List<Integer> read(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(
                IntStream.range(0, parts.length).map(i -> parts[i].length).sum());
        for (byte[] part : parts) {
            all.put(part);
        }
        return ControlMessages.rights(all.array());
    }

    @Test
    void nothingIsNothing() {
        assertEquals(List.of(), read());
        assertEquals(List.of(), read(new byte[8]));
        assertEquals(List.of(), read(rights()));
    }

    @Test
    void everyDescriptorOfEveryMessageIsFound() {
        assertEquals(List.of(7), read(rights(7)));
        assertEquals(List.of(7, 8, 9), read(rights(7, 8, 9)));
        assertEquals(List.of(7, 8, 9), read(rights(7), rights(8, 9)));
    }

    @Test
    void otherMessagesArePassedOver() {
        assertEquals(List.of(7), read(message(28, SOL_SOCKET, SCM_CREDENTIALS, 1, 2, 3), rights(7)));
        assertEquals(List.of(7), read(message(20, 41, SCM_RIGHTS, 5), rights(7)));
    }

    @Test
    void lengthsThatLieAreNotFollowed() {
        assertEquals(List.of(7, 8), read(message(Long.MAX_VALUE, SOL_SOCKET, SCM_RIGHTS, 7, 8)));
        assertEquals(List.of(7, 8), read(message(1_000_000, SOL_SOCKET, SCM_RIGHTS, 7, 8)));
        for (long length : new long[] {0, 1, 15, -1, Long.MIN_VALUE}) {
            assertEquals(List.of(), read(message(length, SOL_SOCKET, SCM_RIGHTS, 7, 8), rights(9)));
        }
        assertEquals(List.of(7), read(message(23, SOL_SOCKET, SCM_RIGHTS, 7, 8)), "half a number is none");
    }

    @Test
    void aNumberBelowZeroIsNone() {
        assertEquals(List.of(7), read(rights(-1, 7, Integer.MIN_VALUE)));
    }

    @Test
    void randomBytesAreReadOrPassedOver(TestReporter reporter) {
        long seed = System.nanoTime();
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            if (bytes.length >= 16 && random.nextBoolean()) {
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(0, random.nextInt(100))
                        .putInt(8, SOL_SOCKET)
                        .putInt(12, SCM_RIGHTS);
            }
            List<Integer> numbers = ControlMessages.rights(bytes);
            assertTrue(numbers.size() <= bytes.length / 4 && numbers.stream().allMatch(number -> number >= 0));
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whatIsWrittenIsRead() {
        List<Integer> numbers = List.of(3, 1_000_000, 0);
        assertEquals(28, ControlMessages.length(numbers.size()));
        try (NativeMemory control = Allocations.allocate(28)) {
            ControlMessages.putRights(control, numbers);
            assertEquals(numbers, ControlMessages.rights(control.getBytes(0, 28)));
        }
    }
}
