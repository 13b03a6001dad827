package io.vfio4j.cli;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.proc.Holders;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j mdev remove UUID}. */
@Command(
        name = "remove",
        description = "Removes a mediated device that nobody uses.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sudo vfio4j mdev remove 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11",
            "  sudo vfio4j mdev remove 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11 --force --wait 1m",
            "",
            "With --force the kernel takes the device off the bus at once, asks its users for it where the driver can,",
            "and waits until they have closed it. That goes on when this command has given up waiting; the exit code",
            "is then 1, and the same command waits again. A definition that mdevctl keeps is not touched.",
            "Needs root."
        })
final class MdevRemoveCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private MdevCommand parent;

    @Parameters(
            paramLabel = "UUID",
            converter = UuidConverter.class,
            description = "The device; 'vfio4j list' shows it.")
    private UUID uuid;

    @Option(names = "--force", description = "Remove it even if it is in use.")
    private boolean force;

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "How long to wait until its users have closed it; 10s when left out.")
    private Duration patience = Duration.ofSeconds(10);

    @Override
    public Integer call() throws IOException {
        SystemCalls calls = parent.localHost().open();
        try {
            if (force) {
                sayWhoIsWaitedFor(calls);
                MdevDevice.removeForced(calls, uuid, patience);
            } else {
                MdevDevice.remove(calls, uuid, patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + uuid + " is removed", e);
        }
        return 0;
    }

    private void sayWhoIsWaitedFor(SystemCalls calls) throws LinuxException {
        Holders holders;
        try {
            holders = MdevDevice.find(calls, uuid).holders(calls);
        } catch (LinuxException notOnTheBus) {
            // The removal says why, or waits for one that has begun.
            return;
        }
        if (!holders.list().isEmpty() && !holders.includesSelf()) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("vfio4j: waiting at most " + DurationText.format(patience) + " for " + holders.describe()
                    + " to close it");
            err.flush();
        }
    }
}
