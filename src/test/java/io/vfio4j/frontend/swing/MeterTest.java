package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MeterTest {
    @Test
    void picturesAndTheirDelaysAreCountedFromReadingToReading() {
        Meter meter = new Meter(1_000);
        meter.painted(OptionalLong.of(10));
        meter.painted(OptionalLong.of(40));
        meter.painted(OptionalLong.empty());
        assertEquals(
                new Meter.Reading(500_000_000, 6, OptionalLong.of(25), OptionalLong.of(40)), meter.read(500_001_000));
        assertEquals(
                new Meter.Reading(500_000_000, 0, OptionalLong.empty(), OptionalLong.empty()),
                meter.read(1_000_001_000));
        assertEquals(Meter.Reading.NONE, meter.read(1_000_001_000));
    }
}
