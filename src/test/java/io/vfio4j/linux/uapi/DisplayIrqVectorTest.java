package io.vfio4j.linux.uapi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The display irq's constants against what the drivers of the series write, as no header has them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DisplayIrqVectorTest {
    private static final ByteBuffer V2_PRIMARY =
            bytes("40000000 19000000 05000000 14000000 01000000  03000100 00000000 01000000 01000000");
    private static final ByteBuffer V2_CURSOR =
            bytes("40000000 19000000 06000000 14000000 01000000  03000100 00000000 01000000 02000000");
    private static final ByteBuffer V5 = bytes("40000000 13000000 05000000 01000000 14000000 "
            + " 03000100 24000000 01000000 01000000  04000100 00000000 0000000000000100 0000000000000001");
    private static final ByteBuffer V5_NEEDED = bytes("3c000000 13000000 05000000 01000000");
    private static final ByteBuffer V6 = bytes("40000000 13000000 05000000 01000000 14000000 "
            + " 01000100 24000000 01000000 01000000  02000100 00000000 0000000000000100 0000000000000001");
    private static final ByteBuffer PORT =
            bytes("40000000 13000000 05000000 01000000 18000000 00000000  01000100 00000000 01000000 01000000");

    private static final int FIRST = 20;
    private static final int SECOND = 36;

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The offset of the only 32-bit word, at or behind a place, that has a value. */
    private static int offsetOf(int value, ByteBuffer vector, int from, int to) {
        Integer found = null;
        for (int offset = from; offset < to; offset += 4) {
            if (vector.getInt(offset) == value) {
                assertEquals(null, found, "not the only one");
                found = offset;
            }
        }
        assertNotNull(found);
        return found;
    }

    @Test
    void every_constant_is_what_the_vectors_have() throws Exception {
        Map<String, Long> vectors = new TreeMap<>();
        vectors.put("FLAG_CAPS", (long) V5.getInt(4) & ~(Vfio.VFIO_IRQ_INFO_EVENTFD | Vfio.VFIO_IRQ_INFO_MASKABLE));
        vectors.put("OLD_CAP_OFFSET", (long) offsetOf(FIRST, V2_PRIMARY, 12, 20));
        vectors.put("OLD_COUNT", (long) offsetOf(1, V2_PRIMARY, 12, 20));
        vectors.put("CAP_OFFSET", (long) offsetOf(FIRST, V5, 12, 20));
        vectors.put("INFO_SIZE", (long) V5.getInt(16));
        vectors.put("PORT_INFO_SIZE", (long) PORT.getInt(16));
        vectors.put("CAP_TYPE_V5", (long) V5.getShort(FIRST));
        vectors.put("CAP_DISPLAY_V5", (long) V5.getShort(SECOND));
        vectors.put("CAP_TYPE_V6", (long) V6.getShort(FIRST));
        vectors.put("CAP_DISPLAY_V6", (long) V6.getShort(SECOND));
        vectors.put("TYPE_GFX", (long) V2_CURSOR.getInt(FIRST + 8));
        vectors.put("SUBTYPE_DISPLAY", (long) V5.getInt(FIRST + 12));
        vectors.put("SUBTYPE_CURSOR", (long) V2_CURSOR.getInt(FIRST + 12));
        vectors.put("CURSOR_VALUE", V5.getLong(SECOND + 8));
        vectors.put("PRIMARY_VALUE", V5.getLong(SECOND + 16));
        vectors.put("CapType.SIZE", (long) SECOND - FIRST);
        vectors.put("CapType.SUBTYPE", (long) offsetOf(2, V2_CURSOR, FIRST, 36) - FIRST);
        vectors.put("CapType.TYPE", (long) offsetOf(1, V2_CURSOR, FIRST, 36) - FIRST);
        vectors.put("CapDisplay.SIZE", (long) V5_NEEDED.getInt(0) - SECOND);
        vectors.put("CapDisplay.VERSION", (long) V5.getShort(SECOND + 2));
        // The upper halves of the two values: 1 << 56 and 1 << 48 of 64 bits.
        vectors.put("CapDisplay.CURSOR", (long) offsetOf(1 << 16, V5, SECOND + 4, 60) - 4 - SECOND);
        vectors.put("CapDisplay.PRIMARY", (long) offsetOf(1 << 24, V5, SECOND + 4, 60) - 4 - SECOND);

        Map<String, Long> constants = new TreeMap<>();
        for (Field constant : AbiAudit.constantsOf(DisplayIrq.class)) {
            constants.put(
                    AbiAudit.nameOf(constant).substring("DisplayIrq.".length()),
                    ((Number) constant.get(null)).longValue());
        }
        assertEquals(new TreeSet<>(vectors.keySet()), new TreeSet<>(constants.keySet()), "a constant without a vector");
        assertEquals(vectors, constants);
    }

    @Test
    void both_ways_to_the_type_tell_of_the_display() {
        assertEquals(FIRST, V2_PRIMARY.getInt(DisplayIrq.OLD_CAP_OFFSET));
        assertEquals(SECOND, V5.getInt(FIRST + Vfio.InfoCapHeader.NEXT));
        assertEquals(DisplayIrq.SUBTYPE_DISPLAY, V2_PRIMARY.getInt(FIRST + DisplayIrq.CapType.SUBTYPE));
    }
}
