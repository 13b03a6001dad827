package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples in the help are command lines that work. */
class ExamplesTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"screenshot", "frame", "mode", "edid"})
    void examplesWithEmulatedDevicesSucceed(String command) {
        List<String> examples = CommandRun.of(command, "--help")
                .out()
                .lines()
                .filter(line -> line.startsWith("  vfio4j " + command + " emulated"))
                .toList();
        assertFalse(examples.isEmpty(), "there is no example");
        for (String example : examples) {
            String line = example.strip().split(" [|] ")[0];
            String[] arguments = Arrays.stream(line.split(" "))
                    .skip(1)
                    .map(argument -> argument.matches("\\w+\\.[a-z]+")
                            ? directory.resolve(argument).toString()
                            : argument)
                    .toArray(String[]::new);
            CommandRun run = CommandRun.withBytes(new byte[0], new ByteArrayOutputStream(), arguments);
            assertEquals(0, run.exitCode(), () -> example + ": " + run.err());
        }
    }
}
