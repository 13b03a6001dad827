package io.vfio4j.display.edid;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What somebody else's program says of our EDIDs: edid-decode, which Debian has as a package of that name. */
class EdidDecodeTest {
    private static final Path PROGRAM = Path.of("/usr/bin/edid-decode");
    private static final String MISSING = "edid-decode was not asked what it thinks of our EDIDs: " + PROGRAM
            + " is not installed (apt-get install edid-decode)";

    @TempDir
    private Path directory;

    /** Who reads the build has to know that it was not asked. */
    @BeforeAll
    static void requireProgram() {
        boolean installed = Files.isExecutable(PROGRAM);
        if (!installed) {
            System.getLogger("io.vfio4j.report").log(System.Logger.Level.WARNING, "skipped: " + MISSING);
        }
        assumeTrue(installed, MISSING);
    }

    private record Outcome(int status, String output) {}

    private static Outcome run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    private Outcome check(Edid edid) throws IOException, InterruptedException {
        Path file = Files.write(directory.resolve("edid"), edid.bytes());
        return run("--check", file.toString());
    }

    private void assertAccepted(Edid edid) throws IOException, InterruptedException {
        Outcome outcome = check(edid);
        assertTrue(outcome.output().contains("EDID conformity: PASS"), outcome::output);
        assertFalse(outcome.output().contains("Warnings:"), outcome::output);
        assertFalse(outcome.output().contains("Failures:"), outcome::output);
        assertEquals(0, outcome.status(), outcome::output);
    }

    @ParameterizedTest
    @CsvSource({
        "64, 64, 20",
        "64, 64, 500",
        "320, 200, 60",
        "640, 400, 500",
        "640, 480, 60",
        "640, 480, 75",
        "800, 600, 60",
        "1024, 600, 60",
        "1024, 768, 60",
        "1024, 768, 144",
        "1080, 1920, 60",
        "1152, 864, 75",
        "1280, 720, 60",
        "1280, 768, 60",
        "1280, 800, 60",
        "1280, 1024, 60",
        "1360, 768, 60",
        "1366, 768, 60",
        "1400, 1050, 60",
        "1440, 900, 60",
        "1600, 900, 60",
        "1600, 1200, 60",
        "1680, 1050, 60",
        "1920, 1080, 24",
        "1920, 1080, 30",
        "1920, 1080, 50",
        "1920, 1080, 60",
        "1920, 1080, 120",
        "1920, 1080, 144",
        "1920, 1080, 240",
        "1920, 1200, 60",
        "2048, 1152, 60",
        "2560, 1080, 60",
        "2560, 1440, 60",
        "2560, 1440, 144",
        "2560, 1600, 60",
        "3440, 1440, 60",
        "3840, 2160, 30",
        "3840, 2160, 60",
        "4095, 64, 60",
        "64, 4095, 60",
        "4095, 2160, 60",
        "1921, 1081, 61",
        "1080, 1920, 240",
        "720, 1280, 360",
        "800, 1280, 400",
        "640, 1024, 480",
        "64, 4095, 500"
    })
    void itAcceptsEveryModeWithoutAWord(int width, int height, int hertz) throws Exception {
        assertAccepted(Edid.forMode(width, height, hertz));
    }

    @Test
    void itAcceptsEverythingThatCanBeSet() throws Exception {
        assertAccepted(Edid.builder(1920, 1080, 60)
                .name("Thirteen char")
                .serialText("SN 123/45-6")
                .product("ABZ", 0xffff)
                .millimetres(2550, 100)
                .build());
        assertAccepted(Edid.builder(1920, 1080, 60).serial(0xffff_ffffL).build());
        assertAccepted(Edid.builder(1080, 1920, 240).serialText("no limits").build());
    }

    @Test
    void itReadsWhatWasWritten() throws Exception {
        String output = check(Edid.builder(1366, 768, 60)
                        .serialText("42")
                        .millimetres(400, 300)
                        .build())
                .output();
        for (String fragment : List.of(
                "Manufacturer: VFJ",
                "Model: 1",
                "Bits per primary color channel: 8",
                "sRGB",
                "DTD 1:  1366x768    59.9",
                "72.250000 MHz (400 mm x 300 mm)",
                "Hfront   48 Hsync  32 Hback   80 Hpol P",
                "Vfront    3 Vsync  10 Vback    9 Vpol N",
                "Display Product Name: 'vfio4j'",
                "Display Product Serial Number: '42'")) {
            assertTrue(output.contains(fragment), () -> fragment + " in " + output);
        }
    }

    @Test
    void itSeesAWrongChecksum() throws Exception {
        byte[] bytes = Edid.forMode(800, 600, 60).bytes();
        bytes[127]++;
        Outcome outcome = check(Edid.parseLeniently(bytes));
        assertTrue(outcome.output().contains("EDID conformity: FAIL"), outcome::output);
    }

    /** It counts the pixels of a line in steps of 8, and knows nothing of HDMI's lowest clock. */
    @Test
    void itsReducedBlankingIsOurs() throws Exception {
        Pattern timing =
                Pattern.compile("([0-9.]+) MHz.*?Vfront\\s+(\\d+) Vsync\\s+(\\d+) Vback\\s+(\\d+)", Pattern.DOTALL);
        int compared = 0;
        for (int[] mode : new int[][] {
            {640, 480},
            {800, 600},
            {848, 480},
            {1024, 768},
            {1152, 864},
            {1280, 720},
            {1280, 768},
            {1280, 800},
            {1280, 960},
            {1280, 1024},
            {1360, 768},
            {1366, 768},
            {1400, 1050},
            {1440, 900},
            {1600, 900},
            {1600, 1200},
            {1680, 1050},
            {1792, 1344},
            {1920, 1080},
            {1920, 1200},
            {2048, 1152},
            {2560, 1080},
            {2560, 1600},
            {3440, 1440},
            {3840, 2160}
        }) {
            for (int hertz : new int[] {24, 30, 50, 60, 72, 75, 85, 120}) {
                if ((long) mode[0] * mode[1] * hertz > 560_000_000L) {
                    continue;
                }
                String output = run("--cvt", "w=" + mode[0] + ",h=" + mode[1] + ",fps=" + hertz + ",rb=1")
                        .output();
                Matcher found = timing.matcher(output);
                assertTrue(found.find(), output);
                DetailedTiming ours =
                        Edid.forMode(mode[0], mode[1], hertz).preferred().orElseThrow();
                long kilohertz = Math.round(Double.parseDouble(found.group(1)) * 1000);
                if (kilohertz < 25_000 || mode[0] % 8 != 0) {
                    assertTrue(ours.pixelClockKilohertz() > kilohertz, output);
                    continue;
                }
                compared++;
                assertEquals(kilohertz, ours.pixelClockKilohertz(), output);
                assertEquals(Integer.parseInt(found.group(2)), ours.verticalSyncOffset(), output);
                assertEquals(Integer.parseInt(found.group(3)), ours.verticalSyncWidth(), output);
                assertEquals(
                        Integer.parseInt(found.group(4)),
                        ours.verticalBlanking() - ours.verticalSyncOffset() - ours.verticalSyncWidth(),
                        output);
            }
        }
        assertTrue(compared > 100, compared + " compared");
    }
}
