package io.vfio4j.emulator.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.HostScheduler;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class PublishedTest {
    @Test
    void theExactPercentagesAreThoseOfTheNumbers() {
        assertEquals(List.of("9.7", "185.7", "72.2"), percentages(Published.TABLE.stream()));
        assertEquals(List.of("-7.7"), percentages(Stream.of(Published.FIRST_VERSION)));
        assertEquals(
                List.of("154.8", "179.7"), percentages(Stream.of(Published.DESKTOP, Published.DESKTOP_WITH_PV_YIELD)));
        assertEquals(List.of("6.5", "70.0", "74.2"), percentages(Published.QUEUE_HEAD.stream()));
    }

    private static List<String> percentages(Stream<Published> rows) {
        return rows.map(row -> String.format(java.util.Locale.ROOT, "%.1f", row.percent()))
                .toList();
    }

    /** 185.7 was printed as 180; all others are rounded. */
    @Test
    void thePrintedPercentagesAreNearTheExactOnes() {
        Stream.of(
                        Published.TABLE.stream(),
                        Published.QUEUE_HEAD.stream(),
                        Stream.of(Published.FIRST_VERSION, Published.DESKTOP, Published.DESKTOP_WITH_PV_YIELD))
                .flatMap(rows -> rows)
                .forEach(row -> assertEquals(row.percent(), row.printedPercent().orElseThrow(), 6, row.toString()));
    }

    @Test
    void aCellIsFoundByGuestsPolicyAndLock() {
        SpinLock early = SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED;
        SpinLock fixed = SpinLock.PV_QUEUED_EARLY_IF_HALTED;
        assertEquals(Optional.of(new Published.Range(1800, 1800)), Published.of(3, Boost.PREEMPTED, early));
        assertEquals(Optional.of(new Published.Range(3100, 3100)), Published.of(3, Boost.READY, early));
        assertEquals(Optional.of(new Published.Range(13000, 14000)), Published.of(3, Boost.PREEMPTED, fixed));
        assertEquals(Optional.empty(), Published.of(3, Boost.READY, fixed));
        assertEquals(Optional.empty(), Published.of(2, Boost.PREEMPTED, fixed));
        assertEquals(Optional.empty(), Published.of(3, Boost.ORACLE, early));
        assertEquals(Optional.empty(), Published.of(4, Boost.READY, early));
        assertEquals(Optional.empty(), Published.of(3, Boost.READY, SpinLock.TICKET));
    }

    @Test
    void everyNumberNamesItsSource() {
        Stream.of(
                        Published.TABLE.stream(),
                        Published.QUEUE_HEAD.stream(),
                        Stream.of(
                                Published.FIRST_VERSION,
                                Published.DESKTOP,
                                Published.DESKTOP_WITH_PV_YIELD,
                                Published.GUEST_FIX_WITHOUT_BOOSTS,
                                Published.GUEST_FIX_WITH_BOOSTS))
                .flatMap(rows -> rows)
                .forEach(row -> assertTrue(row.source().length() > 10, row.toString()));
    }

    @Test
    void theBoundWithoutYieldsIsTheClosedForm() {
        assertEquals(2500, Bounds.withoutYield(host(250), 2).orElseThrow(), 1e-6);
        assertEquals(2222.2, Bounds.withoutYield(host(250), 3).orElseThrow(), 0.1);
        assertEquals(3076.9, Bounds.withoutYield(host(1000), 2).orElseThrow(), 0.1);
        assertEquals(2963.0, Bounds.withoutYield(host(1000), 3).orElseThrow(), 0.1);
    }

    /** The fourth guest's slice is 6 ms; from the ninth on it is the minimum granularity. */
    @Test
    void theSliceIsNeverBelowTheMinimumGranularity() {
        assertEquals(80 / (4 * 0.008), Bounds.withoutYield(host(250), 4).orElseThrow(), 1e-6);
        assertEquals(80 / (16 * 0.004), Bounds.withoutYield(host(1000), 16).orElseThrow(), 1e-6);
    }

    @Test
    void thereIsNoBoundWithoutYieldsForOneGuestOrAnotherScheduler() {
        assertEquals(OptionalDouble.empty(), Bounds.withoutYield(host(250), 1));
        HostModel eevdf = new HostModel(80, 250, HostScheduler.EEVDF, 24_000_000, 3_000_000, 4_000_000, 3_000_000);
        assertEquals(OptionalDouble.empty(), Bounds.withoutYield(eevdf, 2));
        Assertions.assertThrows(IllegalArgumentException.class, () -> Bounds.withoutYield(host(250), 0));
    }

    @Test
    void aFairShareIsThePartOfOneGuest() {
        assertEquals(21443 / 3.0, Bounds.fairShare(21443, 3));
        Assertions.assertThrows(IllegalArgumentException.class, () -> Bounds.fairShare(21443, 0));
    }

    private static HostModel host(int hertz) {
        return new HostModel(80, hertz, HostScheduler.CFS, 24_000_000, 3_000_000, 4_000_000, 3_000_000);
    }
}
