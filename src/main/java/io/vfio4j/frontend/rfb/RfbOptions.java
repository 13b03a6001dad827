package io.vfio4j.frontend.rfb;

import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.loop.ErrorHandler;
import java.time.Duration;
import java.util.Optional;

/**
 * How a VNC server behaves. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param password asked of clients (VNC authentication); needed, if there is no certificate, for an address that is not a loopback one
 * @param certificate for TLS (VeNCrypt); where there is one, clients without TLS are refused
 * @param input gets what people do at their clients; where empty it is dropped, with a note at a client's first
 * @param cursors who draws the guest's cursor for clients that can; DRAWN is what shows where the guest has it
 * @param lossy whether JPEG may be used for clients that allow it
 * @param maxClients at a time, 1 to 10000
 * @param handshakeTimeout how long a client may take to introduce itself, 100 ms to 5 minutes
 * @param errorHandler told of what nobody waits for
 */
public record RfbOptions(
        Optional<RfbPassword> password,
        Optional<TlsCertificate> certificate,
        Optional<RfbInput> input,
        CursorStyle cursors,
        boolean lossy,
        int maxClients,
        Duration handshakeTimeout,
        ErrorHandler errorHandler) {
    /** No password, no TLS, input dropped, the cursor drawn by the server, JPEG where allowed, 100 clients, 10 seconds, errors logged. */
    public static final RfbOptions DEFAULTS = new RfbOptions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            CursorStyle.DRAWN,
            true,
            100,
            Duration.ofSeconds(10),
            ErrorHandler.logging());
}
