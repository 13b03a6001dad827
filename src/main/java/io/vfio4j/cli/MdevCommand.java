package io.vfio4j.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j mdev}, which has commands of its own. */
@Command(
        name = "mdev",
        description = "Creates and removes mediated devices, such as the vGPUs of Intel GVT-g.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        subcommands = {MdevTypesCommand.class, MdevCreateCommand.class, MdevRemoveCommand.class, HelpCommand.class},
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j mdev types",
            "  vfio4j mdev create 0000:00:02.0 i915-GVTg_V5_4",
            "  vfio4j mdev remove 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11",
            "",
            "What is created here lasts until the host is switched off. Devices that come back at every boot are",
            "defined with mdevctl: 'mdevctl define --auto'."
        })
final class MdevCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    LocalHost localHost() {
        return parent.localHost();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which COMMAND?");
    }
}
