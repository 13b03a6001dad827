package io.vfio4j.display.edid;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the bytes are, reading them ends, and says what is wrong. */
class MalformedEdidTest {
    private final byte[] sound = Edid.forMode(1920, 1080, 60).bytes();

    private void fixChecksum() {
        sound[127] = 0;
        int sum = 0;
        for (byte value : sound) {
            sum += value;
        }
        sound[127] = (byte) -sum;
    }

    private void assertOneProblem(String fragment) throws IOException {
        fixChecksum();
        assertProblem(fragment);
    }

    private void assertProblem(String fragment) throws IOException {
        List<String> problems = Edid.parseLeniently(sound).problems();
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.get(0).contains(fragment), problems::toString);
        assertThrows(MalformedEdidException.class, () -> Edid.parse(sound));
    }

    @Test
    void tooFewAndTooManyBytesAreNoEdid() {
        for (int size : new int[] {0, 1, 127, 128 * 256 + 1, 1 << 20}) {
            String message = assertThrows(MalformedEdidException.class, () -> Edid.parseLeniently(new byte[size]))
                    .getMessage();
            assertTrue(message.contains(size + " bytes"), message);
        }
    }

    @Test
    void aWrongChecksumIsAProblem() throws IOException {
        sound[127]++;
        assertProblem("the checksum of block 0 is wrong: its bytes add up to 1");
        assertEquals(
                "1920x1080@59.93, 138.50 MHz",
                Edid.parseLeniently(sound).preferred().orElseThrow().toString());
    }

    @Test
    void aWrongHeaderIsAProblem() throws IOException {
        sound[0] = 1;
        assertOneProblem("header");
    }

    @Test
    void anUnknownVersionIsAProblem() throws IOException {
        sound[18] = 2;
        sound[19] = 0;
        fixChecksum();
        assertEquals("2.0", Edid.parseLeniently(sound).version());
        assertProblem("version is 2.0");
    }

    @Test
    void missingExtensionBlocksAreAProblem() throws IOException {
        sound[126] = (byte) 255;
        assertOneProblem("it has 0 extension blocks, and announces 255");
    }

    @Test
    void aMissingPreferredTimingIsAProblem() throws IOException {
        sound[54] = 0;
        sound[55] = 0;
        fixChecksum();
        assertEquals(Optional.empty(), Edid.parseLeniently(sound).preferred());
        assertProblem("first descriptor is no timing");
    }

    @Test
    void aTimingWithoutPixelsIsAProblem() throws IOException {
        sound[56] = 0;
        sound[58] &= 0x0f;
        fixChecksum();
        Edid edid = Edid.parseLeniently(sound);
        assertEquals(Optional.empty(), edid.preferred());
        assertTrue(edid.problems().get(0).contains("descriptor 0 has no pixels: 0x1080"), edid.problems()::toString);
    }

    @Test
    void theSecondTimingIsNotPreferredWhereTheFirstHasNoPixels() throws IOException {
        System.arraycopy(sound, 54, sound, 72, 18);
        sound[56] = 0;
        sound[58] &= 0x0f;
        for (int revision = 0; revision <= 4; revision++) {
            sound[19] = (byte) revision;
            fixChecksum();
            Edid edid = Edid.parseLeniently(sound);
            assertEquals(Optional.empty(), edid.preferred(), edid.version());
            assertEquals(
                    List.of("1920x1080@59.93, 138.50 MHz"),
                    edid.detailedTimings().stream()
                            .map(DetailedTiming::toString)
                            .toList());
            assertTrue(
                    edid.problems().get(0).contains("descriptor 0 has no pixels: 0x1080"), edid.problems()::toString);
        }
    }

    @Test
    void aSyncOutsideOfItsBlankingIsAProblem() throws IOException {
        sound[57] = 10;
        assertOneProblem("sync of descriptor 0");
    }

    @Test
    void aManufacturerThatIsNotLettersIsAProblem() throws IOException {
        sound[8] = 0;
        sound[9] = 0;
        fixChecksum();
        assertEquals("???", Edid.parseLeniently(sound).manufacturer());
        assertProblem("manufacturer 0x0");
    }

    @Test
    void textCannotCommandATerminal() throws IOException {
        sound[54 + 18 + 5] = 0x1b;
        fixChecksum();
        assertEquals(Optional.of("?fio4j"), Edid.parseLeniently(sound).name());
        assertProblem("text of descriptor 1");
    }

    @Test
    void limitsThatEndBeforeTheyBeginAreAProblem() throws IOException {
        sound[54 + 36 + 5] = 100;
        assertOneProblem("range limits 100-61 Hz");
    }

    @Test
    void anyBytesCanBeRead() throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = round % 2 == 0 ? sound.clone() : Samples.bytes(Samples.NAMES.get(round % 7));
            int changes = round % 10 == 0 ? bytes.length : 1 + random.nextInt(8);
            for (int change = 0; change < changes; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            assertDoesNotThrow(
                    () -> {
                        Edid edid = Edid.parseLeniently(bytes);
                        edid.toString();
                        edid.rangeLimits().map(RangeLimits::toString);
                        edid.widthMillimetres();
                        edid.detailedTimings().forEach(DetailedTiming::refreshHertz);
                    },
                    () -> "seed " + seed);
        }
    }
}
