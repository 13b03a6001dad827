package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.RefreshPolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationTextTest {
    @ParameterizedTest
    @CsvSource({
        "500ms, PT0.5S",
        "5s, PT5S",
        "2m, PT2M",
        "1h, PT1H",
        "250us, PT0.00025S",
        "40ns, PT0.00000004S",
        "1.5s, PT1.5S",
        "0s, PT0S"
    })
    void aDurationIsANumberWithAUnit(String text, Duration expected) {
        assertEquals(expected, DurationText.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "5",
                "s",
                "-5s",
                "5 s",
                "5S",
                "PT5S",
                "1e3s",
                "5s5",
                "99999999999h",
                "9999999999999999999999999s"
            })
    void nothingElseIs(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> DurationText.parse(text))
                .getMessage();
        assertTrue(message.contains("'" + text + "'"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "irq", "timer", "timer=8ms", "timer=1s", "timer=1500us"})
    void aPolicyIsPrintedAsItWasWritten(String text) {
        assertEquals(text, PolicyText.format(PolicyText.parse(text)));
    }

    @Test
    void theTimersPeriodIsADuration() {
        assertEquals(RefreshPolicy.timer(Duration.ofMillis(8)), PolicyText.parse("timer=8ms"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "AUTO", "poll", "timer=", "timer=8", "timer=1us", "timer=2h"})
    void nothingElseIsAPolicy(String text) {
        assertThrows(IllegalArgumentException.class, () -> PolicyText.parse(text));
    }
}
