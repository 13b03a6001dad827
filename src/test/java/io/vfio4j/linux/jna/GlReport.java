package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.Graphics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a user finds out about GL, in a JVM of its own: which libraries are there before and after the question, and the answer. */
public final class GlReport {
    private GlReport() {}

    /**
     * Reports.
     *
     * @param arguments the file to write to
     * @throws IOException when it cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        List<String> report = new ArrayList<>();
        Graphics graphics = JnaLinux.isAvailable() ? JnaLinux.open().graphics() : new EglGraphics();
        report.add("before " + libraries());
        report.add("available " + graphics.isAvailable());
        graphics.unavailabilityCause().ifPresent(cause -> report.add("cause " + cause.getMessage()));
        report.add("after " + libraries());
        try {
            graphics.open(List.of("/dev/null")).close();
        } catch (IOException e) {
            report.add("refused " + e.getMessage());
        }
        Files.write(Path.of(arguments[0]), report);
    }

    private static List<String> libraries() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .map(line -> line.replaceFirst(".*/", ""))
                .filter(name -> name.matches("lib(EGL|gbm|GLESv2|GLdispatch|gallium).*"))
                .map(name -> name.replaceFirst("\\.so.*", ""))
                .distinct()
                .sorted()
                .toList();
    }
}
