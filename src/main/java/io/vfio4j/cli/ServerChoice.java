package io.vfio4j.cli;

import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbPassword;
import io.vfio4j.frontend.rfb.TlsCertificate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Where displays are served, to whom, and how. */
final class ServerChoice {
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
            names = "--password-file",
            paramLabel = "FILE",
            converter = FileNameConverter.class,
            description = "Ask clients for the password in this file: one line, for VNC at most 8 characters.")
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

    /** For a server; reads the files. */
    RfbOptions rfb(PrintWriter err) throws IOException {
        RfbOptions options = RfbOptions.DEFAULTS
                .withCursors(cursor)
                .withLossy(!lossless)
                .withMaxClients(maxClients)
                .withErrorHandler(DisplayChoice.errorsTo(err));
        if (passwordFile.isPresent()) {
            options = options.withPassword(password(passwordFile.get(), err));
        }
        if (keyStore.isPresent()) {
            options = options.withCertificate(certificate(keyStore.get(), keyStorePasswordFile.orElseThrow(), err));
        } else if (isOpen(listen)) {
            err.println("vfio4j: warning: without --tls, what is shown and typed goes to other machines unencrypted,"
                    + " and a VNC password has 8 characters at the most");
            err.flush();
        }
        return options;
    }

    private static RfbPassword password(String name, PrintWriter err) throws IOException {
        PasswordFile file = new PasswordFile(Path.of(name));
        char[] password = file.read(err);
        try {
            return RfbPassword.of(new String(password));
        } catch (IllegalArgumentException unfit) {
            throw file.refused(unfit.getMessage());
        } finally {
            Arrays.fill(password, ' ');
        }
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
