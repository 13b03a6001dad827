package io.vfio4j.display.edid;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** EDIDs that we make. */
class BuiltEdidTest {

    /** The results are those of VESA's generator of timings, by way of edid-decode's --cvt. */
    @ParameterizedTest
    @CsvSource({
        "1024, 768, 60, 56000, 22, 4",
        "1280, 720, 60, 64000, 21, 5",
        "1280, 768, 60, 68250, 22, 7",
        "1280, 800, 60, 71000, 23, 6",
        "1280, 1024, 60, 91000, 30, 7",
        "1360, 768, 60, 72000, 22, 10",
        "1440, 900, 60, 88750, 26, 6",
        "1600, 1200, 60, 130250, 35, 4",
        "1680, 1050, 60, 119000, 30, 6",
        "1920, 1080, 60, 138500, 31, 5",
        "1920, 1080, 120, 285500, 64, 5",
        "1920, 1200, 60, 154000, 35, 6",
        "2560, 1440, 60, 241500, 41, 5",
        "2560, 1600, 60, 268500, 46, 6",
        "3840, 2160, 60, 533250, 62, 5"
    })
    void timingsAreThoseOfReducedBlanking(int width, int height, int hertz, int clock, int blank, int sync) {
        DetailedTiming timing = Edid.forMode(width, height, hertz).preferred().orElseThrow();
        assertEquals(width, timing.width());
        assertEquals(height, timing.height());
        assertEquals(clock, timing.pixelClockKilohertz());
        assertEquals(160, timing.horizontalBlanking());
        assertEquals(48, timing.horizontalSyncOffset());
        assertEquals(32, timing.horizontalSyncWidth());
        assertEquals(blank, timing.verticalBlanking());
        assertEquals(3, timing.verticalSyncOffset());
        assertEquals(sync, timing.verticalSyncWidth());
        assertTrue(timing.positiveHorizontalSync());
        assertEquals(false, timing.positiveVerticalSync());
        assertEquals(hertz, timing.refreshHertz(), hertz / 100.0);
    }

    @Test
    void theRateIsMetWithinAHundredthInEveryMode() {
        for (int width : new int[] {64, 65, 320, 640, 801, 1366, 1920, 2047}) {
            for (int height : new int[] {64, 99, 200, 480, 769, 1080}) {
                for (int hertz : new int[] {20, 24, 30, 50, 60, 75, 144, 240}) {
                    DetailedTiming timing =
                            Edid.forMode(width, height, hertz).preferred().orElseThrow();
                    assertEquals(hertz, timing.refreshHertz(), hertz / 100.0, timing::toString);
                    assertTrue(timing.refreshHertz() <= hertz, timing::toString);
                    assertTrue(timing.pixelClockKilohertz() >= 25_000, "HDMI transmits no less: " + timing);
                }
            }
        }
    }

    @Test
    void whatIsBuiltIsReadBack() throws IOException {
        Edid edid = Edid.builder(1920, 1080, 60)
                .name("Big Screen 13")
                .serial(0xfedc_ba98L)
                .serialText("0001")
                .product("ABZ", 0x1234)
                .millimetres(600, 340)
                .build();
        Edid read = Edid.parse(edid.bytes());
        assertEquals(edid, read);
        assertEquals(List.of(), read.problems());
        assertEquals("1.4", read.version());
        assertEquals("ABZ", read.manufacturer());
        assertEquals(0x1234, read.product());
        assertEquals(0xfedc_ba98L, read.serial());
        assertEquals(Optional.of("Big Screen 13"), read.name());
        assertEquals(Optional.of("0001"), read.serialText());
        assertEquals(600, read.widthMillimetres());
        assertEquals(340, read.heightMillimetres());
        assertTrue(read.digital());
        assertEquals(8, read.bitsPerColor().orElseThrow());
        assertEquals(0, read.extensions());
        assertEquals(Optional.of(new RangeLimits(59, 61, 31, 67, 146_250 + 3_750)), read.rangeLimits());
    }

    @Test
    void smallerModesAreOfferedTooAndNoLargerOnes() {
        Edid edid = Edid.forMode(1440, 900, 60);
        assertEquals(
                List.of("640x480@60", "800x600@60", "1024x768@60"),
                edid.establishedTimings().stream().map(VideoMode::toString).toList());
        assertEquals(
                List.of("1280x800@60", "1280x720@60"),
                edid.standardTimings().stream().map(VideoMode::toString).toList());
        assertEquals(List.of(), Edid.forMode(320, 200, 60).establishedTimings());
        assertEquals(8, Edid.forMode(2560, 1600, 60).standardTimings().size());
    }

    @Test
    void theSameSettingsGiveTheSameBytes() {
        assertArrayEquals(
                Edid.forMode(800, 600, 60).bytes(), Edid.forMode(800, 600, 60).bytes());
        assertNotEquals(Edid.forMode(800, 600, 60), Edid.forMode(800, 600, 75));
    }

    @Test
    void highRatesNeedTheOffsetsOfRangeLimits() {
        RangeLimits limits = Edid.forMode(640, 400, 500).rangeLimits().orElseThrow();
        assertEquals(500, limits.maximumHertz());
        assertEquals(
                Edid.forMode(640, 400, 500).preferred().orElseThrow().horizontalKilohertz(),
                limits.maximumKilohertz(),
                1.0);
        assertEquals(
                new RangeLimits(59, 240, 31, 292, 610_000),
                Edid.forMode(1920, 1080, 240).rangeLimits().orElseThrow());
    }

    /** Range limits end at 510 kHz, and are optional from EDID 1.4 on where no formula yields further timings. */
    @ParameterizedTest
    @CsvSource({"1080, 1920, 240", "720, 1280, 360", "800, 1280, 400", "640, 1024, 480", "64, 4095, 500"})
    void aModeWithMoreLinesThanRangeLimitsCanSayHasNone(int width, int height, int hertz) {
        Edid edid = Edid.builder(width, height, hertz).serialText("42").build();
        DetailedTiming preferred = edid.preferred().orElseThrow();
        assertEquals(width, preferred.width());
        assertEquals(height, preferred.height());
        assertEquals(hertz, preferred.refreshHertz(), hertz / 100.0);
        assertTrue(preferred.horizontalKilohertz() > 510, preferred::toString);
        assertEquals(Optional.empty(), edid.rangeLimits());
        assertEquals(Optional.of("vfio4j"), edid.name());
        assertEquals(Optional.of("42"), edid.serialText());
        assertEquals(0, edid.bytes()[24] & 1, "no continuous frequency");
    }

    @Test
    void rangeLimitsAreThereUpToTheLastLineThatTheyCanSay() {
        int with = 0;
        int without = 0;
        for (int height = 700; height < 900; height++) {
            Edid edid = Edid.forMode(64, height, 480);
            double kilohertz = edid.preferred().orElseThrow().horizontalKilohertz();
            assertEquals(kilohertz <= 510, edid.rangeLimits().isPresent(), kilohertz + " kHz");
            if (edid.rangeLimits().isPresent()) {
                with++;
                assertEquals(kilohertz, edid.rangeLimits().get().maximumKilohertz(), 1.0);
            } else {
                without++;
            }
        }
        assertTrue(with > 10 && without > 10, with + " with, " + without + " without");
    }

    private static void assertNames(String fragment, Executable executable) {
        String message =
                assertThrows(IllegalArgumentException.class, executable).getMessage();
        assertTrue(message.contains(fragment), message);
    }

    @Test
    void whatDoesNotFitAnEdidIsNamed() {
        assertNames("width 4096", () -> Edid.forMode(4096, 2160, 30));
        assertNames("width 63", () -> Edid.forMode(63, 480, 60));
        assertNames("height 4096", () -> Edid.forMode(1024, 4096, 60));
        assertNames("height -1", () -> Edid.forMode(1024, -1, 60));
        assertNames("refresh rate in Hz 0", () -> Edid.forMode(1024, 768, 0));
        assertNames("refresh rate in Hz 501", () -> Edid.forMode(1024, 768, 501));
        assertNames("3840x2160 at 120 Hz takes a pixel clock of 1097750 kHz", () -> Edid.forMode(3840, 2160, 120));
        assertNames("at most 655350", () -> Edid.forMode(4095, 4095, 60));
        EdidBuilder builder = Edid.builder(800, 600, 60);
        assertNames("name \"\"", () -> builder.name(""));
        assertNames("name \"fourteen chars\"", () -> builder.name("fourteen chars"));
        assertNames("name \"Bildschirmgröß\"", () -> builder.name("Bildschirmgröß"));
        assertNames("name \"end \"", () -> builder.name("end "));
        assertNames("serial number \"a\n\"", () -> builder.serialText("a\n"));
        assertNames("serial number -1", () -> builder.serial(-1));
        assertNames("serial number 4294967296", () -> builder.serial(1L << 32));
        assertNames("manufacturer \"AB\"", () -> builder.product("AB", 1));
        assertNames("manufacturer \"abc\"", () -> builder.product("abc", 1));
        assertNames("product 65536", () -> builder.product("ABC", 65536));
        assertNames("width in mm 0", () -> builder.millimetres(0, 100));
        assertNames("height in mm 2551", () -> builder.millimetres(100, 2551));
    }
}
