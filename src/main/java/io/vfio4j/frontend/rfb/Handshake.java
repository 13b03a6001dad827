package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.frontend.rfb.MessageReader.Expected;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * Agrees with a client on a version and on security, and lets it in or refuses it with a reason: RFC 6143, 7.1 to 7.3.1, and VeNCrypt. On
 * the network thread.
 */
final class Handshake implements Conversation {
    private static final int NONE = 1;
    private static final int VNC_AUTHENTICATION = 2;
    private static final int VENCRYPT = 19;
    private static final int X509_NONE = 260;
    private static final int X509_VNC = 261;
    private static final int OLD = 3;
    private static final int MIDDLE = 7;
    private static final int NEWEST = 8;
    private static final int MAJOR = 3;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final RfbConnection connection;
    private final RfbService service;
    private final boolean encrypts;
    private Expected expected = Expected.VERSION;
    private int minor = NEWEST;
    private boolean resultIsAlwaysSent;
    private Optional<VncChallenge> challenge = Optional.empty();

    /**
     * @param encrypts whether TLS is this protocol's business, and not that of who carries it
     */
    Handshake(RfbConnection connection, RfbService service, boolean encrypts) {
        this.connection = connection;
        this.service = service;
        this.encrypts = encrypts && service.options().certificate().isPresent();
    }

    void begin() {
        connection.send(out -> out.writeCharSequence("RFB 003.008\n", StandardCharsets.US_ASCII));
    }

    @Override
    public Expected expected() {
        return expected;
    }

    @Override
    public void receive(ClientMessage message) throws ProtocolException {
        expected = Expected.NOTHING;
        if (message instanceof ClientMessage.Version version) {
            agreeOn(version);
        } else if (message instanceof ClientMessage.Security security) {
            choose(security.type());
        } else if (message instanceof ClientMessage.VeNCryptVersion version) {
            agreeOn(version);
        } else if (message instanceof ClientMessage.VeNCryptType choice) {
            encrypt(choice.type());
        } else if (message instanceof ClientMessage.Response response) {
            check(response.bytes());
        } else if (message instanceof ClientMessage.Introduction) {
            // Whether it wants to share or not: everybody shares, nobody is disconnected for another one.
            connection.letIn();
        }
    }

    @Override
    public void close() {
        // Holds nothing.
    }

    private boolean wantsPassword() {
        return service.options().password().isPresent();
    }

    /** What is in between is spoken by clients that know the older one; later ones know 3.8. */
    private void agreeOn(ClientMessage.Version version) throws ProtocolException {
        if (version.major() != MAJOR) {
            refuse("version " + version.major() + "." + version.minor() + " of RFB is not spoken here, but 3.3 to 3.8");
            return;
        }
        minor = version.minor() >= NEWEST ? NEWEST : version.minor() == MIDDLE ? MIDDLE : OLD;
        Optional<String> refusal = refusal();
        if (refusal.isPresent()) {
            refuse(refusal.get());
        } else if (minor == OLD) {
            if (encrypts) {
                refuse("connections without TLS are not accepted");
                return;
            }
            connection.send(out -> out.writeInt(wantsPassword() ? VNC_AUTHENTICATION : NONE));
            authenticate();
        } else {
            connection.send(out -> out.writeByte(1).writeByte(offered()));
            expected = Expected.SECURITY;
        }
    }

    private Optional<String> refusal() {
        return service.fullness().or(() -> wantsPassword() ? blockade() : Optional.empty());
    }

    private Optional<String> blockade() {
        Duration left = service.guard().refusal(connection.address(), connection.nanoTime());
        return left.isZero()
                ? Optional.empty()
                : Optional.of("too many wrong passwords; try again in "
                        + (left.toNanos() + NANOS_PER_SECOND - 1) / NANOS_PER_SECOND + " seconds");
    }

    private int offered() {
        return encrypts ? VENCRYPT : wantsPassword() ? VNC_AUTHENTICATION : NONE;
    }

    /** In the form of the version's list of security types, without any. */
    private void refuse(String reason) {
        connection.refuse(
                out -> {
                    if (minor == OLD) {
                        out.writeInt(0);
                    } else {
                        out.writeByte(0);
                    }
                    writeReason(reason, out);
                },
                reason);
    }

    private static void writeReason(String reason, ByteBuf out) {
        byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length).writeBytes(bytes);
    }

    private void choose(int type) throws ProtocolException {
        if (type != offered()) {
            throw new ProtocolException("it chose the security type " + type + ", which it was not offered");
        }
        if (type == VENCRYPT) {
            connection.send(out -> out.writeByte(0).writeByte(2));
            expected = Expected.VENCRYPT_VERSION;
        } else {
            authenticate();
        }
    }

    private void agreeOn(ClientMessage.VeNCryptVersion version) throws ProtocolException {
        if (version.major() != 0 || version.minor() != 2) {
            connection.send(out -> out.writeByte(0xff));
            throw new ProtocolException("it speaks VeNCrypt " + version.major() + "." + version.minor() + ", not 0.2");
        }
        connection.send(out -> out.writeByte(0).writeByte(1).writeInt(offeredByTls()));
        expected = Expected.VENCRYPT_TYPE;
    }

    private int offeredByTls() {
        return wantsPassword() ? X509_VNC : X509_NONE;
    }

    private void encrypt(int type) throws ProtocolException {
        if (type != offeredByTls()) {
            connection.send(out -> out.writeByte(0));
            throw new ProtocolException("it chose the VeNCrypt type " + type + ", which it was not offered");
        }
        resultIsAlwaysSent = true;
        connection.send(out -> out.writeByte(1));
        // It says nothing more in the clear; what comes before TLS may be somebody else's.
        connection.encrypt(service.options().certificate().orElseThrow());
    }

    /** The client and we have agreed on keys. */
    void encrypted() {
        authenticate();
    }

    private void authenticate() {
        if (wantsPassword()) {
            VncChallenge made = new VncChallenge(service.random());
            challenge = Optional.of(made);
            connection.send(out -> out.writeBytes(made.bytes()));
            expected = Expected.RESPONSE;
        } else {
            accept(minor == NEWEST || resultIsAlwaysSent);
        }
    }

    private void check(byte[] response) {
        // Others from there may have guessed meanwhile.
        Optional<String> blockade = blockade();
        if (blockade.isPresent()) {
            fail(blockade.get());
        } else if (challenge
                .orElseThrow()
                .isMetBy(response, service.options().password().orElseThrow())) {
            service.guard().succeeded(connection.address());
            accept(true);
        } else {
            service.guard().failed(connection.address(), connection.nanoTime());
            fail("the password is wrong");
        }
    }

    private void accept(boolean withResult) {
        Optional<String> fullness = service.admit(connection);
        if (fullness.isPresent()) {
            if (withResult) {
                fail(fullness.get());
            } else {
                connection.refuse(out -> {}, fullness.get());
            }
            return;
        }
        if (withResult) {
            connection.send(out -> out.writeInt(0));
        }
        expected = Expected.INTRODUCTION;
    }

    private void fail(String reason) {
        connection.refuse(
                out -> {
                    out.writeInt(1);
                    if (minor == NEWEST) {
                        writeReason(reason, out);
                    }
                },
                reason);
    }
}
