package io.vfio4j.cli;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The command line {@code vfio4j}. */
public final class Main {
    /** Of java.util.logging, which is where System.Logger leads by default; read when the first message is logged. */
    private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

    /** Part of the names of Netty's channels, for which it else looks for a hardware address, and warns where there is none. */
    private static final String NETTY_MACHINE = "io.netty.machineId";

    private Main() {}

    /**
     * Runs a command and ends the JVM: with 0 when all went well, 1 when it did not, 2 for a wrong command line.
     *
     * @param arguments the command and its arguments
     */
    public static void main(String[] arguments) {
        logAsTheCommandSpeaks();
        if (System.getProperty(NETTY_MACHINE) == null) {
            System.setProperty(NETTY_MACHINE, "02:00:00:00:00:01");
        }
        Vfio4j command = new Vfio4j(LocalHost.REAL, OutputKind.ofProcess(), OutputKind.ofProcessErrors());
        System.exit(command.execute(writer(FileDescriptor.out), writer(FileDescriptor.err), arguments));
    }

    /** What the library logs reads like what the command says, unless somebody has set up logging. */
    private static void logAsTheCommandSpeaks() {
        if (System.getProperty(LOG_FORMAT) == null && System.getProperty("java.util.logging.config.file") == null) {
            System.setProperty(LOG_FORMAT, "vfio4j: %5$s%6$s%n");
        }
    }

    /** Not the streams of {@link System}: a print stream hides that its reader has gone away until it is asked. */
    private static PrintWriter writer(FileDescriptor descriptor) {
        return new PrintWriter(
                new BufferedWriter(new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8)));
    }
}
