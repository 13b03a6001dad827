package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
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

    @Test
    void sigtermEndsTheWaitForAGuestThatShowsNothing() throws Exception {
        Process process = OwnJvm.builder(WaitingForAMode.class).start();
        String printed;
        try (BufferedReader out = process.inputReader(UTF_8)) {
            assertEquals("waiting", out.readLine(), () -> unchecked(process));
            process.toHandle().destroy();
            printed = out.lines().collect(Collectors.joining("\n"));
        }
        assertEquals("", errors(process));
        assertEquals(SIGNALLED + SIGTERM, process.waitFor());
        assertTrue(printed.contains("  guest    nothing is scanned out"), printed);
        assertTrue(printed.contains(", plugged in"), printed);
    }

    private static String unchecked(Process process) {
        try {
            return errors(process);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Sets the mode of a guest whose display is off; says that it waits. */
    static final class WaitingForAMode {
        private static final int LOOKS = 100;

        private WaitingForAMode() {}

        public static void main(String[] arguments) {
            PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, UTF_8);
            PrintWriter err = new PrintWriter(new FileOutputStream(FileDescriptor.err), true, UTF_8);
            try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withDisplayOff(true))) {
                host.faults().before("VFIO_DEVICE_QUERY_GFX_PLANE", LOOKS, () -> out.println("waiting"));
                System.exit(new Vfio4j(host::systemCalls, false)
                        .execute(out, err, "mode", host.vgpu().uuid().toString(), "640x480", "--wait", "8000h"));
            }
        }
    }

    private static String errors(Process process) throws IOException {
        try (BufferedReader err = new BufferedReader(new InputStreamReader(process.getErrorStream(), UTF_8))) {
            return err.lines().collect(Collectors.joining("\n"));
        }
    }
}
