package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.io.PrintWriter;
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

/** {@code vfio4j watch [DEVICE]}. */
@Command(
        name = "watch",
        description = "Prints the refresh events of a display, then a summary.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j watch",
            "  vfio4j watch emulated:v5:flip --for 3s",
            "  vfio4j watch emulated:v6:cursor,size=1280x720 --virtual --for 1h --json",
            "  vfio4j watch emulated:none --policy timer=8ms",
            "  vfio4j watch emulated:v5:overcommit=3,boost=ready --virtual",
            "  vfio4j watch 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11 --for 10s --json",
            "  vfio4j watch pid:4711",
            "  vfio4j watch socket:/run/vm1/vgpu.sock",
            "",
            "pid:PID[/UUID] is a device that the process, mostly a VMM, has open; it needs the right to trace it,",
            "which root has. socket:PATH is one that a process offers. The owner goes on undisturbed: nothing is armed,",
            "and a timer looks. When the owner ends, so does this.",
            "",
            "DIALECT and ITEM of an emulated device: 'vfio4j list' names them. With overcommit=GUESTS the guest's vCPUs wait",
            "for processors; the summary then tells how late frames were flipped and signalled, and how many vblanks were missed.",
            "Ctrl-C ends it in order: the irq is disarmed, the device closed, the summary printed."
        })
final class WatchCommand implements Callable<Integer> {
    private static final Duration DEFAULT_VIRTUAL = Duration.ofSeconds(10);
    private static final int MOST_HINTED = 3;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Parameters(
            arity = "0..1",
            paramLabel = "DEVICE",
            converter = DeviceNameConverter.class,
            description = DisplayChoice.DEVICES + " An emulated one when left out.")
    private Optional<DeviceName> device = Optional.empty();

    @Mixin
    private DisplayChoice choice;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long, for example 500ms, 5s, 2m, 1h. Until Ctrl-C when left out; 10s with --virtual.")
    private Optional<Duration> length = Optional.empty();

    @Option(
            names = "--min-interval",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "The shortest time from one event to the next; those between are merged.")
    private Duration minInterval = Duration.ZERO;

    @Option(
            names = "--virtual",
            description = "Run the emulated host in virtual time: as fast as it goes, and always with the same result.")
    private boolean virtual;

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        DeviceName name = device.orElseGet(() -> DeviceName.parse(DeviceName.DEFAULT));
        parent.endsWithItsReader();
        if (virtual && !(name instanceof DeviceName.Emulated)) {
            throw new ParameterException(
                    spec.commandLine(), "--virtual is for emulated devices: the time of " + name.text() + " is real");
        }
        if (device.isEmpty() && !virtual) {
            hintAtRealVgpus();
        }
        choice.requireSense(List.of(name));
        WatchSession session = new WatchSession(
                name.text(),
                output(name),
                choice,
                minInterval,
                spec.commandLine().getOut(),
                spec.commandLine().getErr());
        if (name instanceof DeviceName.Emulated emulated) {
            if (virtual) {
                session.runVirtual(emulated, length.orElse(DEFAULT_VIRTUAL));
            } else {
                session.runEmulated(emulated, length);
            }
        } else {
            SystemCalls calls = parent.localHost().open();
            session.runReal(calls, () -> OpenedDevice.open(calls, name, choice.path()), length);
        }
        return 0;
    }

    private WatchOutput output(DeviceName name) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            return new EventJson(out, name.text());
        }
        return parent.terminal() ? new LiveLine(out) : new EventLines(out);
    }

    /** Never opens one unasked: opening would take the group from whoever is about to start a VM. */
    private void hintAtRealVgpus() {
        List<MdevDevice> found;
        try {
            found = MdevDevice.list(parent.localHost().open());
        } catch (IOException unavailable) {
            return;
        }
        PrintWriter err = spec.commandLine().getErr();
        found.stream()
                .limit(MOST_HINTED)
                .forEach(mdev -> err.println("This host has the mediated device " + mdev.uuid()
                        + (mdev.type().isEmpty() ? "" : " (" + mdev.type() + ")") + "; to watch it: vfio4j watch "
                        + mdev.uuid()));
        if (found.size() > MOST_HINTED) {
            err.println("and " + (found.size() - MOST_HINTED) + " more; 'vfio4j list' names them");
        }
        err.flush();
    }
}
