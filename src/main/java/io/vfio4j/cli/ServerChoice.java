package io.vfio4j.cli;

import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbPassword;
import io.vfio4j.frontend.rfb.TlsCertificate;
import io.vfio4j.frontend.web.WebOptions;
import io.vfio4j.frontend.web.WebPassword;
import io.vfio4j.loop.ErrorHandler;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Stack;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Where displays are served, to whom, and how. */
final class ServerChoice {
    private static final String WEB = "--web";
    private static final String METRICS = "--metrics";
    private static final int WEB_PORT = 6080;
    private static final int METRICS_PORT = 9464;
    private static final int MOST_CLIENTS = 10_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            converter = ListenAddress.Converter.class,
            description =
                    "Where VNC clients connect: " + ListenAddress.FORM
                            + ". The second device has the next port, and so on; port 0 takes free ones. 127.0.0.1:5900 when left out.")
    private ListenAddress listen = ListenAddress.parse("127.0.0.1:5900");

    @Option(
            names = WEB,
            paramLabel = "ADDRESS",
            arity = "0..1",
            parameterConsumer = AddressIfAny.class,
            description =
                    "Serve browsers too, all devices on one page, at this address; at 127.0.0.1:6080 where it is left out.")
    private Optional<ListenAddress> web = Optional.empty();

    @Option(
            names = METRICS,
            paramLabel = "ADDRESS",
            arity = "0..1",
            parameterConsumer = AddressIfAny.class,
            description =
                    "Serve metrics for Prometheus, at /metrics of this address; of 127.0.0.1:9464 where it is left out.")
    private Optional<ListenAddress> metrics = Optional.empty();

    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            converter = FileNameConverter.class,
            description =
                    "Ask clients, and browsers, for the password in this file: one line, for VNC at most 8 characters.")
    private Optional<String> passwordFile = Optional.empty();

    @Option(
            names = "--tls",
            paramLabel = "KEYSTORE",
            converter = FileNameConverter.class,
            description =
                    "Encrypt (VeNCrypt for VNC), by the certificate in this PKCS#12 file; clients without TLS are refused.")
    private Optional<String> keyStore = Optional.empty();

    @Option(
            names = "--tls-password-file",
            paramLabel = "FILE",
            converter = FileNameConverter.class,
            description = "The password of that file: one line.")
    private Optional<String> keyStorePasswordFile = Optional.empty();

    @Option(
            names = "--cursor",
            paramLabel = "drawn|client",
            converter = CursorText.class,
            description =
                    "Who draws the guest's cursor: the server, into the picture, where the guest has it (drawn, the default),"
                            + " or clients that can, where their own pointer is.")
    private CursorStyle cursor = CursorStyle.DRAWN;

    @Option(names = "--lossless", description = "Exact pictures: no JPEG, also for clients that allow it.")
    private boolean lossless;

    @Option(
            names = "--no-resize",
            description = "The guest's size is its own: clients that ask for another one are refused.")
    private boolean fixedSize;

    @Option(
            names = "--max-clients",
            paramLabel = "N",
            description = "How many clients a device has at the most (default: ${DEFAULT-VALUE}).")
    private int maxClients = RfbOptions.DEFAULTS.maxClients();

    /** Refuses what makes no sense, before anything is opened. */
    void requireSense(int devices) throws IOException {
        refuse(
                maxClients < 1 || maxClients > MOST_CLIENTS,
                "--max-clients: " + maxClients + " is not within 1 and " + MOST_CLIENTS);
        refuse(
                !listen.hasRoomFor(devices),
                "--listen " + listen + ": " + devices + " devices need as many ports, and there are none above 65535");
        refuse(
                keyStore.isPresent() != keyStorePasswordFile.isPresent(),
                keyStore.isPresent()
                        ? "--tls needs the file's password: --tls-password-file FILE"
                        : "--tls-password-file is for --tls KEYSTORE");
        requireLocked("--listen", listen);
        if (web.isPresent()) {
            requireLocked(WEB, web.get());
        }
        if (metrics.isPresent()) {
            requireLocked(METRICS, metrics.get());
        }
    }

    /** From other machines nobody gets in just like that. */
    private void requireLocked(String option, ListenAddress address) throws IOException {
        refuse(
                isOpen(address) && passwordFile.isEmpty() && keyStore.isEmpty(),
                option + " " + address + " can be reached from other machines, so it needs --password-file FILE,"
                        + " or --tls KEYSTORE --tls-password-file FILE, or both");
    }

    private static boolean isOpen(ListenAddress address) throws IOException {
        return !address.resolve().getAddress().isLoopbackAddress();
    }

    private void refuse(boolean nonsense, String message) {
        if (nonsense) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    ListenAddress listen(int device) {
        return listen.plus(device);
    }

    Optional<ListenAddress> web() {
        return web;
    }

    Optional<ListenAddress> metrics() {
        return metrics;
    }

    /** What servers are told of whom to let in. Both are read once, so that a pipe may hold them. */
    record Options(RfbOptions rfb, WebOptions web) {}

    /** Reads the files. */
    Options options(PrintWriter err) throws IOException {
        ErrorHandler errors = DisplayChoice.errorsTo(err);
        RfbOptions rfb = RfbOptions.DEFAULTS
                .withCursors(cursor)
                .withLossy(!lossless)
                .withResize(!fixedSize)
                .withMaxClients(maxClients)
                .withErrorHandler(errors);
        WebOptions pages = WebOptions.DEFAULTS.withErrorHandler(errors);
        if (passwordFile.isPresent()) {
            PasswordFile file = new PasswordFile(Path.of(passwordFile.get()));
            char[] password = file.read(err);
            try {
                rfb = rfb.withPassword(RfbPassword.of(new String(password)));
                pages = pages.withPassword(WebPassword.of(new String(password)));
            } catch (IllegalArgumentException unfit) {
                throw file.refused(unfit.getMessage());
            } finally {
                Arrays.fill(password, ' ');
            }
        }
        if (keyStore.isPresent()) {
            TlsCertificate certificate = certificate(keyStore.get(), keyStorePasswordFile.orElseThrow(), err);
            rfb = rfb.withCertificate(certificate);
            pages = pages.withCertificate(certificate);
        } else if (isOpen(listen) || web.isPresent() && isOpen(web.get())) {
            err.println("vfio4j: warning: without --tls, what is shown and typed goes to other machines unencrypted,"
                    + " and a VNC password has 8 characters at the most");
            err.flush();
        }
        return new Options(rfb, pages);
    }

    private static TlsCertificate certificate(String name, String passwordName, PrintWriter err) throws IOException {
        char[] password = new PasswordFile(Path.of(passwordName)).read(err);
        try {
            return TlsCertificate.read(Path.of(name), password);
        } finally {
            Arrays.fill(password, ' ');
        }
    }

    boolean asksForPassword() {
        return passwordFile.isPresent();
    }

    boolean encrypts() {
        return keyStore.isPresent();
    }

    /** An address may follow these options; a DEVICE, which may follow too, is none, though {@code pid:4711} looks like one. */
    static final class AddressIfAny implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> rest, ArgSpec option, CommandSpec command) {
            boolean isAddress = !rest.isEmpty() && !rest.peek().startsWith("-") && !isDevice(rest.peek());
            try {
                option.setValue(Optional.of(
                        isAddress ? ListenAddress.parse(rest.pop()) : ListenAddress.ofLoopback(port(option))));
            } catch (IllegalArgumentException e) {
                throw new ParameterException(
                        command.commandLine(), "Invalid value for option '" + name(option) + "': " + e.getMessage(), e);
            }
        }

        private static String name(ArgSpec option) {
            return ((OptionSpec) option).longestName();
        }

        private static int port(ArgSpec option) {
            return name(option).equals(WEB) ? WEB_PORT : METRICS_PORT;
        }

        private static boolean isDevice(String text) {
            try {
                DeviceName.parse(text);
                return true;
            } catch (IllegalArgumentException none) {
                return false;
            }
        }
    }

    /** The value of {@code --cursor}. */
    static final class CursorText implements ITypeConverter<CursorStyle> {
        @Override
        public CursorStyle convert(String text) {
            return switch (text) {
                case "drawn" -> CursorStyle.DRAWN;
                case "client" -> CursorStyle.SEPARATE;
                default ->
                    throw new TypeConversionException(
                            Words.quoted(text) + " draws no cursors; there are drawn and client");
            };
        }
    }
}
