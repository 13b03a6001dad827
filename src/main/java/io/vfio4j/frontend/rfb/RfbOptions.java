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
 * @param lossy whether JPEG may be used for clients that allow it; what has come to rest is shown exactly soon after
 * @param resize whether clients may ask the guest for another size (SetDesktopSize)
 * @param maxClients at a time, 1 to 10000
 * @param handshakeTimeout how long a client may take to introduce itself, 100 ms to 5 minutes
 * @param stallTimeout how long a client may take nothing of what it asked for before it is disconnected, 1 second to 1 day
 * @param errorHandler told of what nobody waits for
 */
public record RfbOptions(
        Optional<RfbPassword> password,
        Optional<TlsCertificate> certificate,
        Optional<RfbInput> input,
        CursorStyle cursors,
        boolean lossy,
        boolean resize,
        int maxClients,
        Duration handshakeTimeout,
        Duration stallTimeout,
        ErrorHandler errorHandler) {
    private static final int MOST_CLIENTS = 10_000;
    private static final Duration SHORTEST_HANDSHAKE = Duration.ofMillis(100);
    private static final Duration LONGEST_HANDSHAKE = Duration.ofMinutes(5);
    private static final Duration SHORTEST_STALL = Duration.ofSeconds(1);
    private static final Duration LONGEST_STALL = Duration.ofDays(1);

    /**
     * No password, no TLS, input dropped, the cursor drawn by the server, JPEG where allowed, sizes as clients ask for, 100 clients, 10 seconds for the handshake, 60
     * for a client that reads nothing, errors logged.
     */
    public static final RfbOptions DEFAULTS = new RfbOptions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            CursorStyle.DRAWN,
            true,
            true,
            100,
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            ErrorHandler.logging());

    /**
     * Checks the values.
     *
     * @param password any
     * @param certificate any
     * @param input any
     * @param cursors any
     * @param lossy any
     * @param resize any
     * @param maxClients 1 to 10000
     * @param handshakeTimeout 100 ms to 5 minutes
     * @param stallTimeout 1 second to 1 day
     * @param errorHandler any
     */
    public RfbOptions {
        if (maxClients < 1 || maxClients > MOST_CLIENTS) {
            throw new IllegalArgumentException(
                    "a limit of " + maxClients + " clients, which is not within 1 and " + MOST_CLIENTS);
        }
        requireWithin("handshake timeout", handshakeTimeout, SHORTEST_HANDSHAKE, LONGEST_HANDSHAKE);
        requireWithin("stall timeout", stallTimeout, SHORTEST_STALL, LONGEST_STALL);
    }

    private static void requireWithin(String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(what + " " + value + " is not within " + least + " and " + most);
        }
    }

    /**
     * The same with a password.
     *
     * @param changed asked of every client
     * @return new options
     */
    public RfbOptions withPassword(RfbPassword changed) {
        return new RfbOptions(
                Optional.of(changed),
                certificate,
                input,
                cursors,
                lossy,
                resize,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with TLS.
     *
     * @param changed clients without TLS are refused from then on
     * @return new options
     */
    public RfbOptions withCertificate(TlsCertificate changed) {
        return new RfbOptions(
                password,
                Optional.of(changed),
                input,
                cursors,
                lossy,
                resize,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with somebody who takes input.
     *
     * @param changed called on a network thread
     * @return new options
     */
    public RfbOptions withInput(RfbInput changed) {
        return new RfbOptions(
                password,
                certificate,
                Optional.of(changed),
                cursors,
                lossy,
                resize,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with another drawer of cursors.
     *
     * @param changed for clients that can draw them
     * @return new options
     */
    public RfbOptions withCursors(CursorStyle changed) {
        return new RfbOptions(
                password,
                certificate,
                input,
                changed,
                lossy,
                resize,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with JPEG allowed or not.
     *
     * @param changed whether clients that allow it may get it
     * @return new options
     */
    public RfbOptions withLossy(boolean changed) {
        return new RfbOptions(
                password,
                certificate,
                input,
                cursors,
                changed,
                resize,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with clients that may change the guest's mode, or not.
     *
     * @param changed whether they may; where not, their wishes are answered as prohibited
     * @return new options
     */
    public RfbOptions withResize(boolean changed) {
        return new RfbOptions(
                password,
                certificate,
                input,
                cursors,
                lossy,
                changed,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with another limit of clients.
     *
     * @param changed 1 to 10000
     * @return new options
     */
    public RfbOptions withMaxClients(int changed) {
        return new RfbOptions(
                password,
                certificate,
                input,
                cursors,
                lossy,
                resize,
                changed,
                handshakeTimeout,
                stallTimeout,
                errorHandler);
    }

    /**
     * The same with another time for introductions.
     *
     * @param changed 100 ms to 5 minutes
     * @return new options
     */
    public RfbOptions withHandshakeTimeout(Duration changed) {
        return new RfbOptions(
                password, certificate, input, cursors, lossy, resize, maxClients, changed, stallTimeout, errorHandler);
    }

    /**
     * The same with another patience for clients that read nothing.
     *
     * @param changed 1 second to 1 day
     * @return new options
     */
    public RfbOptions withStallTimeout(Duration changed) {
        return new RfbOptions(
                password,
                certificate,
                input,
                cursors,
                lossy,
                resize,
                maxClients,
                handshakeTimeout,
                changed,
                errorHandler);
    }

    /**
     * The same with somebody else who is told of errors.
     *
     * @param changed must not throw
     * @return new options
     */
    public RfbOptions withErrorHandler(ErrorHandler changed) {
        return new RfbOptions(
                password,
                certificate,
                input,
                cursors,
                lossy,
                resize,
                maxClients,
                handshakeTimeout,
                stallTimeout,
                changed);
    }
}
