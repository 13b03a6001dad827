package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.edid.Edid;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class EdidTest {
    private final Edid small = Edid.builder(1280, 720, 60)
            .name("Small")
            .serialText("S1")
            .millimetres(400, 225)
            .build();

    @TempDir
    private Path directory;

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(directory.resolve(name), content);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theMonitorIsShown() {
        CommandRun run = CommandRun.of("edid", "emulated");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(
                List.of(
                        "Device emulated:v5:flip",
                        "  link     up: the monitor is plugged in",
                        "  limits   1920x1200",
                        "  edid     1.4, 128 bytes",
                        "  product  VFJ 0001 'vfio4j'",
                        "  made     week 1 of 2019",
                        "  input    digital, 8 bits a colour",
                        "  range    59-60 Hz, 74-75 kHz, up to 160 MHz",
                        "  timing   1920x1200@60.00, 154.75 MHz (preferred)"),
                run.outLines());
    }

    @Test
    void anotherMonitorIsPluggedIn() throws IOException {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            String file = file("small.bin", small.bytes()).toString();
            CommandRun run = CommandRun.on(host, "edid", host.vgpu().uuid().toString(), "--set", file);
            assertEquals(0, run.exitCode(), run.err());
            assertEquals(1280, host.vgpu().guest().width());
            for (String line : List.of(
                    "  product  VFJ 0001 'Small'",
                    "  serial   S1",
                    "  made     2019",
                    "  size     400 mm x 225 mm",
                    "  range    59-61 Hz, 31-45 kHz, up to 70 MHz",
                    "  timing   1280x720@59.98, 64.00 MHz (preferred)",
                    "  modes    640x480@60 800x600@60")) {
                assertTrue(run.outLines().contains(line), line + "\nis not in\n" + run.out());
            }
            assertEquals(List.of(), host.openFiles());
        }
    }

    @Test
    void whatWasSavedCanBeSet() throws IOException {
        String file = directory.resolve("saved").toString();
        CommandRun saved = CommandRun.of("edid", "emulated:v5:size=1280x800", "-o", file);
        assertEquals(0, saved.exitCode(), saved.err());
        assertEquals("", saved.out());
        assertEquals(128, Files.size(Path.of(file)));
        assertEquals(List.of("saved"), files(), "and nothing beside it");
        CommandRun set = CommandRun.of("edid", "emulated", "--set", file);
        assertEquals(0, set.exitCode(), set.err());
        assertTrue(set.out().contains("1280x800@"), set.out());
    }

    @Test
    void bytesGoThroughStandardInputAndOutput() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandRun run = CommandRun.withBytes(small.bytes(), out, "edid", "emulated", "--set", "-", "-o", "-");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertArrayEquals(small.bytes(), out.toByteArray());
    }

    @Test
    void hexadecimalDigitsAreAnEdidToo() throws IOException {
        CommandRun raw = CommandRun.of("edid", "emulated:v5:size=800x600", "--raw");
        List<String> digits = raw.outLines().stream()
                .filter(line -> line.matches("([0-9a-f]{2} ?){16}"))
                .toList();
        assertEquals(8, digits.size(), raw.out());
        String file = file("hex", ("# saved\n" + String.join("\n", digits) + "\n").getBytes(StandardCharsets.US_ASCII))
                .toString();
        CommandRun set = CommandRun.of("edid", "emulated", "--set", file);
        assertEquals(0, set.exitCode(), set.err());
        assertTrue(set.out().contains("800x600@"), set.out());
    }

    @Test
    void whatRawPrintsCanBeSet() throws IOException {
        CommandRun raw = CommandRun.of("edid", "emulated:v5:size=800x600", "--raw");
        assertEquals(0, raw.exitCode(), raw.err());
        for (String printed :
                List.of(raw.out(), raw.out() + "\n----------------\n\nBlock 0, Base EDID:\n  add 00 ff\n")) {
            String file = file("raw", printed.getBytes(StandardCharsets.UTF_8)).toString();
            CommandRun set = CommandRun.of("edid", "emulated", "--set", file, "--raw");
            assertEquals(0, set.exitCode(), set.err());
            assertTrue(set.out().contains("800x600@"), set.out());
            assertEquals(hexadecimal(raw), hexadecimal(set));
        }
    }

    private static String hexadecimal(CommandRun run) {
        return run.out().substring(run.out().indexOf("edid-decode (hex):"));
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void anEdidComesThroughAPipe() throws Exception {
        Process process = OwnJvm.start("edid", "emulated", "--set", "-");
        try (OutputStream in = process.getOutputStream()) {
            in.write(small.bytes(), 0, 50);
            in.flush();
            in.write(small.bytes(), 50, 78);
        }
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), err);
        assertTrue(out.contains("  product  VFJ 0001 'Small'"), out);
    }

    @Test
    void theMonitorIsOneJsonObject() throws IOException {
        String file = file("small.bin", small.bytes()).toString();
        CommandRun run = CommandRun.of("edid", "emulated", "--set", file, "--json", "--raw");
        Map<String, Object> json = Json.object(run.out());
        assertEquals("edid", json.get("type"));
        assertEquals(true, json.get("link_up"));
        String edid = json.get("edid").toString();
        for (String part : List.of(
                "name=Small",
                "serial_text=S1",
                "manufacturer=VFJ",
                "year=2019",
                "week=null",
                "width_mm=400",
                "hertz=59.979",
                "raw=" + HexFormat.of().formatHex(small.bytes()))) {
            assertTrue(edid.contains(part), part + "\nis not in\n" + edid);
        }
    }

    @Test
    void aFaultyEdidIsRefusedAndForcedAllTheSame() throws IOException {
        byte[] wrong = small.bytes();
        wrong[127]++;
        String file = file("wrong.bin", wrong).toString();
        CommandRun refused = CommandRun.of("edid", "emulated", "--set", file);
        assertEquals(1, refused.exitCode());
        assertTrue(
                refused.err().contains("wrong.bin has an EDID with problems: the checksum of block 0"), refused.err());
        CommandRun forced = CommandRun.of("edid", "emulated", "--set", file, "--force");
        assertEquals(1, forced.exitCode());
        assertTrue(forced.err().contains("EFAULT"), forced.err());
        assertTrue(forced.err().contains("The monitor was to be plugged in"), forced.err());
    }

    @Test
    void filesThatAreNoEdidAreNamed() throws IOException {
        CommandRun text = CommandRun.of(
                "edid",
                "emulated",
                "--set",
                file("text", "Hello, ".repeat(50).getBytes(StandardCharsets.US_ASCII))
                        .toString());
        assertEquals(1, text.exitCode());
        assertTrue(
                text.err().contains("text has an EDID with problems: the header is not 00ffffffffffff00."), text.err());
        CommandRun empty = CommandRun.of(
                "edid", "emulated", "--set", file("empty", new byte[0]).toString());
        assertTrue(empty.err().contains("empty has a malformed EDID: 0 bytes"), empty.err());
        CommandRun absent = CommandRun.of(
                "edid", "emulated", "--set", directory.resolve("absent").toString());
        assertTrue(absent.err().contains("there is no file"), absent.err());
        CommandRun tooLong = CommandRun.of(
                "edid", "emulated", "--set", file("long", new byte[256]).toString(), "--force");
        assertTrue(tooLong.err().contains("takes at most 128"), tooLong.err());
        for (CommandRun run : List.of(empty, absent, tooLong)) {
            assertEquals(1, run.exitCode());
            assertEquals(1, run.err().lines().count(), run.err());
        }
    }

    @Test
    void aFileThatCannotBeWrittenIsNamedAndStaysAsItWas() throws IOException {
        CommandRun nowhere = CommandRun.of("edid", "emulated", "-o", directory + "/no/file");
        assertEquals(1, nowhere.exitCode());
        assertTrue(nowhere.err().contains("/no/file: there is no such directory"), nowhere.err());
        CommandRun into = CommandRun.of("edid", "emulated", "-o", directory.toString());
        assertTrue(into.err().contains("it is a directory"), into.err());
        file("kept", new byte[] {1});
        CommandRun failed = CommandRun.of(
                "edid", "emulated:mdpy", "-o", directory.resolve("kept").toString());
        assertEquals(1, failed.exitCode());
        assertEquals(1, Files.size(directory.resolve("kept")));
        assertEquals(List.of("kept"), files());
    }

    @Test
    void aFileIsReplacedBehindItsLink() throws IOException {
        Path place = file("place", new byte[] {1});
        Path link = Files.createSymbolicLink(directory.resolve("link"), place);
        CommandRun run = CommandRun.of("edid", "emulated", "-o", link.toString());
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(128, Files.size(place));
        assertFalse(Files.isSymbolicLink(place));
    }

    @Test
    void aTerminalIsNotForBytes() {
        CommandRun run = CommandRun.onTerminal("edid", "emulated", "-o", "-");
        assertEquals(2, run.exitCode());
        assertEquals(
                "vfio4j: standard output is a terminal, which shows no bytes; --raw prints them as digits",
                run.err().lines().toList().get(0));
    }

    @Test
    void aDeviceWithoutAMonitorSaysSo() {
        CommandRun run = CommandRun.of("edid", "emulated:mdpy");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("emulated:mdpy:flip has no EDID region"), run.err());
    }
}
