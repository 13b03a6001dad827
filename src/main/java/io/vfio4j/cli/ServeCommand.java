package io.vfio4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j serve DEVICE...}. */
@Command(
        name = "serve",
        description = "Serves displays to VNC clients, browsers and Prometheus, until Ctrl-C.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j serve emulated:v5:cursor",
            "  vfio4j serve emulated:v5:flip emulated:v6:cursor --web --metrics",
            "  vfio4j serve 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11 pid:4711 --listen 127.0.0.1:5901",
            "  vfio4j serve socket:/run/vm1/vgpu.sock --wait --listen 5900 --lossless",
            "  vfio4j serve UUID --listen 0.0.0.0:5900 --password-file vnc.password \\",
            "      --tls server.p12 --tls-password-file server.password",
            "",
            "Only this machine reaches it unless addresses say otherwise; any other needs a password, or TLS, or both.",
            "Pictures are read only while a client looks, and once for all of them; a slow client gets fewer, newer ones.",
            "A device that vanishes leaves its clients connected: they see why, and the device again as soon as it is back.",
            "Keys and pointers of clients are dropped: the guest's input is the business of its VMM.",
            "Ctrl-C ends it in order: clients are disconnected, irqs disarmed, devices closed, the summary printed."
        })
final class ServeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Parameters(
            arity = "1..*",
            paramLabel = "DEVICE",
            converter = DeviceNameConverter.class,
            description = DisplayChoice.DEVICES)
    private List<DeviceName> devices;

    @Mixin
    private ServerChoice servers;

    @Mixin
    private DisplayChoice displays;

    @Option(
            names = "--wait",
            description =
                    "Begin even where a device is not there or cannot be opened: clients see why, and the device once it can.")
    private boolean wait;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long, for example 30s, 5m, 1h. Until Ctrl-C when left out.")
    private Optional<Duration> length = Optional.empty();

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        displays.requireSense(devices);
        requireEachOnce();
        servers.requireSense(devices.size());
        parent.endsWithItsReader();
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        ServeOutput output = json ? new ServeJson(out) : new ServeText(out);
        try (Ending ending = Ending.onSignals();
                ServeSession session = new ServeSession(servers, displays, parent.localHost(), output, out, err)) {
            session.start(devices, wait);
            session.run(ending, length);
        }
        return 0;
    }

    private void requireEachOnce() {
        Set<String> names = new HashSet<>();
        for (DeviceName device : devices) {
            if (!names.add(device.text())) {
                throw new ParameterException(
                        spec.commandLine(),
                        device.text() + " is named twice; one server is enough for any number of clients");
            }
        }
    }
}
