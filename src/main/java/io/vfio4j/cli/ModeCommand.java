package io.vfio4j.cli;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.RefreshPolicy;
import io.vfio4j.display.edid.DetailedTiming;
import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.Monitor;
import io.vfio4j.display.edid.MonitorLimits;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j mode DEVICE [MODE]}. */
@Command(
        name = "mode",
        description = "Shows the mode of a guest's display, or sets it: the guest gets a monitor that prefers it.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j mode emulated",
            "  vfio4j mode emulated:v5 1280x720",
            "  vfio4j mode pid:4711 1920x1080@75 --wait 10s",
            "",
            "Setting a mode unplugs the guest's monitor, exchanges its EDID, and plugs it in again.",
            "Most guests then take the mode that the new monitor prefers; whether and when is the guest's own affair.",
            "A device that nobody has open is opened for it, and its driver may forget the monitor when it is closed.",
            "",
            "Exit codes: 0 the monitor is plugged in, or the mode is shown; 1 that failed, 2 the command line is wrong."
        })
final class ModeCommand implements Callable<Integer> {
    private static final Duration LOOK_PERIOD = Duration.ofMillis(50);

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Mixin
    private DeviceChoice device;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "WIDTHxHEIGHT[@HERTZ]",
            converter = ModeText.Converter.class,
            description = "The mode to set, at 60 Hz if not said otherwise.")
    private Optional<ModeText> wanted = Optional.empty();

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long to wait for the guest to take the mode, for example 500ms, 10s; 2s when left out.")
    private Duration wait = Duration.ofSeconds(2);

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        // Once the monitor is unplugged, a signal does not keep it from being plugged in again.
        try (Ending ending = Ending.onSignals()) {
            device.visit(parent, (calls, opened) -> run(calls, opened, ending));
        }
        return 0;
    }

    private void run(SystemCalls calls, OpenedDevice opened, Ending ending) throws IOException {
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, opened.device(), options())) {
            Guest guest = new Guest();
            display.subscribe(guest);
            LoopTime.await(loop, guest.known, wait, ending);
            if (wanted.isPresent() && !ending.isRequested()) {
                set(wanted.get(), loop, display, guest, ending);
            }
            print(display, guest);
        }
    }

    /** Nothing is armed: a look now and then is enough. */
    private DisplayOptions options() {
        return DisplayOptions.DEFAULTS
                .withPolicy(RefreshPolicy.timer(LOOK_PERIOD))
                .withErrorHandler((what, cause) -> {
                    spec.commandLine().getErr().println("vfio4j: " + Vfio4j.oneLine(what + ": " + cause.getMessage()));
                    spec.commandLine().getErr().flush();
                });
    }

    private void set(ModeText mode, EventLoop loop, Display display, Guest guest, Ending ending) throws IOException {
        try {
            LoopTime.await(loop, display.setMode(mode.width(), mode.height(), mode.hertz()));
        } catch (IllegalArgumentException e) {
            throw new IOException("cannot set " + mode + ": " + e.getMessage(), e);
        }
        LoopTime.await(loop, guest.shows(mode), wait, ending);
        if (!guest.isShowing(mode) && !ending.isRequested()) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("vfio4j: the monitor is plugged in, but the guest has not taken " + mode + " within "
                    + DurationText.format(wait));
            err.flush();
        }
    }

    private void print(Display display, Guest guest) throws IOException {
        Optional<Monitor> monitor = display.monitor();
        Optional<Edid> edid = monitor.isPresent() ? monitor.get().edid() : Optional.empty();
        Optional<Boolean> linkUp =
                monitor.isPresent() ? Optional.of(monitor.get().linkUp()) : Optional.empty();
        Optional<MonitorLimits> limits =
                monitor.isPresent() ? Optional.of(monitor.get().limits()) : Optional.empty();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> object = JsonLines.object("mode");
            object.put("device", device.text());
            object.put("guest", guest.mode.map(ModeCommand::object));
            object.put("monitor", edid.flatMap(Edid::preferred).map(ModeCommand::object));
            object.put("link_up", linkUp);
            object.put("max_width", limits.map(MonitorLimits::width).filter(pixels -> pixels > 0));
            object.put("max_height", limits.map(MonitorLimits::height).filter(pixels -> pixels > 0));
            new JsonLines(out).print(object);
            return;
        }
        out.println("Device " + device.text());
        out.println("  guest    " + guest.mode.map(DisplayMode::toString).orElse("nothing is scanned out"));
        out.println("  monitor  " + monitorText(edid, linkUp));
        limits.ifPresent(most -> out.println("  limits   " + most));
    }

    private static String monitorText(Optional<Edid> edid, Optional<Boolean> linkUp) {
        if (linkUp.isEmpty()) {
            return "the device has no EDID region: only its guest can set the mode";
        }
        String prefers = edid.isEmpty()
                ? "none"
                : edid.get().preferred().map(DetailedTiming::toString).orElse("one that prefers no mode");
        return prefers + (linkUp.get() ? ", plugged in" : ", unplugged");
    }

    private static Map<String, Object> object(DisplayMode mode) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("width", mode.width());
        object.put("height", mode.height());
        object.put("format", mode.format());
        return object;
    }

    private static Map<String, Object> object(DetailedTiming timing) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("width", timing.width());
        object.put("height", timing.pictureHeight());
        object.put("hertz", EdidText.hertz(timing));
        return object;
    }

    /** What the guest shows; on the loop's thread, which is ours. */
    private static final class Guest implements RefreshListener {
        private final CountDownLatch known = new CountDownLatch(1);
        private Optional<DisplayMode> mode = Optional.empty();
        private Optional<ModeText> awaited = Optional.empty();
        private CountDownLatch shown = new CountDownLatch(1);

        private CountDownLatch shows(ModeText wanted) {
            awaited = Optional.of(wanted);
            shown = new CountDownLatch(isShowing(wanted) ? 0 : 1);
            return shown;
        }

        private boolean isShowing(ModeText wanted) {
            return mode.filter(now -> now.width() == wanted.width() && now.height() == wanted.height())
                    .isPresent();
        }

        @Override
        public void onRefresh(RefreshEvent event) {
            known.countDown();
        }

        @Override
        public void onModeChanged(DisplayMode changed) {
            mode = Optional.of(changed);
            if (awaited.filter(this::isShowing).isPresent()) {
                shown.countDown();
            }
        }

        @Override
        public void onOff() {
            mode = Optional.empty();
            known.countDown();
        }

        @Override
        public void onClosed(Optional<Throwable> cause) {
            known.countDown();
            shown.countDown();
        }
    }
}
