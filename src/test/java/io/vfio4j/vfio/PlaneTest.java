package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlaneTest {
    @ParameterizedTest
    @CsvSource({
        "XR24, XR24",
        "'C8  ', C8",
        "'R8  ', R8",
        "'a b ', a b",
        "'\u0001R24', ?R24",
        "'\u0000\u0000\u0000\u0000', ????"
    })
    void aFormatIsCalledByItsLettersWithoutPadding(String letters, String name) {
        int format = ByteBuffer.wrap(letters.getBytes(StandardCharsets.ISO_8859_1))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
        assertEquals(name, new Plane(format, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).formatName());
    }
}
