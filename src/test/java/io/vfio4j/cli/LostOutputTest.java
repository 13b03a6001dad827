package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was to be read by somebody, and is lost, is no success. */
@Timeout(60)
class LostOutputTest {
    private static final OutputStream FULL = new OutputStream() {
        @Override
        public void write(int value) throws IOException {
            throw new IOException("No space left on device");
        }
    };

    @ParameterizedTest
    @ValueSource(strings = {"edid emulated", "screenshot emulated:v5:size=320x200", "frame emulated:v5:mappable"})
    void theCauseIsToldOfBytes(String command) {
        CommandRun run = CommandRun.withBytes(new byte[0], FULL, (command + " -o -").split(" "));
        assertEquals("vfio4j: cannot write standard output: No space left on device\n", run.err());
        assertEquals(1, run.exitCode());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"mode emulated", "mode emulated --json", "edid emulated", "info emulated", "list", "watch --help"
            })
    void textThatIsLostIsAFailure(String command) {
        StringWriter err = new StringWriter();
        LocalHost empty = () -> {
            throw new IOException("not asked");
        };
        int exitCode = new Vfio4j(empty, false)
                .execute(new PrintWriter(FULL, false, UTF_8), new PrintWriter(err), command.split(" "));
        assertEquals("vfio4j: standard output could not be written in full\n", err.toString());
        assertEquals(1, exitCode);
    }

    /** The reader of a pipe may leave; a full disk is another matter. */
    @ParameterizedTest
    @ValueSource(strings = {"mode emulated", "watch emulated:v5:flip --for 1h", "watch --virtual --for 1h --json"})
    @EnabledOnOs(OS.LINUX)
    void aFullDeviceIsAFailure(String command) throws Exception {
        Process process = OwnJvm.builder(Main.class, command.split(" "))
                .redirectOutput(new File("/dev/full"))
                .start();
        String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
        assertEquals("vfio4j: standard output could not be written in full\n", err);
        assertEquals(1, process.waitFor());
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aPictureForAReaderThatIsGoneSaysWhy() throws Exception {
        Process process = OwnJvm.start("screenshot", "emulated:v5:mappable", "-o", "-");
        process.getInputStream().close();
        String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
        assertEquals("vfio4j: cannot write standard output: Broken pipe\n", err);
        assertEquals(1, process.waitFor());
    }
}
