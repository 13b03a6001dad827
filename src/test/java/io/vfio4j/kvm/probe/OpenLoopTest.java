package io.vfio4j.kvm.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpenLoopTest {
    private static final long SLICE = 4_000_000;

    private static List<Long> gaps(long seed, int hogs, int count) {
        OpenLoop loop = new OpenLoop(seed, new WaitingLaw(hogs, SLICE));
        return IntStream.range(0, count).mapToObj(i -> loop.nextGapNanos()).toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void aGapIsLongerThanTheLongestWaitAndCoversSeveralRotationsEvenly(int hogs) {
        long rotation = (hogs + 1) * SLICE;
        int count = 50_000;
        int[] inRotation = new int[4];
        int[] inPhase = new int[10];
        for (long gap : gaps(7, hogs, count)) {
            assertTrue(gap >= rotation && gap < 5 * rotation, "a gap of " + gap);
            inRotation[(int) (gap / rotation) - 1]++;
            inPhase[(int) (gap % rotation * inPhase.length / rotation)]++;
        }
        for (int part : inRotation) {
            assertEquals(count / 4.0, part, count * 0.01, "seed 7");
        }
        for (int part : inPhase) {
            assertEquals(count / 10.0, part, count * 0.01, "seed 7");
        }
        double expected = OpenLoop.expectedNanos(count, new WaitingLaw(hogs, SLICE));
        double sum = gaps(7, hogs, count).stream().mapToLong(Long::longValue).sum();
        assertEquals(1, sum / expected, 0.01, "seed 7");
    }

    @Test
    void theSeedSaysAll() {
        assertEquals(gaps(1, 2, 100), gaps(1, 2, 100));
        assertNotEquals(gaps(1, 2, 100), gaps(2, 2, 100));
    }
}
