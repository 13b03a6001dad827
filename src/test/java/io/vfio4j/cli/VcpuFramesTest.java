package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
class VcpuFramesTest {
    private static final String TINY = "--overcommit 1,2 --boost none,ready --seeds 2 --for 250ms";
    private static final List<String> COUNTS = List.of("frames", "vblanks", "missed_vblanks");

    @TempDir
    private Path directory;

    private static CommandRun frames(String options) {
        return run("vcpu frames " + options);
    }

    private static CommandRun run(String line) {
        return CommandRun.of(
                Arrays.stream(line.split(" ")).filter(each -> !each.isEmpty()).toArray(String[]::new));
    }

    private static List<String> names(List<Map<String, Object>> rows) {
        return rows.stream()
                .map(row -> row.get("overcommit") + " " + row.get("boost"))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--seeds 0|--seeds 0 is not within 1 to 10000",
                "--seeds 10001|--seeds 10001 is not within 1 to 10000",
                "--threads 0|--threads 0 is not within 1 to 1024",
                "--for 0s|--for PT0S is not above 0 and within a day",
                "--for 25h|--for PT25H is not above 0 and within a day",
                "--json --csv|--json or --csv: which?",
                "--chart -|--chart: standard output is taken; name a file",
            })
    void anAbsurdValueIsAUsageErrorThatNamesTheOption(String options, String message) {
        CommandRun run = frames(options);
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertEquals("vfio4j: " + message, run.err().lines().findFirst().orElseThrow());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0|an overcommit of 0; 1 to 16 guests share a host",
                "17|an overcommit of 17; 1 to 16 guests share a host",
                "1-999999999|an overcommit of 999999999; 1 to 16 guests share a host",
                "4-2|'4-2' is the wrong way round",
                "1,|'1,' is no list of numbers of guests; write it as 1,2,8 or 1-4",
                "-1|'-1' is no list of numbers of guests; write it as 1,2,8 or 1-4",
                "9999999999|'9999999999' is no list of numbers of guests; write it as 1,2,8 or 1-4",
                "many|'many' is no list of numbers of guests; write it as 1,2,8 or 1-4"
            })
    void whatIsNoOvercommitIsSaidToBeNone(String overcommit, String message) {
        CommandRun run = frames("--overcommit=" + overcommit);
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().lines().findFirst().orElseThrow().endsWith(": " + message), run.err());
        assertTrue(run.err().contains("--overcommit"), run.err());
    }

    @Test
    void everyOvercommitHasARowForEveryBoost() {
        CommandRun run = frames("--overcommit 2,1-2 --boost none,ready --seeds 1 --for 40ms --json");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(List.of("2 none", "2 ready", "1 none", "1 ready"), names(run.json("frames")));
        assertEquals(true, run.json("summary").get(0).get("complete"));
    }

    @Test
    void withoutOptionsItIsOneToFourGuestsWithFourBoosts() {
        assertEquals(
                Stream.of(1, 2, 3, 4)
                        .flatMap(guests -> Stream.of("none", "preempted", "ready", "pending-irq")
                                .map(boost -> guests + " " + boost))
                        .toList(),
                names(frames("--seeds 1 --for 1ms --json").json("frames")));
    }

    @Test
    void aSeedIsWhatWatchShowsOfTheSameDevice() {
        Map<String, Object> row = frames("--overcommit 3 --boost ready --seed 4 --seeds 2 --for 350ms --json")
                .json("frames")
                .get(0);
        List<Map<String, Object>> seeds = Json.members(row, "by_seed");
        assertEquals(2, seeds.size());
        for (Map<String, Object> seed : seeds) {
            Map<String, Object> watched = Json.member(
                    run("watch emulated:v5:flip,overcommit=3,boost=ready,seed=" + seed.remove("seed")
                                    + " --virtual --for 350ms --json")
                            .summary(),
                    "frames");
            assertTrue(Json.number(watched, "frames") > 0, watched.toString());
            assertEquals(watched, seed);
        }
    }

    @Test
    void aRowIsAllFramesOfItsSeeds() {
        Map<String, Object> row = frames("--overcommit 2 --boost preempted --seeds 3 --for 300ms --json")
                .json("frames")
                .get(0);
        List<Map<String, Object>> seeds = Json.members(row, "by_seed");
        for (String count : COUNTS) {
            assertEquals(
                    seeds.stream().mapToLong(seed -> Json.number(seed, count)).sum(), Json.number(row, count), count);
        }
        for (String lateness : List.of("flip_lateness_us", "refresh_lateness_us")) {
            List<Double> longest = seeds.stream()
                    .map(seed -> Json.member(seed, lateness).get("max"))
                    .map(max -> ((Number) max).doubleValue())
                    .sorted()
                    .toList();
            assertEquals(longest.get(2), ((Number) Json.member(row, lateness).get("max")).doubleValue(), lateness);
        }
        List<Double> shares = seeds.stream()
                .map(seed -> (double) Json.number(seed, "missed_vblanks") / Json.number(seed, "vblanks"))
                .sorted()
                .toList();
        Map<String, Object> share = Json.member(row, "missed_share");
        assertEquals(shares.get(0), ((Number) share.get("lowest")).doubleValue(), 1e-7);
        assertEquals(shares.get(2), ((Number) share.get("highest")).doubleValue(), 1e-7);
        assertEquals(
                shares.stream().mapToDouble(each -> each).average().getAsDouble(),
                ((Number) share.get("mean")).doubleValue(),
                1e-7);
    }

    @Test
    void theResultIsTheSameOnAnyNumberOfThreads() {
        List<String> rows = Stream.of(1, 3)
                .map(threads -> frames(TINY + " --csv --threads " + threads).out())
                .toList();
        assertEquals(5, rows.get(0).lines().count());
        assertEquals(rows.get(0), rows.get(1));
    }

    @Test
    void theTableSaysWhatIsAssumed() {
        CommandRun run = frames(TINY);
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        assertTrue(run.outLines().get(0).endsWith("; 2 seeds from 1 on, 250ms each"), run.out());
        assertTrue(run.out().contains("guests  boost  frames  vblanks  without"), run.out());
        assertTrue(run.out().matches("(?s).*\n1 +none +30 +30 +0\\.0 % .*\n2 +ready .*"), run.out());
        assertTrue(run.out().contains("What the guests do is assumed, not measured"), run.out());
        assertTrue(run.out().contains("a flip's lateness includes the drawing"), run.out());
        assertTrue(run.out().contains("\nSimulated: "), run.out());
    }

    @Test
    void whatHasNoFrameHasNoLateness() {
        String options = "--overcommit 1 --boost none --seeds 1 --for 16ms";
        assertTrue(frames(options).out().matches("(?s).*\n1 +none +0 +1 +0\\.0 % +0\\.0-0\\.0 +(- +){5}-\n.*"));
        Map<String, Object> row = frames(options + " --json").json("frames").get(0);
        assertTrue(row.containsKey("flip_lateness_us"));
        assertEquals(null, row.get("flip_lateness_us"));
        List<String> lines = frames(options + " --csv").outLines();
        assertEquals("1,none,1,0,1,0,,,,,,,0,0,0", lines.get(1));
        assertEquals(lines.get(0).split(",").length, lines.get(1).split(",", -1).length);
    }

    @Test
    void progressIsOnStandardErrorOfATerminalOnly() {
        CommandRun run = CommandRun.onTerminal(
                "vcpu", "frames", "--overcommit", "1", "--boost", "none", "--seeds", "2", "--for", "20ms");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.err().contains("2 of 2 runs, 100 %"), run.err());
        assertFalse(run.out().contains("of 2 runs"), run.out());
    }

    @Test
    void theChartIsAPicture() throws IOException {
        Path file = directory.resolve("lateness.png");
        CommandRun run = frames(TINY + " --chart " + file);
        assertEquals(0, run.exitCode(), run.err());
        ChartFile.assertPicture(file, 900, 450);
        byte[] drawn = Files.readAllBytes(file);
        assertEquals(
                0,
                frames("--overcommit 1 --boost none --seeds 1 --for 1ms --chart " + file)
                        .exitCode());
        ChartFile.assertPicture(file, 900, 450);
        assertFalse(Arrays.equals(drawn, Files.readAllBytes(file)), "what has no frame looks the same");
    }

    @Test
    void aChartThatCannotBeWrittenIsAFailureThatNamesTheFile() {
        CommandRun run = frames("--overcommit 1 --boost none --seeds 1 --for 20ms --chart "
                + directory.resolve("no").resolve("such.png"));
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("such.png: there is no such directory"), run.err());
    }

    @ParameterizedTest
    @EnabledOnOs({OS.LINUX, OS.MAC})
    @ValueSource(strings = {"", "--chart"})
    void sigintEndsItWithWhatIsDone(String chart) throws Exception {
        Path file = directory.resolve("lateness.png");
        List<String> arguments = new ArrayList<>(List.of(
                "vcpu", "frames", "--overcommit", "2", "--boost", "none", "--seeds", "3", "--for", "24h", "--json"));
        if (!chart.isEmpty()) {
            arguments.addAll(List.of(chart, file.toString()));
        }
        Process process = OwnJvm.start(arguments.toArray(String[]::new));
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            lines.add(out.readLine());
            OwnJvm.interrupt(process);
            out.lines().forEach(lines::add);
        }
        try (BufferedReader err = process.errorReader(UTF_8)) {
            assertEquals("", err.lines().collect(Collectors.joining("\n")));
        }
        assertEquals(128 + 2, process.waitFor());
        assertEquals(
                List.of("parameters", "summary"),
                lines.stream().map(line -> Json.object(line).get("type")).toList());
        assertEquals(false, Json.object(lines.get(1)).get("complete"));
        assertFalse(Files.exists(file), "nothing is drawn of nothing");
    }
}
