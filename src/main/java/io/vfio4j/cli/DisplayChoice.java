package io.vfio4j.cli;

import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.RefreshPolicy;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.DeviceOwner;
import io.vfio4j.vfio.VfioDevice;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the displays of a command are opened that shows them for a while, and where their events come from. */
final class DisplayChoice {
    /** What a DEVICE of such a command may be. */
    static final String DEVICES = "emulated[:DIALECT[:ITEM,...]], a UUID, /sys/bus/mdev/devices/UUID,"
            + " or what another process has open: pid:PID[/UUID], socket:PATH.";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--policy",
            paramLabel = "auto|irq|timer|timer=PERIOD",
            converter = PolicyText.class,
            description =
                    "Where events come from: the display irq, a timer, or what the device has (auto, the default).")
    private RefreshPolicy policy = RefreshPolicy.AUTO;

    @Option(
            names = "--path",
            paramLabel = "group|cdev",
            converter = AttachPathConverter.class,
            description = AttachPathConverter.DESCRIPTION)
    private Optional<AttachPath> path = Optional.empty();

    @Option(
            names = "--take-irq",
            description =
                    "On a device of another process, use the display irq all the same. There is one trigger for each device:"
                            + " if the owner uses it, which cannot be seen, it gets no more events. Killed by SIGKILL, this"
                            + " command leaves it armed.")
    private boolean takeIrq;

    @Option(
            names = "--fetch-dmabuf",
            description =
                    "On a device of another process, fetch the framebuffers' dma-bufs all the same, so that ids are not used"
                            + " again and every flip is seen. If the owner shows the display, its own fetch can fail, and"
                            + " some drivers crash.")
    private boolean fetchDmaBufs;

    RefreshPolicy policy() {
        return policy;
    }

    Optional<AttachPath> path() {
        return path;
    }

    /** Refuses options that none of the devices has a use for. */
    void requireSense(List<DeviceName> devices) {
        if (devices.stream().allMatch(DeviceName::isShared)) {
            AttachPathConverter.requireOpening(spec.commandLine(), devices.get(0), path);
        }
        if ((takeIrq || fetchDmaBufs) && devices.stream().noneMatch(DeviceName::isShared)) {
            throw new ParameterException(
                    spec.commandLine(),
                    (takeIrq ? "--take-irq" : "--fetch-dmabuf") + " is for devices of another process (pid:, socket:): "
                            + devices.get(0).text() + " is ours alone");
        }
    }

    /** For attaching. */
    DisplayOptions options(ErrorHandler errors) {
        DisplayOptions options = DisplayOptions.DEFAULTS.withPolicy(policy).withErrorHandler(errors);
        options = takeIrq ? options.takingIrq() : options;
        return fetchDmaBufs ? options.fetchingDmaBufs() : options;
    }

    /** Errors as a line each. */
    static ErrorHandler errorsTo(PrintWriter err) {
        return (what, cause) -> {
            err.println("vfio4j: " + Vfio4j.oneLine(what + ": " + cause.getMessage()));
            err.flush();
        };
    }

    /** What is there once for each device is the owner's. */
    void warnOfSharing(VfioDevice device, PrintWriter err) {
        if (!device.shared()) {
            return;
        }
        String owner = device.owner().map(DeviceOwner::description).orElse("its owner");
        if (!takeIrq && !fetchDmaBufs) {
            err.println("vfio4j: " + device.name() + " is shared with " + owner
                    + ": nothing is armed and no dma-buf is fetched; events come from a timer");
        }
        if (takeIrq) {
            err.println("vfio4j: warning: --take-irq: the display irq has one trigger. If " + owner
                    + " uses it, which cannot be seen, it gets no events from now on; and if this command is killed"
                    + " (SIGKILL), the irq stays armed");
        }
        if (fetchDmaBufs) {
            err.println("vfio4j: warning: --fetch-dmabuf: if " + owner
                    + " shows the display, its own fetch of the same framebuffer can fail, and some drivers crash");
        }
        err.flush();
    }
}
