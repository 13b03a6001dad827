package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What a signal does, in a JVM of its own. */
@EnabledOnOs({OS.LINUX, OS.MAC})
@Timeout(60)
class TerminationTest {
    private static final int SIGTERM = 15;
    private static final int SIGNALLED = 128;

    @Test
    void sigtermEndsAWatchInOrderAndPrintsItsSummary() throws Exception {
        Process watch = OwnJvm.start("watch", "emulated:v5:flip", "--json");
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = watch.inputReader(UTF_8)) {
            while (lines.stream().noneMatch(line -> line.contains("\"IRQ\""))) {
                lines.add(out.readLine());
            }
            watch.toHandle().destroy();
            out.lines().forEach(lines::add);
        }
        assertEquals("", errors(watch));
        assertEquals(SIGNALLED + SIGTERM, watch.waitFor());
        CommandRun run = new CommandRun(SIGNALLED + SIGTERM, String.join("\n", lines), "");
        assertEquals(1, run.json("closed").size(), run.out());
        assertEquals(
                Json.number(Json.member(run.summary(), "driver"), "signals"), Json.number(run.summary(), "signals"));
    }

    @Test
    void sigtermEndsAVirtualWatchToo() throws Exception {
        Process watch = OwnJvm.start("watch", "emulated:v5:idle", "--json", "--virtual", "--for", "8000h");
        List<String> lines;
        try (BufferedReader out = watch.inputReader(UTF_8)) {
            out.readLine();
            watch.toHandle().destroy();
            lines = out.lines().toList();
        }
        assertEquals(SIGNALLED + SIGTERM, watch.waitFor());
        assertEquals("summary", Json.object(lines.get(lines.size() - 1)).get("type"));
    }

    @Test
    void aPipeThatIsClosedEndsAWatchQuietly() throws Exception {
        Process watch = OwnJvm.start("watch", "emulated:v5:flip");
        try (BufferedReader out = watch.inputReader(UTF_8)) {
            assertTrue(out.readLine().contains("watching"));
        }
        assertEquals(0, watch.waitFor());
        assertEquals("", errors(watch));
    }

    private static String errors(Process process) throws IOException {
        try (BufferedReader err = new BufferedReader(new InputStreamReader(process.getErrorStream(), UTF_8))) {
            return err.lines().collect(Collectors.joining("\n"));
        }
    }
}
