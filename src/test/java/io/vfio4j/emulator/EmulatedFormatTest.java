package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the formats' bytes are, worked out by hand from drm_fourcc.h. */
class EmulatedFormatTest {
    /** A word each: red, green, blue; YUV: two pixels of that colour. */
    @ParameterizedTest
    @CsvSource({
        "XRGB8888, ff123456, 563412ff",
        "ARGB8888, ff123456, 563412ff",
        "XBGR8888, ff123456, 123456ff",
        "ABGR8888, ff123456, 123456ff",
        "RGB565, 00ff0000, 00f8",
        "RGB565, 0000ff00, e007",
        "RGB565, 000000ff, 1f00",
        "RGB565, 00848208, 0184",
        "XRGB2101010, 00ff0000, 0000f03f",
        "XRGB2101010, 00800001, 04002020",
        "XBGR2101010, 00ff0000, ff030000",
        "C8, 00ff0000, 55",
        "C8, 00102030, 20",
        "YUYV, 00ffffff, eb80eb80",
        "YUYV, 00ff0000, 525a52f0",
        "UYVY, 00ff0000, 5a52f052",
        "YVYU, 00ff0000, 52f0525a",
        "VYUY, 00ff0000, f0525a52",
        "YUYV, 000000ff, 29f0296e"
    })
    void bytes_are_those_of_the_format(EmulatedFormat format, String colour, String bytes) {
        int argb = Integer.parseUnsignedInt(colour, 16);
        int pixels = format.group();
        byte[] line = new byte[format.lineBytes(pixels)];
        format.encode(new int[] {argb, argb}, pixels, line);
        assertEquals(bytes, HexFormat.of().formatHex(line));
    }

    @Test
    void chroma_is_the_mean_of_two_pixels_and_the_odd_one_out_stands_twice() {
        byte[] line = new byte[8];
        EmulatedFormat.YUYV.encode(new int[] {0xffffff, 0, 0xff0000}, 3, line);
        assertEquals("eb801080525a52f0", HexFormat.of().formatHex(line));
        assertEquals(8, EmulatedFormat.YUYV.lineBytes(3));
        int[] back = new int[3];
        EmulatedFormat.YUYV.decode(line, 3, back);
        assertArrayEquals(new int[] {0xffffffff, 0xff000000, 0xffff0100}, back);
    }

    @ParameterizedTest
    @EnumSource
    void what_was_encoded_comes_back_as_well_as_the_format_can(EmulatedFormat format) {
        int worst = switch (format) {
            case XRGB8888, ARGB8888, XBGR8888, ABGR8888, XRGB2101010, XBGR2101010 -> 0;
            case RGB565 -> 7;
            case C8 -> 0;
            default -> 4;
        };
        int[] back = new int[2];
        byte[] line = new byte[format.lineBytes(2)];
        for (int grey = 0; grey < 256; grey++) {
            for (int other = 0; other < 256; other += 15) {
                int colour = format == EmulatedFormat.C8
                        ? 0xff000000 | grey * 0x010101
                        : 0xff000000 | grey << 16 | other << 8 | (grey ^ other);
                format.encode(new int[] {colour, colour}, 2, line);
                format.decode(line, 2, back);
                assertEquals(back[0], back[1]);
                assertEquals(0xff, back[0] >>> 24);
                for (int shift = 0; shift < 24; shift += 8) {
                    int difference = Math.abs((back[0] >>> shift & 0xff) - (colour >>> shift & 0xff));
                    assertTrue(
                            difference <= worst, Integer.toHexString(colour) + " is " + Integer.toHexString(back[0]));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_format_is_found_by_its_letters_its_name_and_its_number(EmulatedFormat format) {
        assertSame(format, EmulatedFormat.named(format.label()));
        assertSame(format, EmulatedFormat.named(format.name().toLowerCase(java.util.Locale.ROOT)));
        assertSame(format, EmulatedFormat.of(format.fourcc()).orElseThrow());
    }

    @Test
    void a_format_that_is_not_there_is_refused_with_those_that_are() {
        assertEquals("RG16", EmulatedFormat.RGB565.label());
        assertEquals("C8", EmulatedFormat.C8.label());
        String message = assertThrows(IllegalArgumentException.class, () -> EmulatedFormat.named("NV12"))
                .getMessage();
        assertTrue(message.contains("NV12") && message.contains("XR24") && message.contains("VYUY"), message);
    }
}
