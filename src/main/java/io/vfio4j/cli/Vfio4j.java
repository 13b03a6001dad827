package io.vfio4j.cli;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfio.GroupNotViableException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command itself, without a subcommand. */
@Command(
        name = "vfio4j",
        description = "Looks at vGPU displays through VFIO: those of this host, and emulated ones.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        subcommands = {
            ListCommand.class,
            InfoCommand.class,
            WatchCommand.class,
            ViewCommand.class,
            ServeCommand.class,
            ScreenshotCommand.class,
            FrameCommand.class,
            ModeCommand.class,
            EdidCommand.class,
            MdevCommand.class,
            VcpuCommand.class,
            DoctorCommand.class,
            HelpCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j watch emulated:v5:flip --for 3s   refresh events, without a GPU",
            "  vfio4j view emulated:v5:cursor           a display in a window",
            "  vfio4j list                              the vGPUs of this host",
            "  vfio4j info UUID                         what one of them is",
            "  vfio4j serve UUID                        its display, for VNC clients",
            "  vfio4j doctor                            what is missing for vGPUs here",
            "",
            "Exit codes: 0 all went well, 1 it did not, 2 the command line is wrong."
        })
final class Vfio4j implements Runnable {
    /** Operations that find a device, or the process that has it: what is not there needs no doctor. */
    private static final Set<String> FINDING = Set.of("look up", "pidfd_open");

    /** How picocli begins its messages on arguments without a name. */
    private static final String POSITIONAL = "^Invalid value for positional parameter at index \\d+ \\((\\S+)\\): ";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "After a failure, print the stack trace as well.")
    private boolean verbose;

    private final LocalHost localHost;
    private final OutputKind outputKind;
    private final OutputKind errorKind;
    private final InputStream in;
    private final OutputStream out;
    private boolean readerMayLeave;

    /** What picocli cannot know: the kernel below, and who gets the output. */
    Vfio4j(LocalHost localHost, OutputKind outputKind, OutputKind errorKind) {
        this(
                localHost,
                outputKind,
                errorKind,
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out));
    }

    /** With a person who sees the output as it comes, or a reader. */
    Vfio4j(LocalHost localHost, boolean terminal) {
        this(
                localHost,
                terminal ? OutputKind.TERMINAL : OutputKind.PIPE,
                terminal ? OutputKind.TERMINAL : OutputKind.PIPE);
    }

    /** The same where bytes, not text, go elsewhere. */
    Vfio4j(LocalHost localHost, OutputKind outputKind, OutputKind errorKind, InputStream in, OutputStream out) {
        this.localHost = localHost;
        this.outputKind = outputKind;
        this.errorKind = errorKind;
        this.in = in;
        this.out = out;
    }

    LocalHost localHost() {
        return localHost;
    }

    boolean terminal() {
        return outputKind == OutputKind.TERMINAL;
    }

    /** Whether a person sees what is written to standard error as it comes. */
    boolean errorTerminal() {
        return errorKind == OutputKind.TERMINAL;
    }

    /** From now on it is no failure when nobody reads a pipe any more: the command ends with its reader. */
    void endsWithItsReader() {
        readerMayLeave = outputKind == OutputKind.PIPE;
    }

    /** For bytes. */
    InputStream standardInput() {
        return in;
    }

    /** For bytes. */
    OutputStream standardOutput() {
        return out;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which COMMAND?");
    }

    /** Runs a command line and returns its exit code; throws nothing. */
    int execute(PrintWriter out, PrintWriter err, String... arguments) {
        try {
            int exitCode = commandLine().setOut(out).setErr(err).execute(arguments);
            if (exitCode != CommandLine.ExitCode.OK || readerMayLeave || !out.checkError()) {
                return exitCode;
            }
            err.println("vfio4j: standard output could not be written in full");
            return CommandLine.ExitCode.SOFTWARE;
        } catch (Error fatal) {
            return failed(fatal, out, err, "");
        } finally {
            out.flush();
            err.flush();
        }
    }

    private CommandLine commandLine() {
        return new CommandLine(this)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(Vfio4j::usageError)
                .setExecutionExceptionHandler((failure, command, parsed) ->
                        failed(failure, command.getOut(), command.getErr(), hint(failure, parsed)));
    }

    /** Where the kernel has refused a device of this host, the doctor knows more. */
    private static String hint(Throwable failure, ParseResult parsed) {
        return failure instanceof RefusedDeviceException refused
                ? hint(refused.getCause(), Optional.of(refused.device()))
                : hint(failure, device(parsed));
    }

    private static String hint(Throwable failure, Optional<String> device) {
        boolean refused = failure instanceof GroupNotViableException
                || failure instanceof LinuxException e && !FINDING.contains(e.operation());
        return device.filter(name -> refused)
                .map(name -> " 'vfio4j doctor " + name + "' looks for the cause.")
                .orElse("");
    }

    /** The device of this host that a command was about; of several it is not known which, unless the failure says so. */
    private static Optional<String> device(ParseResult parsed) {
        List<String> devices = parsed.asCommandLineList().stream()
                .flatMap(line -> line.getParseResult().matchedPositionals().stream())
                .map(ArgSpec::getValue)
                .flatMap(Vfio4j::elements)
                .filter(value -> value instanceof DeviceName && !(value instanceof DeviceName.Emulated))
                .map(value -> ((DeviceName) value).text())
                .toList();
        return devices.size() == 1 ? Optional.of(devices.get(0)) : Optional.empty();
    }

    private static Stream<?> elements(Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.stream();
        }
        return value instanceof List<?> list ? list.stream() : Stream.of(value);
    }

    private static int usageError(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        command.getErr().println("vfio4j: " + oneLine(problem.getMessage()).replaceFirst(POSITIONAL, "$1: "));
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        command.getErr().flush();
        return CommandLine.ExitCode.USAGE;
    }

    private int failed(Throwable failure, PrintWriter out, PrintWriter err, String hint) {
        out.flush();
        err.println("vfio4j: " + sentence(failure) + hint);
        if (verbose) {
            failure.printStackTrace(err);
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** What is foreseen has a message that says all. */
    private static String sentence(Throwable failure) {
        String message = failure.getMessage();
        if (failure instanceof OutOfMemoryError) {
            return "out of memory (" + message + "): Java takes at most "
                    + (Runtime.getRuntime().maxMemory() >> 20)
                    + " MiB here; JAVA_TOOL_OPTIONS=-Xmx4g in the environment allows 4 GiB";
        }
        return failure instanceof IOException && message != null
                ? oneLine(message)
                : "unexpected " + oneLine(failure.toString()) + " (--verbose shows where)";
    }

    static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** From the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Vfio4j.class.getPackage().getImplementationVersion();
            return new String[] {"vfio4j " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
