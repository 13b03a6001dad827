package io.vfio4j.cli;

import io.vfio4j.doctor.Diagnosis;
import io.vfio4j.doctor.NativeAccess;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code vfio4j doctor [DEVICE]}. */
@Command(
        name = "doctor",
        description = "Says what keeps this host, or a device, from being used, and what to do about it.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j doctor",
            "  vfio4j doctor 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11",
            "  vfio4j doctor 0000:00:02.0 --json",
            "",
            "Changes nothing. A mediated device that nobody has open is opened for a look; a PCI device is not,",
            "because that would reset it. Works without privileges, and says what it could not see.",
            "",
            "Exit codes: 0 nothing was found to stand in the way, 1 a problem was found,",
            "2 the command line is wrong."
        })
final class DoctorCommand implements Callable<Integer> {
    private static final Duration GUEST_LEAD = Duration.ofMillis(100);

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Parameters(
            arity = "0..1",
            paramLabel = "DEVICE",
            converter = SubjectConverter.class,
            description = "A UUID, /sys/bus/mdev/devices/UUID, a PCI address such as 0000:00:02.0, pid:PID[/UUID],"
                    + " socket:PATH, or emulated[:DIALECT[:ITEM,...]]. The host alone when left out.")
    private Optional<Subject> device = Optional.empty();

    @Option(names = "--json", description = "One JSON object for each finding, then one that sums up.")
    private boolean json;

    /** What is looked at: a device by any name, or a PCI device. */
    sealed interface Subject {
        record Named(DeviceName name) implements Subject {}

        record Pci(String address) implements Subject {}
    }

    static final class SubjectConverter implements ITypeConverter<Subject> {
        @Override
        public Subject convert(String text) {
            if (HostDevice.isPciAddress(text)) {
                return new Subject.Pci(text);
            }
            try {
                return new Subject.Named(DeviceName.parse(text));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage() + "; or a PCI address such as 0000:00:02.0");
            }
        }
    }

    @Override
    public Integer call() throws IOException {
        Diagnosis diagnosis = diagnose();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            DiagnosisText.print(new JsonLines(out), diagnosis);
        } else {
            DiagnosisText.print(out, parent.terminal() ? Ansi.AUTO : Ansi.OFF, diagnosis);
        }
        return diagnosis.isClear() ? 0 : 1;
    }

    private Diagnosis diagnose() throws IOException {
        if (device.isEmpty()) {
            return ofThisHost(Optional.empty());
        }
        if (device.get() instanceof Subject.Pci pci) {
            return ofThisHost(Optional.of(pci.address()));
        }
        DeviceName name = ((Subject.Named) device.get()).name();
        if (name instanceof DeviceName.Emulated emulated) {
            return ofEmulated(emulated);
        }
        return name.isShared() ? ofShared(name) : ofThisHost(Optional.of(name.text()));
    }

    private static Diagnosis ofEmulated(DeviceName.Emulated name) throws IOException {
        try (EmulatedDevice emulated = EmulatedDevice.inVirtualTime(name)) {
            emulated.runGuest();
            emulated.advance(GUEST_LEAD);
            Diagnosis diagnosis = Diagnosis.of(emulated.systemCalls(), emulated.mdev());
            return new Diagnosis(name.text(), diagnosis.findings());
        }
    }

    private Diagnosis ofThisHost(Optional<String> name) {
        return reached(
                name, calls -> name.map(device -> Diagnosis.of(calls, device)).orElseGet(() -> Diagnosis.of(calls)));
    }

    /** What another process has open tells of itself, and nothing of how to open it. */
    private Diagnosis ofShared(DeviceName name) {
        return reached(Optional.of(name.text()), calls -> {
            try (OpenedDevice opened = OpenedDevice.share(calls, name)) {
                return new Diagnosis(name.text(), Diagnosis.of(opened.device()).findings());
            } catch (IOException refusal) {
                return Diagnosis.of(calls, name.text(), refusal);
            }
        });
    }

    private Diagnosis reached(Optional<String> name, Function<SystemCalls, Diagnosis> look) {
        SystemCalls calls;
        try {
            calls = parent.localHost().open();
        } catch (IOException unreachable) {
            Diagnosis diagnosis = Diagnosis.of(new NativeAccess(Optional.of(unreachable), Optional.empty()));
            return new Diagnosis(name.orElse(diagnosis.subject()), diagnosis.findings());
        }
        Diagnosis diagnosis = look.apply(calls);
        return parent.localHost()
                .nativeAccess()
                .map(Diagnosis::of)
                .map(diagnosis::after)
                .orElse(diagnosis);
    }
}
