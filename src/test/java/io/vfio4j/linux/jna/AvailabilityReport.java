package io.vfio4j.linux.jna;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Runs in a JVM of its own and writes down what it finds: what is available, what is not, and why. */
public final class AvailabilityReport {
    private AvailabilityReport() {}

    /**
     * Writes the report.
     *
     * @param arguments the file to write
     */
    public static void main(String[] arguments) throws Exception {
        StringBuilder report = new StringBuilder();
        report.append("available ").append(JnaLinux.isAvailable()).append('\n');
        report.append("jna ").append(message(JnaLinux.unavailabilityCause())).append('\n');
        report.append("bridge ")
                .append(message(JnaLinux.bridgeUnavailabilityCause()))
                .append('\n');
        try {
            String name = JnaLinux.open().name();
            report.append("opened ").append(name).append('\n');
        } catch (UnsupportedOperationException refusal) {
            report.append("refused ").append(refusal.getMessage()).append('\n');
        }
        Files.writeString(Path.of(arguments[0]), report);
    }

    private static String message(Optional<Throwable> cause) {
        return cause.map(Throwable::getMessage).orElse("fine");
    }
}
