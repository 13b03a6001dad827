package io.vfio4j.frontend.rfb;

import io.netty.channel.ChannelHandler;
import io.vfio4j.frontend.LiveScreen;
import java.util.List;

/**
 * A screen for VNC clients, without a socket: for servers that have connections of their own, such as WebSockets. Any thread may call.
 */
public final class RfbService implements AutoCloseable {
    private final LiveScreen screen;
    private final RfbOptions options;

    /**
     * Makes a service.
     *
     * @param screen stays the caller's
     * @param options how it behaves; TLS is the business of who has the connections
     * @param threads stay the caller's
     */
    public RfbService(LiveScreen screen, RfbOptions options, FrontendThreads threads) {
        this.screen = screen;
        this.options = options;
    }

    /**
     * The last handler of a pipeline, for one connection: takes and gives {@link io.netty.buffer.ByteBuf}s of the protocol.
     *
     * @return a new handler
     */
    @SuppressWarnings("exports") // Who calls this has Netty; a transitive requirement would ask it of everybody.
    public ChannelHandler newConnection() {
        throw new UnsupportedOperationException("not yet: " + screen.name() + options);
    }

    /**
     * Whether clients have to know a password, so that it may be offered where others can reach it.
     *
     * @return the same for ever
     */
    public boolean asksPassword() {
        return options.password().isPresent();
    }

    /**
     * Who is connected.
     *
     * @return each as it was a moment ago
     */
    public List<RfbClientStats> clients() {
        return List.of();
    }

    /**
     * What happened so far.
     *
     * @return numbers that were each true a moment ago
     */
    public RfbStats stats() {
        return new RfbStats(0, 0, 0, 0, 0);
    }

    /** Tells the clients good-bye by closing their connections. Further calls do nothing. */
    @Override
    public void close() {}
}
