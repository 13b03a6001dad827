package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The device of a command that looks at one for a short time: which, and by which way in. */
final class DeviceChoice {
    /** Enough for an emulated guest to have something on its screen. */
    private static final Duration GUEST_LEAD = Duration.ofMillis(100);

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "DEVICE",
            converter = DeviceNameConverter.class,
            description = "emulated[:DIALECT[:ITEM,...]], a UUID, /sys/bus/mdev/devices/UUID,"
                    + " or what another process has open: pid:PID[/UUID], socket:PATH.")
    private DeviceName name;

    @Option(
            names = "--path",
            paramLabel = "group|cdev",
            converter = AttachPathConverter.class,
            description = AttachPathConverter.DESCRIPTION)
    private Optional<AttachPath> path = Optional.empty();

    /** What is done with the device. */
    interface Errand {
        /**
         * Does it.
         *
         * @param calls the device's host
         * @param opened closed afterwards
         */
        void run(SystemCalls calls, OpenedDevice opened) throws IOException;
    }

    /** As it was typed. */
    String text() {
        return name.text();
    }

    boolean isShared() {
        return name.isShared();
    }

    /** Refuses a way in for what is open already; {@link #visit} would not take it. */
    void requireSense() {
        AttachPathConverter.requireOpening(spec.commandLine(), name, path);
    }

    /** Opens it, and closes it afterwards. An emulated host is one in virtual time, whose guest runs already. */
    void visit(Vfio4j command, Errand errand) throws IOException {
        requireSense();
        if (name instanceof DeviceName.Emulated emulation) {
            try (EmulatedDevice emulated = EmulatedDevice.inVirtualTime(emulation)) {
                SystemCalls calls = emulated.systemCalls();
                try (OpenedDevice opened = OpenedDevice.openWithBareVm(calls, emulated.mdev(), path)) {
                    emulated.runGuest();
                    emulated.advance(GUEST_LEAD);
                    errand.run(calls, opened);
                }
            }
            return;
        }
        SystemCalls calls = command.localHost().open();
        try (OpenedDevice opened = name instanceof DeviceName.Mdev mdev
                ? OpenedDevice.openWithBareVm(calls, MdevDevice.find(calls, mdev.uuid()), path)
                : OpenedDevice.share(calls, name)) {
            errand.run(calls, opened);
        }
    }
}
