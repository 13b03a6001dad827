package io.vfio4j.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j vcpu}, which has commands of its own. */
@Command(
        name = "vcpu",
        description = "Looks at what delays a guest's virtual processors, and so its frames.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        subcommands = {
            VcpuSimulateCommand.class,
            VcpuFramesCommand.class,
            VcpuProbeCommand.class,
            VcpuWatchCommand.class,
            HelpCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j vcpu simulate --table",
            "  vfio4j vcpu frames",
            "  vfio4j vcpu probe",
            "  vfio4j vcpu watch 4711"
        })
final class VcpuCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    LocalHost localHost() {
        return parent.localHost();
    }

    boolean terminal() {
        return parent.terminal();
    }

    boolean errorTerminal() {
        return parent.errorTerminal();
    }

    /** From now on it is no failure when nobody reads a pipe any more: the command ends with its reader. */
    void endsWithItsReader() {
        parent.endsWithItsReader();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which COMMAND?");
    }
}
