package io.vfio4j.cli;

import java.awt.AWTError;
import java.awt.GraphicsEnvironment;
import java.awt.HeadlessException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether windows can be shown. */
final class WindowSystem {
    private WindowSystem() {}

    /**
     * Finds out before anything is opened.
     *
     * @throws IOException when they cannot, with a sentence that says what can be done instead
     */
    static void require(List<DeviceName> devices) throws IOException {
        Optional<String> problem = problem();
        if (problem.isPresent()) {
            throw new IOException(problem.get() + "; 'vfio4j serve "
                    + devices.stream().map(DeviceName::text).collect(Collectors.joining(" "))
                    + "' shows it to VNC clients");
        }
    }

    private static Optional<String> problem() {
        try {
            if (GraphicsEnvironment.isHeadless()) {
                return Optional.of(
                        display().isPresent()
                                ? "there can be no window: this Java was started, or is installed, without windows"
                                        + " (java.awt.headless, or a package called headless)"
                                : "there can be no window: DISPLAY names no X server");
            }
            GraphicsEnvironment.getLocalGraphicsEnvironment().getScreenDevices();
            return Optional.empty();
        } catch (HeadlessException | AWTError refused) {
            return Optional.of(
                    "there can be no window: the X server " + display().orElse("") + " cannot be reached");
        } catch (LinkageError absent) {
            return Optional.of("there can be no window: this Java is installed without what windows need"
                    + " (Debian: default-jre instead of default-jre-headless)");
        }
    }

    private static Optional<String> display() {
        return Optional.ofNullable(System.getenv("DISPLAY")).filter(name -> !name.isBlank());
    }
}
