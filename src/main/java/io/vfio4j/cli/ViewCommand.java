package io.vfio4j.cli;

import io.vfio4j.frontend.swing.Scaling;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j view DEVICE...}. */
@Command(
        name = "view",
        description = "Shows displays in a window.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j view emulated:v5:cursor",
            "  vfio4j view emulated:v5:flip emulated:v6:mode --windows",
            "  vfio4j view --wall emulated:v5 emulated:v6:cursor emulated:port:console emulated:mdpy",
            "  vfio4j view 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11 --scale integer --fullscreen",
            "  vfio4j view pid:4711 --fetch-dmabuf",
            "",
            "Keys: F11 full screen, Esc back from it, F1 numbers over the picture (events, pictures per second, latency),",
            "Ctrl-PageDown the next tab, Ctrl-Q the end. On a wall, a click on a tile enlarges it; a click or Esc leads back.",
            "What is typed and clicked is not passed to the guest.",
            "",
            "A device that vanishes is shown again when it is back. Only what is seen is read from a device: nothing in tabs",
            "that are not selected, or in iconified windows. Without a screen, 'vfio4j serve' shows displays elsewhere."
        })
final class ViewCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Parameters(
            arity = "1..*",
            paramLabel = "DEVICE",
            converter = DeviceNameConverter.class,
            description = DisplayChoice.DEVICES)
    private List<DeviceName> devices = List.of();

    @Mixin
    private DisplayChoice choice;

    @Option(
            names = "--tabs",
            description = "Several devices: one window, with a tab for each. That is so when nothing else is said.")
    private boolean tabs;

    @Option(names = "--windows", description = "Several devices: a window for each.")
    private boolean windows;

    @Option(names = "--wall", description = "Several devices: one window, with all of them side by side.")
    private boolean wall;

    @Option(
            names = "--scale",
            paramLabel = "fit|integer|1:1",
            converter = ScalingConverter.class,
            description =
                    "How large a guest's pixel is: as it fits the window (fit, the default), the same by whole numbers"
                            + " only, or one of the screen's pixels.")
    private Scaling scaling = Scaling.FIT;

    @Option(names = "--fullscreen", description = "Begin with the full screen.")
    private boolean fullScreen;

    @Option(names = "--overlay", description = "Begin with the numbers that F1 shows.")
    private boolean overlay;

    @Option(
            names = "--wait",
            description =
                    "Show a device that is not there yet, or cannot be opened, as soon as it can; the window says why"
                            + " meanwhile.")
    private boolean wait;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long, for example 30s. Until the last window is closed when left out.")
    private Optional<Duration> length = Optional.empty();

    @Override
    public Integer call() throws IOException {
        requireSense();
        WindowSystem.require(devices);
        new ViewSession(
                        parent.localHost(),
                        devices,
                        choice,
                        wait,
                        spec.commandLine().getErr())
                .run(new ViewWindows.Wishes(arrangement(), scaling, fullScreen, overlay), length);
        return 0;
    }

    private void requireSense() {
        choice.requireSense(devices);
        if ((tabs ? 1 : 0) + (windows ? 1 : 0) + (wall ? 1 : 0) > 1) {
            throw new ParameterException(spec.commandLine(), "--tabs, --windows or --wall: which?");
        }
        if (fullScreen && windows && devices.size() > 1) {
            throw new ParameterException(
                    spec.commandLine(), "--fullscreen is for one window; with --windows there are " + devices.size());
        }
        if (wall && scaling != Scaling.FIT) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--scale is for tabs and windows; on a wall all displays are fitted to their tiles");
        }
    }

    private ViewWindows.Arrangement arrangement() {
        if (wall) {
            return ViewWindows.Arrangement.WALL;
        }
        return windows ? ViewWindows.Arrangement.WINDOWS : ViewWindows.Arrangement.TABS;
    }
}
