package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The monitor that an emulated vGPU has at the start: what somebody else's program, edid-decode, says of it. */
class EdidBlockTest {
    private static final Path PROGRAM = Path.of("/usr/bin/edid-decode");
    private static final String MISSING = "edid-decode was not asked what it thinks of the emulator's EDID: " + PROGRAM
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

    private String check(byte[] edid) throws Exception {
        Path file = Files.write(directory.resolve("edid"), edid);
        Process process = new ProcessBuilder(PROGRAM.toString(), "--check", file.toString())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }

    @ParameterizedTest
    @CsvSource({
        "64, 64, 60",
        "64, 64, 1000",
        "320, 200, 60",
        "640, 480, 60",
        "640, 480, 1",
        "800, 600, 60",
        "1024, 768, 60",
        "1280, 720, 50",
        "1920, 1080, 60",
        "1920, 1080, 144",
        "1920, 1200, 60",
        "1920, 1200, 1000",
        "2560, 1600, 60",
        "3840, 2160, 60",
        "4095, 4095, 60",
        "16384, 16384, 60",
        "16384, 64, 240"
    })
    void everyOneIsAccepted(int width, int height, int hertz) throws Exception {
        String output = check(EdidBlock.of(width, height, hertz));
        assertTrue(output.contains("EDID conformity: PASS"), output);
        assertFalse(output.contains("Warnings:"), output);
        assertFalse(output.contains("Failures:"), output);
    }

    @Test
    void itSaysWhoseItIs() throws Exception {
        String output = check(EdidBlock.of(1920, 1200, 60));
        assertTrue(output.contains("Display Product Name: 'vfio4j'"), output);
        assertTrue(output.contains("1920x1200   59.999"), output);
    }

    @ParameterizedTest
    @CsvSource({"64, 64, 60", "1920, 1200, 60", "1280, 720, 50", "1920, 1080, 144", "800, 600, 1"})
    void theGuestPrefersWhatWasAskedFor(int width, int height, int hertz) {
        byte[] edid = EdidBlock.of(width, height, hertz);
        assertTrue(EdidBlock.isValid(edid));
        assertEquals(new MonitorMode(width, height, hertz), EdidBlock.preferred(edid, mode -> true));
    }
}
