package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.kvm.probe.GuestWork;
import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import io.vfio4j.kvm.probe.PauseExitReport;
import io.vfio4j.kvm.probe.PauseProbe;
import io.vfio4j.kvm.probe.ProbeResults;
import io.vfio4j.kvm.probe.WaitingLaw;
import io.vfio4j.kvm.probe.YieldProbe;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VcpuProbeTest {
    private static final long TICK = 4_000_000;
    private static final LatencySetup NO_HOGS = new LatencySetup(GuestWork.BUSY, 0, 100, 1, 0, 42);
    private static final LatencySetup TWO_HOGS = new LatencySetup(GuestWork.BUSY, 2, 100, 1, 0, 42);
    private static final ProbeReport.Plan PLAN = new ProbeReport.Plan(1, 0, 100, 42, TICK, Duration.ofSeconds(130));

    @TempDir
    private Path directory;

    private final StringWriter text = new StringWriter();
    private final PrintWriter out = new PrintWriter(text);

    /** Latencies below 1 ms, beside a base of 0.2 ms, to which the law of two hogs adds 2, 6.8 and 7.88 ms. */
    private static ProbeReport.Row busyRow() {
        LatencyResult result = ProbeResults.of(TWO_HOGS, 100, i -> 100_000L * (i + 1) % 990_001, 0.995);
        return new ProbeReport.Row(result, OptionalLong.of(200_000), new WaitingLaw(2, TICK));
    }

    private static ProbeReport.Row baseRow() {
        LatencyResult result = ProbeResults.of(NO_HOGS, 100, i -> 200_000, 0.999);
        return new ProbeReport.Row(result, OptionalLong.empty(), new WaitingLaw(0, TICK));
    }

    private void report(ProbeReport report) {
        report.begin(PLAN);
        report.row(baseRow());
        report.progress(TWO_HOGS, 50);
        report.row(busyRow());
        report.end();
    }

    @Test
    void aRowHasWhatWasMeasuredBesideWhatTheLawPredicts() {
        report(new ProbeText(out, false));
        List<String> lines = text.toString().lines().toList();
        assertTrue(lines.get(0).contains("100 signals a row from processor 0, seed 42; takes about 2 min 10 s"));
        assertTrue(lines.get(1).contains("the law with S = 4 ms, one tick"), lines.get(1));
        assertEquals(
                List.of("busy", "0", "0.200", "0.200", "0.200", "0.200", "-", "-", "-", "0", "100", "%", "870", "-"),
                List.of(lines.get(5).trim().split(" +")));
        String p50 = lines.get(6).trim().split(" +")[2];
        assertTrue(
                lines.get(6).contains("2.200 (" + percent(p50, 2.2) + " %)"), () -> "p50 " + p50 + ": " + lines.get(6));
        assertTrue(lines.get(6).contains(" 7.000 ("), lines.get(6));
        assertTrue(lines.get(6).contains(" 8.080 ("), lines.get(6));
        assertTrue(text.toString().contains("deviation from the law at p90 and p99: -8"), text::toString);
        assertFalse(text.toString().contains("not quiet"), text::toString);
        assertFalse(text.toString().contains("\r"), text::toString);
    }

    private static String percent(String measured, double predicted) {
        return String.format(Locale.ROOT, "%+.0f", (Double.parseDouble(measured) / predicted - 1) * 100);
    }

    @Test
    void aTerminalShowsHowFarItIs() {
        report(new ProbeText(out, true));
        assertTrue(text.toString().contains("50 of 100 signals"), text::toString);
    }

    @Test
    void aHostThatIsNotQuietIsCalledThat() {
        ProbeReport report = new ProbeText(out, false);
        LatencyResult result = ProbeResults.of(TWO_HOGS, 40, i -> i == 20 ? -1 : 500_000, 0.4);
        report.row(new ProbeReport.Row(result, OptionalLong.empty(), new WaitingLaw(2, TICK)));
        report.end();
        assertTrue(text.toString().contains(" 40 % "), text::toString);
        assertTrue(text.toString().contains("not quiet"), text::toString);
        assertTrue(text.toString().contains("ended early, after 40 signals"), text::toString);
        assertTrue(text.toString().contains("1 signals were merged"), text::toString);
    }

    @Test
    void nothingMeasuredIsADash() {
        ProbeReport report = new ProbeText(out, false);
        LatencyResult result = ProbeResults.of(TWO_HOGS, 0, i -> 0, -1);
        report.row(new ProbeReport.Row(result, OptionalLong.of(1_000_000), new WaitingLaw(2, TICK)));
        assertTrue(text.toString().matches("(?s)busy +2 +- +- +- +- +3\\.000 .*"), text::toString);
    }

    @Test
    void programsGetAnObjectForEachRow() {
        report(new ProbeJson(out));
        List<Map<String, Object>> lines =
                text.toString().lines().map(Json::object).toList();
        assertEquals(
                List.of("probe", "latency", "latency"),
                lines.stream().map(line -> line.get("type")).toList());
        assertEquals(TICK, Json.number(lines.get(0), "tick_ns"));
        assertNull(lines.get(1).get("predicted_ns"));
        assertNull(lines.get(1).get("deviation"));
        assertEquals(200_000, Json.number(Json.member(lines.get(1), "measured_ns"), "max"));
        Map<String, Object> busy = lines.get(2);
        assertEquals(7_000_000, Json.number(Json.member(busy, "predicted_ns"), "p90"));
        double measured = Json.number(Json.member(busy, "measured_ns"), "p90");
        double deviation = ((Number) Json.member(busy, "deviation").get("p90")).doubleValue();
        assertEquals(measured / 7_000_000 - 1, deviation, 1e-3);
        assertEquals(870, Json.number(busy, "preemption_other"));
        assertNull(busy.get("halt_wakeup"));
    }

    @Test
    void yieldsAndSpinningAreReportedInBothForms() {
        YieldProbe.Outcome yields = new YieldProbe.Outcome(
                YieldProbe.Target.PREEMPTED, 4544, 4543, 4542, OptionalLong.of(34), OptionalLong.of(5));
        PauseProbe.Outcome pauses = new PauseProbe.Outcome(true, Duration.ofSeconds(2), 96, OptionalLong.empty());
        PauseExitReport host = new PauseExitReport(false, "kvm_amd has pause_filter_count=0");
        for (ProbeReport report : List.of(new ProbeText(out, false), new ProbeJson(out))) {
            report.beginYields(1, 0, Duration.ofSeconds(2));
            report.yields(yields);
            report.endYields();
            report.beginPauses(host, 1, Duration.ofSeconds(2));
            report.pauses(pauses);
        }
        assertTrue(text.toString().matches("(?s).*shares the processor +4544 +4543 +4542 +34 +5\n.*"), text::toString);
        assertTrue(text.toString().matches("(?s).*pause_filter_count=0. Both ways.*"), text::toString);
        assertTrue(text.toString().matches("(?s).*switched off +48\\.0 +-\n.*"), text::toString);
        List<Map<String, Object>> lines = text.toString()
                .lines()
                .filter(line -> line.startsWith("{"))
                .map(Json::object)
                .toList();
        assertEquals(4542, Json.number(lines.get(1), "directed_yield_successful"));
        assertEquals("preempted", lines.get(1).get("target"));
        assertEquals(34, Json.number(lines.get(1), "target_preempted"));
        assertEquals(5, Json.number(lines.get(1), "target_woken"));
        assertEquals(false, lines.get(2).get("pause_exits"));
        assertEquals(96, Json.number(lines.get(3), "hand_overs"));
    }

    @Test
    void rawSamplesHaveALineForEachSignal() throws Exception {
        Path file = directory.resolve("samples.csv");
        try (RawSamples samples = RawSamples.open(Optional.of(file.toString()))) {
            assertEquals("guest,hogs,signal,written_ns,latency_ns\n", Files.readString(file));
            samples.add(ProbeResults.of(TWO_HOGS, 3, i -> i < 2 ? 1000 + i : -1, 1));
            assertEquals(
                    List.of(
                            "guest,hogs,signal,written_ns,latency_ns",
                            "busy,2,0,0,1000",
                            "busy,2,1,1000000,1001",
                            "busy,2,2,2000000,"),
                    Files.readAllLines(file));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vcpu probe,                      the signals another one; this process may use processor 0 only",
        "vcpu probe --yields,             the signals another one; this process may use processor 0 only",
        "vcpu probe --pause-exits,        runs no guests",
        "vcpu probe --pause-exits --json, runs no guests"
    })
    void aHostThatCannotDoItIsToldSo(String command, String message) {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            CommandRun run = CommandRun.on(host, command.split(" "));
            assertEquals(1, run.exitCode());
            assertEquals("", run.out());
            assertTrue(run.err().contains(message.replace("the signals", "and the signals")), run.err());
            assertEquals(0, host.openDescriptors());
        }
    }

    @Test
    void withoutKvmItSaysWhatToDo() {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            host.files().remove("/dev/kvm");
            CommandRun run = CommandRun.on(host, "vcpu", "probe", "--pause-exits");
            assertEquals(1, run.exitCode());
            assertEquals("", run.out());
            assertTrue(run.err().contains("Load the module kvm-intel or kvm-amd"), run.err());
        }
    }

    @Test
    void aProcessorThatIsNotOursIsAnErrorOfTheCommandLine() {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            CommandRun run = CommandRun.on(host, "vcpu", "probe", "--processors", "0,7");
            assertEquals(2, run.exitCode());
            assertTrue(run.err().contains("this process may use 0, not 7"), run.err());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--samples 0",
                "--samples 10000001",
                "--samples many",
                "--hogs -1",
                "--hogs 65",
                "--hogs 1,x",
                "--guest asleep",
                "--processors 1",
                "--processors 1,1",
                "--processors 1,0,2",
                "--for 0s",
                "--seed x",
                "--raw - --guest busy",
                "--raw x --yields",
                "extra"
            })
    void nonsenseIsRefused(String options) {
        CommandRun run = CommandRun.of(("vcpu probe " + options).split(" "));
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
    }
}
