package io.vfio4j.frontend.rfb;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The threads of servers: one for the network, and as many as there are processors for encoding. Servers share them, or have their own. All
 * are daemons.
 */
public final class FrontendThreads implements AutoCloseable {
    private final EventLoopGroup network = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ExecutorService encoders =
            Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());

    /** Starts none yet; each starts with its first work. */
    public FrontendThreads() {}

    /**
     * Where connections are read and written.
     *
     * @return ends with this
     */
    @SuppressWarnings("exports") // Who calls this has Netty; a transitive requirement would ask it of everybody.
    public EventLoopGroup network() {
        return network;
    }

    /**
     * Where pictures are encoded.
     *
     * @return ends with this
     */
    public ExecutorService encoders() {
        return encoders;
    }

    /** Ends them; waits until connections are closed, at most some seconds. */
    @Override
    public void close() {
        network.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
        encoders.shutdown();
    }
}
