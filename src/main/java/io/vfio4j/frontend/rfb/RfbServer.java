package io.vfio4j.frontend.rfb;

import io.vfio4j.frontend.LiveScreen;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * A VNC server for one screen. Any thread may call.
 */
public final class RfbServer implements AutoCloseable {
    private final RfbService service;
    private final InetSocketAddress address;

    private RfbServer(RfbService service, InetSocketAddress address) {
        this.service = service;
        this.address = address;
    }

    /**
     * Starts a server.
     *
     * @param screen stays the caller's
     * @param listen where; port 0 takes a free one
     * @param options how it behaves
     * @param threads stay the caller's, and are closed after the server
     * @return the caller closes it
     * @throws IOException when the address is in use or not ours, with a sentence that says so
     * @throws IllegalArgumentException when the address is not a loopback one, and the options have neither password nor certificate
     */
    public static RfbServer start(
            LiveScreen screen, InetSocketAddress listen, RfbOptions options, FrontendThreads threads)
            throws IOException {
        return new RfbServer(new RfbService(screen, options, threads), listen);
    }

    /**
     * Where it listens.
     *
     * @return with the port that was taken
     */
    public InetSocketAddress address() {
        return address;
    }

    /**
     * What it does with its clients.
     *
     * @return ends with this
     */
    public RfbService service() {
        return service;
    }

    /** Ends it, with its connections. Further calls do nothing. */
    @Override
    public void close() {
        service.close();
    }
}
