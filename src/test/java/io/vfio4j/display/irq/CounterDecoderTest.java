package io.vfio4j.display.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class CounterDecoderTest {
    private final CounterDecoder series = CounterDecoder.ofValues(EventValues.SERIES);

    @Test
    void onePrimaryEventNamesTheCursorTooBecauseOfTheCarry() {
        series.decode(0x0100000000000000L);
        assertEquals(1, series.primary());
        assertEquals(0, series.cursor());
        assertEquals(1, series.signals());
        assertTrue(series.primaryChanged());
        assertTrue(series.cursorChanged());
    }

    @Test
    void oneCursorEventLeavesThePrimaryAlone() {
        series.decode(0x0001000000000000L);
        assertEquals(0, series.primary());
        assertEquals(1, series.cursor());
        assertFalse(series.primaryChanged());
        assertTrue(series.cursorChanged());
    }

    @Test
    void undrainedEventsAddUp() {
        series.decode(0x0301000000000000L);
        assertEquals(3, series.primary());
        assertEquals(1, series.cursor());
        assertEquals(4, series.signals());
    }

    @Test
    void from128PrimaryEventsOnTheCounterIsNegativeAsAJavaLong() {
        series.decode(0x8000000000000000L);
        assertEquals(128, series.primary());
        assertEquals(0, series.cursor());
        assertFalse(series.saturated());
    }

    @Test
    void aCounterAtItsMaximumCountsNothingAndChangesEverything() {
        series.decode(-1L);
        assertTrue(series.saturated());
        assertFalse(series.signalsCounted());
        assertFalse(series.planesCounted());
        assertTrue(series.primaryChanged());
        assertTrue(series.cursorChanged());
    }

    @Test
    void aForeignValueChangesEverything() {
        series.decode(1);
        assertFalse(series.signalsCounted());
        assertTrue(series.primaryChanged());
        assertTrue(series.cursorChanged());
        assertFalse(series.saturated());
        series.decode(0x0100000000000001L);
        assertFalse(series.planesCounted());
    }

    @Test
    void aPortThatLostTheValuesIsCountedByOnes() {
        CounterDecoder port = CounterDecoder.ofValuesOrOnes(EventValues.SERIES);
        port.decode(7);
        assertEquals(7, port.signals());
        assertTrue(port.signalsCounted());
        assertFalse(port.planesCounted());
        assertTrue(port.primaryChanged());
        assertTrue(port.cursorChanged());
        port.decode(0x0201000000000000L);
        assertEquals(2, port.primary());
        assertEquals(1, port.cursor());
    }

    @Test
    void valuesThatCannotBeToldApartAreCountedByOnes() {
        for (EventValues values : new EventValues[] {
            new EventValues(0, 1), new EventValues(1, 0), new EventValues(5, 5), new EventValues(0, 0)
        }) {
            CounterDecoder decoder = CounterDecoder.ofValues(values);
            decoder.decode(9);
            assertEquals(9, decoder.signals());
            assertFalse(decoder.planesCounted());
            assertTrue(decoder.primaryChanged());
            assertTrue(decoder.cursorChanged());
        }
    }

    @Test
    void v2HasACounterForEachPlane() {
        CounterDecoder primary = CounterDecoder.ofPrimary();
        primary.decode(4);
        assertEquals(4, primary.primary());
        assertEquals(0, primary.cursor());
        assertFalse(primary.cursorChanged());
        CounterDecoder cursor = CounterDecoder.ofCursor();
        cursor.decode(6);
        assertEquals(6, cursor.cursor());
        assertFalse(cursor.primaryChanged());
    }

    @Test
    void theLargerValueMayBeTheCursors() {
        CounterDecoder decoder = CounterDecoder.ofValues(new EventValues(1, 1000));
        decoder.decode(3005);
        assertEquals(5, decoder.primary());
        assertEquals(3, decoder.cursor());
    }

    @Test
    void anyTwoValuesAndCountsThatDoNotCarryComeBack(TestReporter reporter) {
        long seed = new Random().nextLong();
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);
        for (int i = 0; i < 100_000; i++) {
            long low = 1 + (random.nextLong() >>> (33 + random.nextInt(30)));
            long high = low * (1 + random.nextInt(1 << 20)) + random.nextInt(3) * low;
            if (high == low) {
                continue;
            }
            long lows = random.nextLong(high / low);
            if (high % low != 0 && lows * low >= high) {
                continue;
            }
            long most = Long.divideUnsigned(-2L - lows * low, high);
            long highs =
                    Long.remainderUnsigned(random.nextLong(), Math.min(most < 0 ? Long.MAX_VALUE : most, 1 << 20) + 1);
            long counter = highs * high + lows * low;
            if (counter == 0) {
                continue;
            }
            CounterDecoder decoder = CounterDecoder.ofValues(new EventValues(high, low));
            decoder.decode(counter);
            BigInteger sum = unsigned(high)
                    .multiply(unsigned(decoder.primary()))
                    .add(unsigned(low).multiply(unsigned(decoder.cursor())));
            assertEquals(unsigned(counter), sum, () -> "seed " + seed);
            assertEquals(highs, decoder.primary(), () -> "seed " + seed);
            assertEquals(lows, decoder.cursor(), () -> "seed " + seed);
        }
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}
