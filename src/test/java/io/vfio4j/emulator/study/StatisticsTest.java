package io.vfio4j.emulator.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatisticsTest {
    @Test
    void anIntervalIsComputedAsByHand() {
        // Mean 5, squares of the deviations 9+1+1+1+0+0+4+16 = 32, s² = 32/7, s/√8 = 0.755929, t of 7 = 2.3646.
        Interval interval = Interval.of(2, 4, 4, 4, 5, 5, 7, 9);
        assertEquals(5, interval.mean(), 1e-12);
        assertEquals(1.787470, interval.halfWidth(), 1e-5);
        assertEquals(8, interval.samples());
        assertEquals(3.212530, interval.low(), 1e-5);
        assertEquals(6.787470, interval.high(), 1e-5);
    }

    @Test
    void oneRunTellsNothingOfTheSpread() {
        Interval interval = Interval.of(7);
        assertEquals(7, interval.mean());
        assertEquals(Double.POSITIVE_INFINITY, interval.halfWidth());
        assertFalse(Interval.of(1000).isAbove(interval));
        assertThrows(IllegalArgumentException.class, Interval::of);
    }

    @Test
    void intervalsAreApartOnlyWhenNothingOverlaps() {
        assertTrue(new Interval(10, 1, 20).isAbove(new Interval(8, 0.9, 20)));
        assertFalse(new Interval(10, 1, 20).isAbove(new Interval(8, 1, 20)));
        assertFalse(new Interval(8, 0.1, 20).isAbove(new Interval(10, 0.1, 20)));
    }

    /** The distribution's integral from 0 to the quantile, which has four decimals, is 0.475: by Simpson's rule, with the density from its definition. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 9, 10, 15, 19, 20, 25, 30, 31, 32, 49, 99, 500})
    void theQuantileCutsOffTwoAndAHalfPercent(int degreesOfFreedom) {
        double end = StudentT.twoSided95(degreesOfFreedom);
        int steps = 20_000;
        double width = end / steps;
        double sum = 0;
        for (int step = 0; step <= steps; step++) {
            int weight = step == 0 || step == steps ? 1 : step % 2 == 1 ? 4 : 2;
            sum += weight * Math.pow(1 + Math.pow(step * width, 2) / degreesOfFreedom, -(degreesOfFreedom + 1) / 2.0);
        }
        assertEquals(0.475, sum * width / 3 * factor(degreesOfFreedom), 3e-6);
    }

    /** Γ((v+1)/2) / (√(vπ) Γ(v/2)), by Γ(x+1) = xΓ(x). */
    private static double factor(int v) {
        double quotient = v % 2 == 1 ? 1 / Math.sqrt(Math.PI) : Math.sqrt(Math.PI) / 2;
        for (int each = v % 2 == 1 ? 1 : 2; each < v; each += 2) {
            quotient *= (each + 1) / (double) each;
        }
        return quotient / Math.sqrt(v * Math.PI);
    }

    @Test
    void thereIsNoQuantileWithoutDegreesOfFreedom() {
        assertThrows(IllegalArgumentException.class, () -> StudentT.twoSided95(0));
    }

    @Test
    void jainsIndexIsOneForEqualSharesAndOneOverNForOneTaker() {
        assertEquals(1, Fairness.jain(3, 3, 3), 1e-12);
        assertEquals(1.0 / 3, Fairness.jain(0, 5, 0), 1e-12);
        assertEquals(36.0 / 42, Fairness.jain(1, 2, 3), 1e-12);
        assertEquals(1, Fairness.jain(0, 0), 1e-12);
    }

    @Test
    void latenciesOfSeveralRunsArePutTogether() {
        Latencies low = new Latencies();
        Latencies high = new Latencies();
        for (int micros = 1; micros <= 50; micros++) {
            low.add(micros * 1000L);
            high.add((50 + micros) * 1000L);
        }
        Latencies all = Latencies.merged(List.of(high, low));
        assertEquals(100, all.count());
        assertEquals(50_000, all.percentile(50), 500);
        assertEquals(90_000, all.percentile(90), 900);
        assertEquals(100_000, all.max(), 1000);
        assertEquals(0, new Latencies().percentile(99));
        assertEquals(0, new Latencies().max());
    }

    @Test
    void theMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() {
        assertEquals(2, Desktop.median(new double[] {1, 2, 9}));
        assertEquals(3, Desktop.median(new double[] {1, 2, 4, 9}));
        assertEquals(5, Desktop.median(new double[] {5}));
    }
}
