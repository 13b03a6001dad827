package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.mdev.MdevParent;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j mdev create PARENT TYPE}. */
@Command(
        name = "create",
        description = "Creates a mediated device, prints its UUID, and waits until its device node is there.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sudo vfio4j mdev create 0000:00:02.0 i915-GVTg_V5_4",
            "  uuid=$(vfio4j mdev create mdpy mdpy-vga --wait 10s) && vfio4j info \"$uuid\"",
            "  vfio4j mdev create mdpy mdpy-vga --uuid 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11 --json",
            "",
            "'vfio4j mdev types' shows PARENT and TYPE. Needs root.",
            "If the UUID was printed, the device is there, even if its node did not appear and the exit code is 1.",
            "It lasts until the host is switched off; mdevctl makes devices that come back at every boot."
        })
final class MdevCreateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private MdevCommand parent;

    @Parameters(
            index = "0",
            paramLabel = "PARENT",
            converter = SysfsNameConverter.class,
            description = "The device to create it on, for example 0000:00:02.0.")
    private String parentName;

    @Parameters(
            index = "1",
            paramLabel = "TYPE",
            converter = SysfsNameConverter.class,
            description = "One of the types that PARENT offers, for example i915-GVTg_V5_4.")
    private String typeName;

    @Option(
            names = "--uuid",
            paramLabel = "UUID",
            converter = UuidConverter.class,
            description = "What it is to be called. A random one when left out.")
    private Optional<UUID> uuid = Optional.empty();

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long to wait for its device node; 5s when left out, 0s not at all.")
    private Duration patience = Duration.ofSeconds(5);

    @Option(names = "--json", description = "One JSON object instead of the UUID.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        SystemCalls calls = parent.localHost().open();
        MdevDevice device = MdevParent.find(calls, parentName)
                .type(calls, typeName)
                .create(calls, uuid.orElseGet(UUID::randomUUID));
        PrintWriter out = spec.commandLine().getOut();
        if (!json) {
            out.println(device.uuid());
            out.flush();
        }
        List<String> nodes = List.of();
        try {
            nodes = await(calls, device);
        } finally {
            if (json) {
                print(new JsonLines(out), device, nodes);
            }
        }
        return 0;
    }

    private List<String> await(SystemCalls calls, MdevDevice device) throws IOException {
        if (patience.isZero()) {
            return device.nodes(calls).stream().filter(calls::exists).toList();
        }
        try {
            return device.awaitNodes(calls, patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for the node of " + device.uuid(), e);
        }
    }

    private static void print(JsonLines lines, MdevDevice device, List<String> nodes) {
        Map<String, Object> line = JsonLines.object("device");
        line.put("device", device.uuid());
        line.put("uuid", device.uuid());
        line.put("path", device.path());
        line.put("mdev_type", device.type());
        line.put("parent", device.parent());
        line.put("group", device.group());
        line.put("nodes", nodes);
        lines.print(line);
    }
}
