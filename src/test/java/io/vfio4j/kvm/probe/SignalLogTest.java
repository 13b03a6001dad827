package io.vfio4j.kvm.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SignalLogTest {
    private static final LatencySetup SETUP = new LatencySetup(GuestWork.BUSY, 1, 100, 1, 0, 42);
    private static final LatencyResult.Counted NOTHING =
            new LatencyResult.Counted(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());

    private final SignalLog log = new SignalLog(100);

    private List<Integer> counts() {
        return List.of(log.signalled(), log.answered(), log.pending(), log.merged(), log.unasked());
    }

    @Test
    void aLatencyIsFromTheSignalToItsAnswer() {
        log.signal(100);
        log.answer(130);
        log.signal(200);
        log.answer(250);
        assertEquals(List.of(2, 2, 0, 0, 0), counts());
        assertEquals(30, log.latencyNanos(0));
        assertEquals(50, log.latencyNanos(1));
    }

    @Test
    void signalsThatMergeHaveOneAnswer() {
        log.signal(100);
        log.signal(200);
        log.signal(300);
        log.answer(310);
        assertEquals(List.of(3, 3, 2, 2, 0), counts());
        assertEquals(210, log.latencyNanos(0));
        assertEquals(10, log.latencyNanos(2));
    }

    @Test
    void anAnswerSeenBeforeASignalIsNotForIt() {
        log.signal(100);
        // The vCPU's thread saw the answer, and lost its processor before it could tell.
        log.signal(200);
        log.answer(150);
        assertEquals(List.of(2, 1, 1, 0, 0), counts());
        assertEquals(50, log.latencyNanos(0));
        log.answer(220);
        assertEquals(List.of(2, 2, 1, 0, 0), counts());
        assertEquals(20, log.latencyNanos(1));
    }

    @Test
    void anAnswerToNothingIsCountedAsSuch() {
        log.answer(50);
        log.signal(100);
        log.answer(110);
        log.answer(120);
        assertEquals(List.of(1, 1, 0, 0, 2), counts());
        assertEquals(10, log.latencyNanos(0));
    }

    @Test
    void theClockMayHaveNegativeTimes() {
        log.signal(Long.MAX_VALUE);
        log.answer(Long.MIN_VALUE + 9);
        assertEquals(10, log.latencyNanos(0));
        assertEquals(List.of(1, 1, 0, 0, 0), counts());
    }

    @Test
    void quantilesAreOfThoseThatWereAnswered() {
        for (int i = 1; i <= 100; i++) {
            log.signal(1000L * i);
            if (i < 100) {
                log.answer(1000L * i + 100 - i);
            }
        }
        LatencyResult result = new LatencyResult(SETUP, log, NOTHING, OptionalDouble.empty());
        assertEquals(100, result.signals());
        assertEquals(99, result.answered());
        assertEquals(OptionalLong.of(1), result.quantileNanos(0.001));
        assertEquals(OptionalLong.of(50), result.quantileNanos(0.5));
        assertEquals(OptionalLong.of(90), result.quantileNanos(0.9));
        assertEquals(OptionalLong.of(99), result.quantileNanos(1));
        assertEquals(OptionalLong.of(99), result.latencyNanos(0));
        assertEquals(OptionalLong.empty(), result.latencyNanos(99));
        assertEquals(100_000, result.writtenNanos(99));
        assertThrows(IndexOutOfBoundsException.class, () -> result.latencyNanos(100));
        assertThrows(IndexOutOfBoundsException.class, () -> result.writtenNanos(-1));
        assertThrows(IllegalArgumentException.class, () -> result.quantileNanos(0));
    }

    @Test
    void withoutAnAnswerThereIsNoQuantile() {
        log.signal(1);
        assertEquals(
                OptionalLong.empty(),
                new LatencyResult(SETUP, log, NOTHING, OptionalDouble.empty()).quantileNanos(0.5));
    }

    @Test
    void aSetupThatCannotBeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new LatencySetup(GuestWork.BUSY, -1, 1, 1, 0, 42));
        assertThrows(IllegalArgumentException.class, () -> new LatencySetup(GuestWork.BUSY, 65, 1, 1, 0, 42));
        assertThrows(IllegalArgumentException.class, () -> new LatencySetup(GuestWork.BUSY, 0, 0, 1, 0, 42));
        assertThrows(IllegalArgumentException.class, () -> new LatencySetup(GuestWork.BUSY, 0, 10_000_001, 1, 0, 42));
        assertThrows(IllegalArgumentException.class, () -> new LatencySetup(GuestWork.BUSY, 0, 1, 1, 1, 42));
    }
}
