package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Native;
import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What users meet whose machine or command line lacks something: each case in a JVM of its own. */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AvailabilityTest {
    private static final String OURS = home(JnaLinux.class);
    private static final String TESTS = home(AvailabilityReport.class);
    private static final String JNA = home(Native.class);

    @TempDir
    Path directory;

    /** The jar or directory that a class comes from. */
    private static String home(Class<?> type) {
        URI location = URI.create(
                type.getProtectionDomain().getCodeSource().getLocation().toString());
        return Path.of(location).toString();
    }

    private List<String> reportOnClassPath(String path, String... options) throws Exception {
        List<String> all = new ArrayList<>(Arrays.asList(options));
        all.addAll(List.of("-cp", path, AvailabilityReport.class.getName()));
        return report(all);
    }

    private List<String> reportAsModule(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of("-p", classPath(OURS, JNA)));
        all.addAll(List.of("--patch-module", "io.vfio4j=" + TESTS));
        all.addAll(Arrays.asList(options));
        all.addAll(List.of("-m", "io.vfio4j/" + AvailabilityReport.class.getName()));
        return report(all);
    }

    private List<String> report(List<String> options) throws Exception {
        Path report = directory.resolve("report");
        Path output = directory.resolve("output");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add(report.toString());
        int exit = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        assertEquals(0, exit, Files.readString(output));
        return Files.readAllLines(report);
    }

    private static String classPath(String... parts) {
        return String.join(File.pathSeparator, parts);
    }

    private static String line(List<String> report, String start) {
        return report.stream()
                .filter(line -> line.startsWith(start + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no line " + start + ": " + report))
                .substring(start.length() + 1);
    }

    private void assumeBridge() {
        BuiltBridge.open();
    }

    @Test
    void with_everything_there_the_bridge_is_used() throws Exception {
        assumeBridge();
        assertEquals(
                List.of("available true", "jna fine", "bridge fine", "opened Linux through JNA and the bridge"),
                reportOnClassPath(classPath(OURS, TESTS, JNA)));
    }

    @Test
    void without_jna_on_the_class_path_it_says_what_to_add() throws Exception {
        List<String> report = reportOnClassPath(classPath(OURS, TESTS));
        assertEquals("false", line(report, "available"));
        assertEquals("JNA is not on the class path. Add the artifact net.java.dev.jna:jna-jpms.", line(report, "jna"));
        assertEquals(line(report, "jna"), line(report, "refused"));
        assertEquals("Not looked for, as JNA is not available.", line(report, "bridge"));
    }

    @Test
    void without_jna_in_the_module_graph_it_says_how_to_get_it_there() throws Exception {
        List<String> report = reportAsModule();
        assertEquals("false", line(report, "available"));
        assertTrue(line(report, "jna").startsWith("JNA is not in the module graph. Add `requires com.sun.jna`"));
        assertTrue(line(report, "jna").contains("--add-modules com.sun.jna"));
    }

    @Test
    void as_a_module_beside_the_module_of_jna_it_is_complete() throws Exception {
        assumeBridge();
        List<String> report = reportAsModule("--add-modules", "com.sun.jna");
        assertEquals("Linux through JNA and the bridge", line(report, "opened"));
    }

    @Test
    void properties_switch_jna_and_the_bridge_off() throws Exception {
        List<String> off = reportOnClassPath(classPath(OURS, TESTS, JNA), "-Dio.vfio4j.jna=off");
        assertEquals("Switched off by -Dio.vfio4j.jna=off.", line(off, "refused"));
        List<String> alone = reportOnClassPath(classPath(OURS, TESTS, JNA), "-Dio.vfio4j.bridge=off");
        assertEquals("Switched off by -Dio.vfio4j.bridge=off.", line(alone, "bridge"));
        assertEquals("Linux through JNA", line(alone, "opened"));
    }

    @Test
    void where_jna_cannot_unpack_its_library_it_says_which_property_helps() throws Exception {
        List<String> report = reportOnClassPath(classPath(OURS, TESTS, JNA), "-Djna.tmpdir=/proc/self/none");
        assertEquals("false", line(report, "available"));
        assertTrue(line(report, "jna").contains("-Djna.tmpdir=DIRECTORY"), report::toString);
    }

    @Test
    void a_bridge_may_come_from_elsewhere_and_is_missed_where_it_is_not() throws Exception {
        assumeBridge();
        String resource = EpollAbi.ofThisMachine().orElseThrow().directory();
        String built = OURS + "/io/vfio4j/linux/jna/" + resource;
        assumeTrue(Files.isDirectory(Path.of(built)), "the library is in a jar here");
        String path = classPath(OURS, TESTS, JNA);
        for (String place : List.of(built, built + "/" + BridgeLibrary.FILE)) {
            assertEquals("fine", line(reportOnClassPath(path, "-Dio.vfio4j.bridge.path=" + place), "bridge"));
        }
        List<String> missed = reportOnClassPath(path, "-Dio.vfio4j.bridge.path=/no/such/file.so");
        assertTrue(line(missed, "bridge").contains("/no/such/file.so"), missed::toString);
        assertEquals("Linux through JNA", line(missed, "opened"));
    }

    @Test
    void a_bridge_of_another_version_is_refused() throws Exception {
        Path source = Path.of("native/bridge/bridge.c").toAbsolutePath();
        assumeTrue(Files.exists(source), "the sources are not here");
        Path stale = directory.resolve("stale.so");
        String include = System.getProperty("java.home") + "/include";
        assumeTrue(Files.exists(Path.of(include, "jni.h")), "there is no jni.h");
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":")).anyMatch(bin -> Files.isExecutable(Path.of(bin, "cc"))),
                "there is no cc");
        int exit = new ProcessBuilder(
                        "cc",
                        "-DVERSION=999",
                        "-shared",
                        "-fPIC",
                        "-I" + include,
                        "-I" + include + "/linux",
                        "-o",
                        stale.toString(),
                        source.toString())
                .inheritIO()
                .start()
                .waitFor();
        assertEquals(0, exit);
        List<String> report = reportOnClassPath(classPath(OURS, TESTS, JNA), "-Dio.vfio4j.bridge.path=" + stale);
        assertEquals(
                "The bridge that was found is of version 999, this is for " + Bridge.VERSION + ": build it anew.",
                line(report, "bridge"));
        assertEquals("Linux through JNA", line(report, "opened"));
    }

    @Test
    void nothing_is_left_behind_in_the_directory_for_temporary_files() throws Exception {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        reportOnClassPath(classPath(OURS, TESTS, JNA), "-Djava.io.tmpdir=" + temporary);
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(
                    List.of(),
                    left.filter(file -> file.toString().contains("vfio4j")).toList());
        }
    }
}
