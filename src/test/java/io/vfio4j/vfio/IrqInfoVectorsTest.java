package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.display.irq.EventValues;
import io.vfio4j.display.irq.IrqDialect;
import io.vfio4j.linux.MalformedReplyException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads what the vectors say that kernels write. */
class IrqInfoVectorsTest {
    private static final Vectors VECTORS = Vectors.load();

    private static IrqInfo parse(int index, byte[] reply) throws MalformedReplyException {
        return VfioDevice.parseIrqInfo(index, reply, "vgpu");
    }

    private static byte[] reply(String dialect, String call) {
        return Arrays.copyOf(VECTORS.bytes(dialect, call), 64);
    }

    private static IrqInfo fifth(String dialect) throws MalformedReplyException {
        return parse(5, reply(dialect, "get index 5 argsz 64"));
    }

    @ParameterizedTest
    @CsvSource({
        "v3, V3",
        "v4, V4",
        "v5, V5",
        "v6, V6",
        "page-flip, PAGE_FLIP",
        "port, PORT",
        "port-display, PORT_DISPLAY"
    })
    void eachDialectIsTold(String vector, IrqDialect dialect) throws Exception {
        DisplayIrqInfo found = DisplayIrqInfo.detect(List.of(fifth(vector))).orElseThrow();
        assertEquals(dialect, found.dialect());
        assertTrue(found.maskable());
        assertEquals(1, found.counters().size());
        assertEquals(5, found.counters().get(0).index());
    }

    @Test
    void v2HasTwoIrqsAndCannotBeMasked() throws Exception {
        DisplayIrqInfo found = DisplayIrqInfo.detect(
                        List.of(fifth("v2"), parse(6, reply("v2", "get index 6 argsz 64"))))
                .orElseThrow();
        assertEquals(IrqDialect.V2, found.dialect());
        assertEquals(
                List.of(5, 6),
                found.counters().stream().map(DisplayIrqInfo.Counter::index).toList());
        assertEquals(false, found.maskable());
    }

    @Test
    void countStandsWhereTheLayoutHasIt() throws Exception {
        for (String dialect : List.of("v2", "v3", "v4", "v5", "v6", "page-flip", "port", "port-display")) {
            assertEquals(1, fifth(dialect).count(), dialect);
        }
        // Without capabilities v2 and v3 still have count at 16, behind a cap_offset of 0.
        byte[] msi = new byte[64];
        msi[0] = 64;
        msi[4] = 9;
        msi[8] = 1;
        msi[16] = 1;
        assertEquals(1, parse(1, msi).count());
    }

    @Test
    void valuesComeFromTheCapabilityOrAreBuiltIn() throws Exception {
        for (String dialect : List.of("v4", "v5", "v6", "port-display")) {
            assertEquals(
                    Optional.of(EventValues.SERIES),
                    DisplayIrqInfo.detect(List.of(fifth(dialect))).orElseThrow().values(),
                    dialect);
        }
        for (String dialect : List.of("v3", "page-flip", "port")) {
            assertEquals(
                    Optional.empty(),
                    DisplayIrqInfo.detect(List.of(fifth(dialect))).orElseThrow().values(),
                    dialect);
        }
    }

    @Test
    void aDisplayCapabilityOfAnotherVersionOrTooShortIsNotTrusted() throws Exception {
        byte[] otherVersion = reply("v6", "get index 5 argsz 64");
        otherVersion[38] = 2;
        assertEquals(
                Optional.empty(),
                DisplayIrqInfo.detect(List.of(parse(5, otherVersion)))
                        .orElseThrow()
                        .values());
        byte[] tooShort = Arrays.copyOf(reply("v6", "get index 5 argsz 64"), 56);
        assertEquals(
                Optional.empty(),
                DisplayIrqInfo.detect(List.of(parse(5, tooShort))).orElseThrow().values());
    }

    @Test
    void mainlineHasNone() throws Exception {
        assertEquals(Optional.empty(), DisplayIrqInfo.detect(List.of()));
    }

    @Test
    void anotherSeriesTypeIsNotTheDisplayIrq() throws Exception {
        byte[] other = reply("v6", "get index 5 argsz 64");
        other[28] = 2;
        assertEquals(Optional.empty(), DisplayIrqInfo.detect(List.of(parse(5, other))));
    }

    @Test
    void aCapabilityOffsetBeyondTheReplyIsMalformed() {
        byte[] reply = reply("v5", "get index 5 argsz 64");
        reply[17] = 0x10;
        assertThrows(MalformedReplyException.class, () -> parse(5, reply));
    }
}
