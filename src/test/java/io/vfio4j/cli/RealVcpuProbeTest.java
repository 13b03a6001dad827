package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command on a real kernel: what it prints, not how long anything takes. */
@Tag("real-kernel")
@Timeout(value = 150, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealVcpuProbeTest {
    @TempDir
    private Path directory;

    @Test
    void everySampleIsKept() throws Exception {
        Path file = directory.resolve("samples.csv");
        CommandRun run = CommandRun.onRealKernel(
                "vcpu", "probe", "--hogs", "1", "--samples", "30", "--json", "--seed", "7", "--raw", file.toString());
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        assertEquals(7, Json.number(run.json("probe").get(0), "seed"));
        List<Map<String, Object>> rows = run.json("latency");
        assertEquals(
                List.of("halted 0", "halted 1", "busy 0", "busy 1"),
                rows.stream()
                        .map(row -> row.get("guest") + " " + Json.number(row, "hogs"))
                        .toList());
        for (Map<String, Object> row : rows) {
            assertEquals(30, Json.number(row, "signals"), row::toString);
            assertEquals(30, Json.number(row, "answered"), row::toString);
        }
        List<String> samples = Files.readAllLines(file);
        assertEquals(1 + 4 * 30, samples.size());
        assertTrue(samples.get(1).matches("halted,0,0,\\d+,\\d+"), samples.get(1));
        assertTrue(samples.get(120).matches("busy,1,29,\\d+,\\d+"), samples.get(120));
    }

    @Test
    void theTableHasTheLaw() {
        CommandRun run = CommandRun.onRealKernel("vcpu", "probe", "--guest", "busy", "--hogs", "2", "--samples", "30");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().matches("(?s).*busy +2 .* \\([+-]\\d+ %\\).*"), run.out());
        assertTrue(run.out().contains("The largest deviation from the law at p90 and p99"), run.out());
    }

    @Test
    void yieldsAreCountedByTheKernel() {
        CommandRun run = CommandRun.onRealKernel("vcpu", "probe", "--yields", "--for", "500ms", "--json");
        assertEquals(0, run.exitCode(), run.err());
        List<Map<String, Object>> rows = run.json("yields");
        assertEquals(
                List.of("halted", "running", "preempted"),
                rows.stream().map(row -> row.get("target")).toList());
        assertEquals(0, Json.number(rows.get(0), "directed_yield_successful"), run.out());
        assertTrue(Json.number(rows.get(0), "directed_yield_attempted") > 0, run.out());
        assertTrue(Json.number(rows.get(2), "directed_yield_successful") > 0, run.out());
    }

    @Test
    void whatTheHostCannotDoIsSaid() {
        CommandRun run = CommandRun.onRealKernel("vcpu", "probe", "--pause-exits", "--for", "500ms");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("kvm_amd has pause_filter_count="), run.out());
        assertEquals(
                2,
                run.outLines().stream()
                        .filter(line -> line.startsWith("switched off"))
                        .count(),
                run.out());
    }
}
