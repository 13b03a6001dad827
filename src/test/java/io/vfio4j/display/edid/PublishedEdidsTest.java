package io.vfio4j.display.edid;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What edid-decode says of real monitors, we say too. */
class PublishedEdidsTest {
    private static final List<String> SAMPLES = Samples.NAMES;

    private static List<String> strings(List<VideoMode> modes) {
        return modes.stream().map(VideoMode::toString).toList();
    }

    @ParameterizedTest
    @FieldSource("SAMPLES")
    void theBytesComeBackAsTheyWere(String name) throws IOException {
        assertArrayEquals(Samples.bytes(name), Samples.edid(name).bytes());
        assertEquals(Samples.edid(name), Samples.edid(name));
    }

    @ParameterizedTest
    @FieldSource("SAMPLES")
    void aDetailedTimingIsWrittenAsItWasRead(String name) throws IOException {
        byte[] original = Samples.bytes(name);
        List<DetailedTiming> timings = Samples.edid(name).detailedTimings();
        for (int index = 0; index < timings.size(); index++) {
            byte[] written = new byte[DetailedTiming.SIZE];
            timings.get(index).writeTo(new Block(written, 0, written.length));
            byte[] read = new byte[DetailedTiming.SIZE];
            System.arraycopy(original, 54 + index * DetailedTiming.SIZE, read, 0, read.length);
            assertArrayEquals(read, written);
        }
    }

    @Test
    void aPictureTubeOf1997() throws IOException {
        Edid edid = Samples.edid("sony-crt");
        assertEquals("1.1", edid.version());
        assertEquals("SNY", edid.manufacturer());
        assertEquals(336, edid.product());
        assertEquals(0x0061_3058, edid.serial());
        assertEquals(1997, edid.year());
        assertEquals(OptionalInt.of(20), edid.week());
        assertFalse(edid.digital());
        assertEquals(OptionalInt.empty(), edid.bitsPerColor());
        assertEquals(Optional.empty(), edid.name());
        assertEquals(280, edid.widthMillimetres());
        assertEquals(210, edid.heightMillimetres());
        assertEquals(
                List.of(
                        "720x400@70",
                        "720x400@88",
                        "640x480@60",
                        "640x480@67",
                        "640x480@72",
                        "640x480@75",
                        "800x600@56",
                        "800x600@60",
                        "800x600@72",
                        "800x600@75",
                        "832x624@75",
                        "1024x768i@87",
                        "1024x768@60",
                        "1024x768@70",
                        "1024x768@75",
                        "1152x870@75"),
                strings(edid.establishedTimings()));
        assertEquals(List.of("800x600@85", "1280x1024@60", "1024x768@85"), strings(edid.standardTimings()));
        assertEquals(4, edid.detailedTimings().size());
        DetailedTiming timing = edid.detailedTimings().get(0);
        assertEquals(25_180, timing.pixelClockKilohertz());
        assertEquals("640x480@59.95, 25.18 MHz", timing.toString());
        assertEquals(0, timing.verticalSyncOffset());
        assertEquals(42, timing.verticalSyncWidth());
        assertEquals(270, timing.widthMillimetres());
        assertEquals(202, timing.heightMillimetres());
        assertFalse(timing.positiveHorizontalSync());
        assertEquals(Optional.empty(), edid.preferred(), "before 1.3 a flag says that there is one");
        assertEquals(List.of(), edid.problems());
    }

    @Test
    void aFlatScreenWithAnAnalogPlug() throws IOException {
        Edid edid = Samples.edid("amt-lcd");
        assertEquals("1.3", edid.version());
        assertEquals("AMT", edid.manufacturer());
        assertEquals(8213, edid.product());
        assertEquals(Optional.of("15MF200V/37"), edid.name());
        assertEquals(Optional.of(new RangeLimits(50, 75, 30, 62, 80_000)), edid.rangeLimits());
        DetailedTiming preferred = edid.preferred().orElseThrow();
        assertEquals("1024x768@60.00, 65.00 MHz", preferred.toString());
        assertEquals(48.363, preferred.horizontalKilohertz(), 0.001);
        assertEquals(320, preferred.horizontalBlanking());
        assertEquals(24, preferred.horizontalSyncOffset());
        assertEquals(136, preferred.horizontalSyncWidth());
        assertEquals(3, preferred.verticalSyncOffset());
        assertEquals(6, preferred.verticalSyncWidth());
        assertEquals(38, preferred.verticalBlanking());
        assertEquals(304, edid.widthMillimetres());
        assertEquals(228, edid.heightMillimetres());
        // By its own numbers; VESA's table of modes gives this very code to the timing of 70 Hz.
        assertEquals(List.of("1024x768@72"), strings(edid.standardTimings()));
        assertEquals(List.of(), edid.problems());
        assertEquals(edid, Edid.parse(edid.bytes()));
    }

    @Test
    void aLaptopWhoseTextIsNotPrintable() throws IOException {
        Edid edid = Samples.edid("lg-laptop");
        assertEquals("LGD", edid.manufacturer());
        assertEquals(535, edid.product());
        assertEquals(2009, edid.year());
        assertEquals(OptionalInt.empty(), edid.week());
        assertTrue(edid.digital());
        assertEquals("1366x768@59.98, 69.30 MHz", edid.preferred().orElseThrow().toString());
        assertEquals(List.of(), edid.establishedTimings());
        assertEquals(List.of(), edid.standardTimings());
        assertEquals(Optional.empty(), edid.rangeLimits());
        assertEquals(List.of(), edid.problems(), "a text without meaning for us");
    }

    @Test
    void aTelevisionThatDoesNotSayHowLargeItIs() throws IOException {
        Edid edid = Samples.edid("sony-tv");
        assertEquals(0, edid.widthMillimetres());
        assertEquals(0, edid.heightMillimetres());
        assertEquals(Optional.of("SONY TV"), edid.name());
        assertEquals(
                List.of("1360x768@60.02, 85.50 MHz", "1280x768@59.87, 79.50 MHz"),
                edid.detailedTimings().stream().map(DetailedTiming::toString).toList());
        assertTrue(edid.detailedTimings().get(0).positiveHorizontalSync());
        assertTrue(edid.detailedTimings().get(0).positiveVerticalSync());
        assertFalse(edid.detailedTimings().get(1).positiveHorizontalSync());
        assertEquals(List.of("640x480@60", "800x600@60", "1024x768@60"), strings(edid.standardTimings()));
    }

    @Test
    void aFastMonitorOfToday() throws IOException {
        Edid edid = Samples.edid("aoc-144");
        assertEquals("1.4", edid.version());
        assertEquals(9232, edid.product());
        assertEquals(595, edid.serial());
        assertEquals(OptionalInt.of(8), edid.bitsPerColor());
        assertEquals(1, edid.extensions());
        assertEquals(
                List.of("2560x1440@59.95, 241.50 MHz", "2560x1440@143.91, 592.00 MHz"),
                edid.detailedTimings().stream().map(DetailedTiming::toString).toList());
        assertEquals(25, edid.detailedTimings().get(1).verticalSyncOffset());
        assertEquals(8, edid.detailedTimings().get(1).verticalSyncWidth());
        assertEquals(Optional.of(new RangeLimits(30, 146, 230, 230, 600_000)), edid.rangeLimits());
        assertEquals(
                List.of(
                        "1920x1080@60",
                        "1280x1024@60",
                        "640x480@100",
                        "640x480@120",
                        "800x600@100",
                        "800x600@120",
                        "1024x768@100",
                        "1024x768@120"),
                strings(edid.standardTimings()));
        assertEquals("AOC 2410 'AG241QG4' 2560x1440@59.95, 241.50 MHz", edid.toString());
        assertEquals(edid, Edid.parse(edid.bytes()));
    }

    @Test
    void aMonitorOfFourThousandPixels() throws IOException {
        Edid edid = Samples.edid("amh-4k");
        assertEquals(OptionalInt.of(10), edid.bitsPerColor());
        assertEquals(
                "3840x2160@60.00, 533.25 MHz", edid.preferred().orElseThrow().toString());
        assertEquals(880, edid.widthMillimetres());
        assertEquals(510, edid.heightMillimetres());
        assertEquals(Optional.of("124343243"), edid.serialText());
        assertEquals(
                List.of(
                        "2048x1536@60",
                        "1920x1080@60",
                        "1680x1050@60",
                        "1600x900@60",
                        "1440x900@60",
                        "1280x1024@60",
                        "1280x800@60",
                        "1152x864@60"),
                strings(edid.standardTimings()));
        assertEquals(List.of(), edid.problems());
    }

    @Test
    void extensionBlocksThatAreNotAnnouncedAreAProblem() throws IOException {
        byte[] bytes = Samples.bytes("dell-doubled");
        Edid edid = Edid.parseLeniently(bytes);
        assertEquals(
                "1920x1080@60.00, 148.50 MHz", edid.preferred().orElseThrow().toString());
        assertEquals(List.of("it has 3 extension blocks, and announces 1"), edid.problems());
        MalformedEdidException refused = assertThrows(MalformedEdidException.class, () -> Edid.parse(bytes));
        assertEquals(edid.problems(), refused.problems());
    }
}
