package io.vfio4j.kvm.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WaitingLawTest {
    private static final long SLICE = 4_000_000;

    /** By hand from P(wait > x) = k/(k + 1) · (1 - x/(kS)), with S = 4 ms. */
    @ParameterizedTest
    @CsvSource({
        "1, 0.5,        0", "1, 0.9,  3200000", "1, 0.99,  3920000", "1, 1,  4000000",
        "2, 0.5,  2000000", "2, 0.9,  6800000", "2, 0.99,  7880000", "2, 1,  8000000",
        "3, 0.5,  4000000", "3, 0.9, 10400000", "3, 0.99, 11840000", "3, 1, 12000000",
        "3, 0.25,       0", "3, 0.2,        0", "0, 0.99,        0", "0, 1,         0"
    })
    void aQuantileIsWhatTheFormulaSays(int hogs, double probability, long nanos) {
        assertEquals(nanos, new WaitingLaw(hogs, SLICE).quantileNanos(probability));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64})
    void quantileAndProbabilityAreEachOthersInverse(int hogs) {
        WaitingLaw law = new WaitingLaw(hogs, SLICE);
        for (int percent = 1; percent <= 100; percent++) {
            double quantile = percent / 100.0;
            if (quantile > 1 / (hogs + 1.0)) {
                assertEquals(1 - quantile, law.probabilityOfLonger(law.quantileNanos(quantile)), 1e-6);
            }
        }
    }

    @Test
    void theWholeRotationIsTheLongestWait() {
        WaitingLaw law = new WaitingLaw(3, SLICE);
        assertEquals(3 * SLICE, law.longestNanos());
        assertEquals(1, law.probabilityOfLonger(-1));
        assertEquals(0.75, law.probabilityOfLonger(0));
        assertEquals(0.375, law.probabilityOfLonger(6_000_000));
        assertEquals(0, law.probabilityOfLonger(3 * SLICE));
        assertEquals(0, law.probabilityOfLonger(Long.MAX_VALUE));
        assertEquals(0, new WaitingLaw(0, SLICE).probabilityOfLonger(0));
    }

    /** A round robin played through: a vCPU and k hogs, S each, and an arrival at any moment of the rotation. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aRoundRobinKeepsIt(int hogs) {
        WaitingLaw law = new WaitingLaw(hogs, SLICE);
        SplittableRandom random = new SplittableRandom(42);
        long rotation = (hogs + 1) * SLICE;
        int arrivals = 200_000;
        int[] longer = new int[5];
        for (int i = 0; i < arrivals; i++) {
            long at = random.nextLong(rotation);
            // The vCPU has the first slice.
            long wait = at < SLICE ? 0 : rotation - at;
            for (int tenth = 0; tenth < longer.length; tenth++) {
                longer[tenth] += wait > tenth * law.longestNanos() / longer.length ? 1 : 0;
            }
        }
        for (int tenth = 0; tenth < longer.length; tenth++) {
            double expected = law.probabilityOfLonger(tenth * law.longestNanos() / longer.length);
            assertEquals(expected, (double) longer[tenth] / arrivals, 0.005, "part " + tenth + ", seed 42");
        }
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new WaitingLaw(-1, SLICE));
        assertThrows(IllegalArgumentException.class, () -> new WaitingLaw(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new WaitingLaw(1_000_001, SLICE));
        assertThrows(IllegalArgumentException.class, () -> new WaitingLaw(1, Long.MAX_VALUE));
        WaitingLaw law = new WaitingLaw(1, SLICE);
        for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> law.quantileNanos(wrong));
        }
    }
}
