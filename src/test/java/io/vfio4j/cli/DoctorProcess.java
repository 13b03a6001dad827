package io.vfio4j.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** {@code vfio4j doctor} in a process of its own, as any user: setpriv(1). Its class path is a copy that every user may read. */
final class DoctorProcess {
    static final String NOBODY = "65534";

    private static final Pattern COMMANDS = Pattern.compile("[Aa]s root: (.+?)\\.(?= [A-Z]|$)");
    private static final List<String> NEEDED =
            List.of("classes", "jna-jpms", "picocli", "jackson-core", "HdrHistogram");

    private final Path copy;

    /** Copies the class path to a directory, which is opened to everybody. */
    DoctorProcess(Path directory) throws IOException {
        copy = directory;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry);
            if (NEEDED.stream().anyMatch(name -> path.getFileName().toString().startsWith(name))) {
                copyTo(path, copy.resolve(path.getFileName().toString()));
            }
        }
        try (Stream<Path> all = Files.walk(copy)) {
            for (Path path : all.toList()) {
                Files.setPosixFilePermissions(
                        path, PosixFilePermissions.fromString(Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
    }

    private static void copyTo(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    /** As root, or whoever runs the test. */
    CommandRun run(String... arguments) throws IOException, InterruptedException {
        return run(List.of(), arguments);
    }

    /** As nobody, in the groups that it is in by /etc/group. */
    CommandRun asNobody(String... arguments) throws IOException, InterruptedException {
        return run(List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--init-groups"), arguments);
    }

    CommandRun run(List<String> prefix, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                copy.resolve("classes") + File.pathSeparator + copy + "/*",
                "io.vfio4j.cli.Main",
                "doctor"));
        command.addAll(Arrays.asList(arguments));
        Path err = Files.createTempFile("doctor", ".err");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
        // Where JNA unpacks its library.
        builder.environment().put("HOME", "/tmp");
        Process process = builder.start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exitCode = process.waitFor();
        String errors = Files.readString(err);
        Files.delete(err);
        return new CommandRun(exitCode, out, errors);
    }

    /** One finding of a run with {@code --json}. */
    static Map<String, Object> finding(CommandRun run, String id) {
        return run.json("finding").stream()
                .filter(finding -> id.equals(finding.get("id")))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + id + " in " + run.out() + run.err()));
    }

    /** Does what an advice says that root shall do, word for word. */
    static List<String> follow(Map<String, Object> finding) throws IOException, InterruptedException {
        List<String> done = new ArrayList<>();
        Matcher commands = COMMANDS.matcher(String.valueOf(finding.get("advice")));
        while (commands.find()) {
            root(commands.group(1));
            done.add(commands.group(1));
        }
        if (done.isEmpty()) {
            throw new AssertionError("nothing to follow: " + finding);
        }
        return done;
    }

    static void root(String command) throws IOException, InterruptedException {
        Process shell = new ProcessBuilder("bash", "-c", command)
                .redirectErrorStream(true)
                .start();
        shell.getOutputStream().close();
        String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (shell.waitFor() != 0) {
            throw new AssertionError(command + ": " + output);
        }
    }
}
