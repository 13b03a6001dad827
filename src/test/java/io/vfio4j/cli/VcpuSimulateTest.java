package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.vcpu.Boost;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class VcpuSimulateTest {
    private static final String TINY = "--cpus 4 --seeds 2 --for 40ms --warm-up 10ms";

    @TempDir
    private Path directory;

    private static CommandRun simulate(String options) {
        List<String> arguments = new ArrayList<>(List.of("vcpu", "simulate"));
        Arrays.stream(options.split(" ")).filter(each -> !each.isEmpty()).forEach(arguments::add);
        return CommandRun.of(arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--vms 0|--vms must be between 1 and 64, not 0",
                "--vms 65|--vms must be between 1 and 64, not 65",
                "--vcpus 0|--vcpus must be between 1 and 1024, not 0",
                "--vcpus -5|--vcpus must be between 1 and 1024, not -5",
                "--cpus 0|--cpus must be between 1 and 4096, not 0",
                "--cpus 99999|--cpus must be between 1 and 4096, not 99999",
                "--hz 0|--hz must be between 1 and 10000, not 0",
                "--latency 0s|--latency must be between 1ns and 1000s, not 0s",
                "--latency 1ms --min-granularity 2ms|--min-granularity must not be longer than --latency",
                "--wake-up-granularity 1h|--wake-up-granularity must be between 0s and 1000s, not 3600s",
                "--slice 0s|--slice must be between 1ns and 1000s, not 0s",
                "--halt-poll 1h|--halt-poll must be between 0s and 1000s, not 3600s",
                "--ple-window 0s|--ple-window must be between 1ns and 1000s, not 0s",
                "--ple-growth -1|--ple-growth must be between 0 and 1000000, not -1",
                "--ple-longest 1ns|--ple-window must not be longer than --ple-longest",
                "--spin-threshold 0s|--spin-threshold must be between 1ns and 1000s, not 0s",
                "--spin-check 0s|--spin-check must be between 1ns and 1000s, not 0s",
                "--exit 1h|--exit must be between 0s and 1000s, not 3600s",
                "--context-switch 1h|--context-switch must be between 0s and 1000s, not 3600s",
                "--scan 1h|--scan must be between 0s and 1000s, not 3600s",
                "--yield 1h|--yield must be between 0s and 1000s, not 3600s",
                "--wake-up 1h|--wake-up must be between 0s and 1000s, not 3600s",
                "--ipi-send 1h|--ipi-send must be between 0s and 1000s, not 3600s",
                "--ipi-target 1h|--ipi-target must be between 0s and 1000s, not 3600s",
                "--interrupt 1h|--interrupt must be between 0s and 1000s, not 3600s",
                "--call 1h|--call must be between 0s and 1000s, not 3600s",
                "--handover 1h|--handover must be between 0s and 1000s, not 3600s",
                "--least-stay 1h|--least-stay must be between 0s and 1000s, not 3600s",
                "--user 1h|--user must be between 0s and 1000s, not 3600s",
                "--kernel 1h|--kernel must be between 0s and 1000s, not 3600s",
                "--user 0s --kernel 0s|--user and --kernel must not both be 0s",
                "--lock-sections -1|--lock-sections must be between 0 and 100000, not -1",
                "--hold 1h|--hold must be between 0s and 1000s, not 3600s",
                "--jitter 91|--jitter must be between 0 and 90, not 91",
                "--interrupts -1|--interrupts -1 is not within 0 to 100000",
                "--seeds 0|--seeds 0 is not within 1 to 10000",
                "--threads 0|--threads 0 is not within 1 to 1024",
                "--for 0s|--for PT0S is not above 0 and within a day",
                "--for 48h|--for PT48H is not above 0 and within a day",
                "--warm-up 48h|--warm-up PT48H is not within 0 and a day",
            })
    void anAbsurdValueIsAUsageErrorThatNamesTheOption(String options, String message) {
        CommandRun run = simulate(options);
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertEquals("vfio4j: " + message, run.err().lines().findFirst().orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--boost ready,sometimes",
                "--boost ,",
                "--lock mutex",
                "--scheduler fifo",
                "--hz x",
                "--exit 3",
                "--json --csv",
                "--table --desktop",
                "--table --calibrate",
                "--table --vms 2",
                "--table --cpus 8",
                "--desktop --vcpus 2",
                "--sensitivity --lock queued",
                "--calibrate --interrupts 5",
                "--calibrate --csv",
                "--sensitivity --csv",
                "--sensitivity --chart x.png",
                "--desktop --chart x.png",
                "--chart -"
            })
    void aWrongCommandLineIsAUsageError(String options) {
        CommandRun run = simulate(options);
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertEquals(2, run.err().lines().count(), run.err());
    }

    @Test
    void everyPolicyIsSimulatedAndShown() {
        CommandRun run = simulate("--vms 2 " + TINY);
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        for (Boost boost : Boost.values()) {
            assertTrue(run.out().contains("2VM " + boost.label() + " "), run.out());
        }
        assertTrue(run.outLines().get(0).startsWith("cfs, 250 Hz; 2 seeds from 1 on, 40ms each after 10ms"), run.out());
        assertTrue(run.out().contains("± "), run.out());
        assertTrue(run.out().contains("interrupt p50"), run.out());
    }

    @Test
    void oneSeedHasNoInterval() {
        CommandRun run = simulate("--vms 2 --cpus 4 --seeds 1 --for 20ms --boost ready");
        assertEquals(0, run.exitCode(), run.err());
        assertFalse(run.out().contains("Infinity"), run.out());
        assertFalse(run.out().contains("∞"), run.out());
        Map<String, Object> cell = simulate("--vms 2 --cpus 4 --seeds 1 --for 20ms --boost ready --json")
                .json("cell")
                .get(0);
        assertTrue(Json.member(cell, "records_per_vm").containsKey("half_width"));
        assertEquals(null, Json.member(cell, "records_per_vm").get("half_width"));
    }

    @Test
    void theResultIsTheSameOnAnyNumberOfThreads() {
        List<String> cells = Stream.of(1, 3)
                .map(threads -> simulate("--vms 2 " + TINY + " --json --threads " + threads)
                        .out()
                        .lines()
                        .filter(line -> line.startsWith("{\"type\":\"cell\""))
                        .collect(Collectors.joining("\n")))
                .toList();
        assertEquals(Boost.values().length, cells.get(0).lines().count());
        assertEquals(cells.get(0), cells.get(1));
    }

    @Test
    void anotherSeedGivesAnotherHistory() {
        String options = "--vms 2 --boost ready --cpus 4 --seeds 1 --for 20ms --json --seed ";
        assertFalse(simulate(options + 1)
                .json("cell")
                .get(0)
                .get("trace_hashes")
                .equals(simulate(options + 2).json("cell").get(0).get("trace_hashes")));
    }

    @Test
    void theJsonHasEveryField() {
        CommandRun run = simulate("--vms 2 --boost preempted,ready " + TINY + " --json");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(
                List.of("parameters", "cell", "cell", "summary"),
                run.json().stream().map(line -> line.get("type")).toList());
        Map<String, Object> cell = run.json("cell").get(0);
        assertEquals("2VM preempted", cell.get("name"));
        assertEquals(2, Json.number(cell, "vms"));
        assertEquals(4, Json.number(cell, "cpus"));
        assertEquals("preempted", cell.get("boost"));
        assertEquals("pv-queued-early-if-preempted", cell.get("lock"));
        assertEquals(2, Json.number(cell, "runs"));
        assertTrue(Json.number(Json.member(cell, "records_per_vm"), "mean") > 0, cell.toString());
        assertEquals(
                Set.of(
                        "type",
                        "name",
                        "vms",
                        "vcpus",
                        "cpus",
                        "boost",
                        "lock",
                        "hz",
                        "scheduler",
                        "runs",
                        "records_per_vm",
                        "records_summed",
                        "spin_share",
                        "call_spin_share",
                        "fairness",
                        "pause_exits_per_s",
                        "yields_per_s",
                        "shootdown_ns",
                        "interrupt_ns",
                        "processor_share",
                        "trace_hashes"),
                cell.keySet());
        assertEquals(
                Set.of(
                        "attempted",
                        "successful",
                        "esrch",
                        "refused",
                        "to_woken",
                        "to_wanted",
                        "honoured",
                        "rejected_not_ready",
                        "rejected_self",
                        "rejected_blocked",
                        "rejected_user_mode",
                        "rejected_not_eligible"),
                Json.member(cell, "yields_per_s").keySet());
        assertEquals(
                Set.of("count", "p50", "p90", "p99", "max"),
                Json.member(cell, "shootdown_ns").keySet());
        double shares = Json.member(cell, "processor_share").values().stream()
                .mapToDouble(share -> ((Number) share).doubleValue())
                .sum();
        assertEquals(1, shares, 1e-6);
        Map<String, Object> parameters = run.json("parameters").get(0);
        assertEquals(false, parameters.get("frozen"));
        assertEquals(1500, Json.number(Json.member(parameters, "costs_ns"), "exit"));
        assertEquals(15_000, Json.number(Json.member(parameters, "workload"), "user_ns"));
        assertEquals(true, run.json("summary").get(0).get("complete"));
        assertTrue(Json.number(run.json("summary").get(0), "events") > 0);
    }

    @Test
    void everyOptionOfTheModelReachesIt() {
        Map<String, Object> parameters = simulate(
                        "--vms 1 --boost none --cpus 4 --seeds 1 --for 1ms --warm-up 0s --json --hz 1000 --scheduler eevdf --latency 11ms"
                                + " --min-granularity 12us --wake-up-granularity 13us --slice 14us --halt-poll 15us --ple-window 16ns"
                                + " --ple-growth 17 --ple-longest 18us --spin-threshold 19us --spin-check 20us --exit 21ns"
                                + " --context-switch 22ns --scan 23ns --yield 24ns --wake-up 25ns --ipi-send 26ns --ipi-target 27ns"
                                + " --interrupt 28ns --call 29ns --handover 30ns --least-stay 31ns --user 32ns --kernel 33us"
                                + " --lock-sections 34 --hold 35ns --jitter 36")
                .json("parameters")
                .get(0);
        assertEquals(
                "{cpus=4, hertz=1000, scheduler=eevdf, latency_ns=11000000, minimum_granularity_ns=12000,"
                        + " wake_up_granularity_ns=13000, slice_ns=14000, halt_poll_ns=15000}",
                parameters.get("host").toString());
        assertEquals(
                "{window_ns=16, growth=17, longest_ns=18000}",
                parameters.get("pause").toString());
        assertEquals(
                "{threshold_ns=19000, check_ns=20000}",
                parameters.get("patience").toString());
        assertEquals(
                "{exit=21, context_switch=22, scan=23, yield=24, wake_up=25, ipi_send=26, ipi_target=27, interrupt=28, call=29,"
                        + " handover=30, least_stay=31}",
                parameters.get("costs_ns").toString());
        assertEquals(
                "{user_ns=32, kernel_ns=33000, lock_sections=34, hold_ns=35}",
                parameters.get("workload").toString());
        assertEquals(36, Json.number(parameters, "jitter_percent"));
    }

    @Test
    void theCsvHasALineForEachCellAndTheSameNumbers() {
        CommandRun run = simulate("--vms 2 --boost preempted,ready " + TINY + " --csv");
        assertEquals(0, run.exitCode(), run.err());
        List<String> lines = run.out().lines().toList();
        assertEquals(3, lines.size(), run.out());
        List<String> names = List.of(lines.get(0).split(","));
        assertEquals(names.size(), new HashSet<>(names).size());
        List<String> fields = List.of(lines.get(2).split(",", -1));
        assertEquals(names.size(), fields.size());
        Map<String, Object> cell = simulate("--vms 2 --boost ready " + TINY + " --json")
                .json("cell")
                .get(0);
        assertEquals("2VM ready", fields.get(names.indexOf("name")));
        assertEquals(
                Json.member(cell, "records_per_vm").get("mean").toString(),
                fields.get(names.indexOf("records_per_vm_mean")));
        assertEquals(
                Json.member(cell, "shootdown_ns").get("p99").toString(), fields.get(names.indexOf("shootdown_ns_p99")));
    }

    @Test
    void theDesktopIsSimulated() {
        CommandRun run = simulate("--desktop --boost preempted,ready --seeds 2 --for 20ms --warm-up 5ms");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("desktop preempted       1570"), run.out());
        assertTrue(run.out().contains("The model is not calibrated to this machine"), run.out());
        run = simulate("--desktop --boost ready --seeds 2 --for 20ms --warm-up 5ms --json");
        assertEquals(4000, Json.number(Json.member(run.json("cell").get(0), "published"), "low"));
        assertTrue(run.json("cell").get(0).containsKey("median"));
    }

    /** A few milliseconds of the real table. */
    @Test
    void theTableHasEveryPartOfIt() {
        String options = "--table --seeds 2 --for 8ms --warm-up 1ms --boost preempted,ready";
        CommandRun run = simulate(options);
        assertEquals(0, run.exitCode(), run.err());
        for (String expected : List.of(
                "1VM preempted 21443",
                "3VM preempted, guest fixed 13000-14000",
                "3VM ready, never early -",
                "no yield",
                "fair share",
                "Expected before the table was simulated",
                "With the series, times as many records",
                "What of it is reproduced")) {
            assertTrue(run.out().replaceAll(" +", " ").contains(expected), expected + " is not in " + run.out());
        }
        assertEquals("parameters of the table", run.outLines().get(0).split("; ")[2]);
        List<Map<String, Object>> lines = simulate(options + " --json").json();
        assertEquals(
                List.of("cell", "improvement", "parameters", "requirement", "summary"),
                lines.stream()
                        .map(line -> (String) line.get("type"))
                        .distinct()
                        .sorted()
                        .toList());
        Map<String, Object> cell = lines.get(1);
        assertTrue(
                cell.keySet()
                        .containsAll(List.of(
                                "published", "per_vm", "summed", "bound_without_yield", "bound_fair_share", "remark")),
                cell.toString());
        assertEquals(
                4,
                lines.stream()
                        .filter(line -> line.get("type").equals("requirement"))
                        .count());
        String header = simulate(options + " --csv").outLines().get(0);
        assertTrue(
                header.endsWith(
                        ",published_low,published_high,per_vm_place,summed_place,bound_without_yield,bound_fair_share,remark"),
                header);
    }

    @Test
    void aChangedParameterIsSaidToBeChanged() {
        CommandRun run = simulate("--table --seeds 1 --for 1ms --warm-up 0s --boost none --exit 3us");
        assertTrue(run.outLines().get(0).endsWith("parameters of the table, changed by options"), run.out());
    }

    @Test
    void progressIsOnStandardErrorOfATerminalOnly() {
        CommandRun run = CommandRun.onTerminal(
                "vcpu", "simulate", "--vms", "2", "--cpus", "4", "--seeds", "2", "--for", "10ms", "--boost", "none");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.err().contains("2 of 2 runs, 100 %"), run.err());
        assertFalse(run.out().contains("of 2 runs"), run.out());
    }

    @Test
    void theChartIsAPicture() throws IOException {
        Path file = directory.resolve("chart.png");
        CommandRun run = simulate("--vms 2 " + TINY + " --boost none,ready --chart " + file);
        assertEquals(0, run.exitCode(), run.err());
        ChartFile.assertPicture(file, 1100, 600);
    }

    @Test
    void theTablesChartHasWhatWasPublished() throws IOException {
        Path file = directory.resolve("table.png");
        CommandRun run = simulate("--table --seeds 2 --for 1ms --warm-up 0s --boost preempted,ready --chart " + file);
        assertEquals(0, run.exitCode(), run.err());
        BufferedImage image = ChartFile.assertPicture(file, 1100, 600);
        assertTrue(
                ChartFile.has(image, 0x9e9e9e) && ChartFile.has(image, 0x616161),
                "the published bars are not in the chart");
    }

    @Test
    void aChartThatCannotBeWrittenIsAFailureThatNamesTheFile() {
        CommandRun run = simulate("--vms 1 " + TINY + " --boost none --chart " + directory.resolve("no/such.png"));
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("such.png: there is no such directory"), run.err());
    }

    /** A machine without fonts: fontconfig finds none, and a home directory in which Java has not noted where some were. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void withoutFontsItSaysWhatToInstallBeforeItSimulates() throws Exception {
        Path none = Files.writeString(
                directory.resolve("fonts.conf"), "<?xml version=\"1.0\"?><fontconfig></fontconfig>\n");
        ProcessBuilder builder = OwnJvm.builder(
                Main.class,
                "vcpu",
                "simulate",
                "--cpus",
                "2",
                "--seeds",
                "1",
                "--for",
                "1ms",
                "--chart",
                directory.resolve("x.png").toString());
        builder.command().add(1, "-Duser.home=" + directory);
        builder.environment().put("FONTCONFIG_FILE", none.toString());
        Process process = builder.start();
        String err;
        try (BufferedReader reader = process.errorReader(UTF_8)) {
            err = reader.lines().collect(Collectors.joining("\n"));
        }
        assertEquals(1, process.waitFor(), err);
        assertTrue(err.startsWith("vfio4j: Java cannot draw text on this machine ("), err);
        assertTrue(err.contains("apt install fontconfig libfreetype6 fonts-dejavu-core"), err);
        assertEquals(1, err.lines().count(), err);
        assertEquals("", new String(process.getInputStream().readAllBytes(), UTF_8));
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void sigintEndsASimulationWithWhatIsDone() throws Exception {
        // The first policy is done in no time, the second never.
        Process process = OwnJvm.start(
                "vcpu",
                "simulate",
                "--vms",
                "2",
                "--cpus",
                "2",
                "--seeds",
                "200",
                "--for",
                "10ms",
                "--warm-up",
                "0s",
                "--json",
                "--threads",
                "1",
                "--boost",
                "all",
                "--seed",
                "1",
                "--jitter",
                "0",
                "--lock-sections",
                "90000");
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            lines.add(out.readLine());
            OwnJvm.interrupt(process);
            out.lines().forEach(lines::add);
        }
        assertEquals(128 + 2, process.waitFor());
        Map<String, Object> summary = Json.object(lines.get(lines.size() - 1));
        assertEquals("summary", summary.get("type"), lines.toString());
        assertEquals(false, summary.get("complete"));
    }
}
