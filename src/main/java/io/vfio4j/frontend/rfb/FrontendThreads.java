package io.vfio4j.frontend.rfb;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of servers: one for the network, and as many as there are processors for encoding. Servers share them, or have their own. All
 * are daemons.
 */
public final class FrontendThreads implements AutoCloseable {
    private static final int LONGEST_END_SECONDS = 5;

    private final EventLoopGroup network = new MultiThreadIoEventLoopGroup(
            1, (ThreadFactory) task -> thread(task, "vfio4j network"), NioIoHandler.newFactory());
    private final AtomicInteger encoderCount = new AtomicInteger();
    private final ExecutorService encoders = Executors.newFixedThreadPool(
            Runtime.getRuntime().availableProcessors(),
            task -> thread(task, "vfio4j encoder " + encoderCount.incrementAndGet()));

    /** Starts none yet; each starts with its first work. */
    public FrontendThreads() {}

    private static Thread thread(Runnable task, String name) {
        Thread thread = new FastThreadLocalThread(task, name);
        thread.setDaemon(true);
        return thread;
    }

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

    /** Ends them; waits until connections are closed and pictures encoded, at most some seconds. Further calls do nothing. */
    @Override
    public void close() {
        network.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(LONGEST_END_SECONDS, TimeUnit.SECONDS);
        encoders.shutdown();
        try {
            if (!encoders.awaitTermination(LONGEST_END_SECONDS, TimeUnit.SECONDS)) {
                encoders.shutdownNow();
            }
        } catch (InterruptedException e) {
            encoders.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
