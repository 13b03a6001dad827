package io.vfio4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j info DEVICE}. */
@Command(
        name = "info",
        description = "Opens a device and prints what it tells of itself: flags, display, regions, irqs, capabilities.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j info emulated:v6",
            "  vfio4j info emulated:none:console --raw",
            "  vfio4j info 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11 --json",
            "  vfio4j info pid:4711/8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11",
            "",
            "DIALECT and ITEM of an emulated device: 'vfio4j list' names them.",
            "A device can be opened only once. What a VMM has open is reached beside it, by the VMM's process",
            "(pid:PID, needs the right to trace it: root has) or by a socket on which the VMM offers it (socket:PATH).",
            "It is only asked, so the VMM goes on undisturbed."
        })
final class InfoCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Mixin
    private DeviceChoice device;

    @Option(names = "--raw", description = "The bytes of the driver's answers as well, in hexadecimal.")
    private boolean raw;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        device.visit(parent, (calls, opened) -> print(DeviceReport.of(device.text(), opened)));
        return 0;
    }

    private void print(DeviceReport report) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            new JsonLines(out).print(new ReportJson(report, raw).object());
        } else {
            new ReportText(out, report, raw).print();
        }
    }
}
