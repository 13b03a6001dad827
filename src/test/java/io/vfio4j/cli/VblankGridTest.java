package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The grid of vblanks under refreshes of which some are late. */
class VblankGridTest {
    private static final double SIXTY = 1e9 / 60;
    private static final long ORIGIN = 5_000_000_000_123L;

    private static long[] refreshes(int count, double period, IntToLongFunction late) {
        return IntStream.range(0, count)
                .mapToLong(i -> ORIGIN + Math.round(i * period) + late.applyAsLong(i))
                .sorted()
                .toArray();
    }

    private static VblankGrid fit(long[] times, OptionalDouble known) {
        return VblankGrid.fit(times, known, 0).orElseThrow();
    }

    /** How far the grid is from a vblank at the beginning and at the end. */
    private static void assertOnGrid(VblankGrid grid, int count, double period, double tolerance) {
        for (int i : new int[] {0, count / 2, count - 1}) {
            double off = (ORIGIN + i * period - grid.phaseNanos()) / grid.periodNanos();
            assertEquals(0, (off - Math.rint(off)) * grid.periodNanos(), tolerance, "vblank " + i + " of " + grid);
        }
    }

    @Test
    void theRateNeedNotBeKnown() {
        VblankGrid grid = fit(refreshes(300, SIXTY, i -> 0), OptionalDouble.empty());
        assertEquals(SIXTY, grid.periodNanos(), 1);
        assertOnGrid(grid, 300, SIXTY, 10);
        assertEquals(0, grid.every());
    }

    @Test
    void aRateThatIsALittleOffIsPutRight() {
        VblankGrid grid = fit(refreshes(1000, SIXTY * 1.001, i -> 0), OptionalDouble.of(SIXTY));
        assertEquals(SIXTY * 1.001, grid.periodNanos(), 1);
        assertEquals(1, grid.every());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void lateRefreshesDoNotMoveIt(long seed) {
        Random random = new Random(seed);
        // Six of ten are late by up to nine tenths of a period, and on all there is noise of a timer.
        long[] times = refreshes(
                600,
                SIXTY,
                i -> (random.nextInt(10) < 6 ? (long) (random.nextDouble() * 0.9 * SIXTY) : 0)
                        + random.nextInt(200_000));
        for (OptionalDouble known :
                List.of(OptionalDouble.of(SIXTY), OptionalDouble.of(SIXTY * 1.004), OptionalDouble.empty())) {
            VblankGrid grid = fit(times, known);
            assertEquals(SIXTY, grid.periodNanos(), 2_000, "seed " + seed + ", " + known);
            assertOnGrid(grid, 600, SIXTY, 800_000);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void aDisplayWhoseVblanksAreNotThoseOfItsMonitorIsSeenToBeOne(long seed) {
        Random random = new Random(seed);
        double classic = 16_000_000;
        long[] times = refreshes(
                400,
                classic,
                i -> (random.nextInt(10) < 4 ? (long) (random.nextDouble() * 0.9 * classic) : 0)
                        + random.nextInt(200_000));
        VblankGrid grid = fit(times, OptionalDouble.of(SIXTY));
        assertEquals(classic, grid.periodNanos(), 2_000, "seed " + seed);
        assertOnGrid(grid, 400, classic, 800_000);
        assertEquals(0, grid.every());
    }

    @Test
    void whatATimerSeesLaterThanItHappenedDoesNotMoveIt() {
        Random random = new Random(10);
        long resolution = 4_000_000;
        long[] times = refreshes(
                600,
                SIXTY,
                i -> (random.nextInt(10) < 3 ? (long) (random.nextDouble() * 0.7 * SIXTY) : 0)
                        + (long) (random.nextDouble() * resolution));
        VblankGrid grid =
                VblankGrid.fit(times, OptionalDouble.of(SIXTY), resolution).orElseThrow();
        assertEquals(SIXTY, grid.periodNanos(), 5_000);
        assertOnGrid(grid, 600, SIXTY, 1_500_000);
    }

    @Test
    void missingRefreshesDoNotMoveIt() {
        Random random = new Random(9);
        List<Long> kept = new ArrayList<>();
        for (long time : refreshes(900, SIXTY, i -> 0)) {
            if (random.nextInt(10) < 5) {
                kept.add(time);
            }
        }
        long[] times = kept.stream().mapToLong(Long::longValue).toArray();
        for (OptionalDouble known : List.of(OptionalDouble.of(SIXTY), OptionalDouble.empty())) {
            VblankGrid grid = fit(times, known);
            assertEquals(SIXTY, grid.periodNanos(), 10);
            assertOnGrid(grid, 900, SIXTY, 100);
        }
    }

    @Test
    void aGuestThatDrawsForEverySecondVblankIsNotLate() {
        VblankGrid grid = fit(refreshes(200, 2 * SIXTY, i -> 0), OptionalDouble.of(SIXTY));
        assertEquals(2, grid.every());
        assertEquals(2 * SIXTY, grid.periodNanos(), 1);
        // One that misses every second vblank half of the time draws for all.
        grid = fit(refreshes(200, SIXTY, i -> i % 4 == 3 ? (long) SIXTY : 0), OptionalDouble.of(SIXTY));
        assertEquals(1, grid.every());
    }

    @Test
    void aLongPauseDoesNotMoveIt() {
        long[] times = IntStream.range(0, 400)
                .mapToLong(i -> ORIGIN + Math.round((i < 200 ? i : i + 600) * SIXTY))
                .toArray();
        assertOnGrid(fit(times, OptionalDouble.of(SIXTY)), 1000, SIXTY, 1000);
    }

    @Test
    void tooFewOrSenselessRefreshesMakeNone() {
        assertEquals(Optional.empty(), VblankGrid.fit(new long[0], OptionalDouble.empty(), 0));
        assertEquals(Optional.empty(), VblankGrid.fit(refreshes(15, SIXTY, i -> 0), OptionalDouble.of(SIXTY), 0));
        assertEquals(Optional.empty(), VblankGrid.fit(new long[40], OptionalDouble.empty(), 0));
        assertEquals(Optional.empty(), VblankGrid.fit(refreshes(40, 100, i -> 0), OptionalDouble.empty(), 0));
        for (double absurd : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY, 1, 1e18}) {
            assertEquals(
                    Optional.empty(),
                    VblankGrid.fit(refreshes(40, SIXTY, i -> 0), OptionalDouble.of(absurd), 0),
                    "" + absurd);
        }
    }

    @Test
    void refreshesWithoutACommonDistanceMakeNone() {
        Random random = new Random(11);
        long[] times = random.longs(300, 0, 30_000_000_000L).sorted().toArray();
        assertEquals(Optional.empty(), VblankGrid.fit(times, OptionalDouble.empty(), 0));
    }

    @Test
    void aRefreshBelongsToTheVblankBeforeIt() {
        VblankGrid grid = new VblankGrid(1000, 50, 100, 1);
        assertEquals(0, grid.index(50));
        assertEquals(0, grid.index(980));
        // Noise: hardly before a vblank.
        assertEquals(1, grid.index(1040));
        assertEquals(1, grid.index(1050));
        assertEquals(-1, grid.index(-100));
        assertEquals(2050, grid.at(2));
        assertTrue(grid.at(-1) < 0);
    }
}
