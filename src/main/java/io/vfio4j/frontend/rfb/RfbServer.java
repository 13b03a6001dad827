package io.vfio4j.frontend.rfb;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.vfio4j.frontend.LiveScreen;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * A VNC server for one screen. Any thread may call.
 */
public final class RfbServer implements AutoCloseable {
    /** Enough for a fast network, and little enough that what waits in a slow one's is not old. */
    private static final int SEND_BUFFER_BYTES = 256 << 10;

    private static final int BACKLOG = 128;
    private static final int LONGEST_END_SECONDS = 5;

    private final RfbService service;
    private final Channel listener;
    private final InetSocketAddress address;

    private RfbServer(RfbService service, Channel listener) {
        this.service = service;
        this.listener = listener;
        this.address = (InetSocketAddress) listener.localAddress();
    }

    /**
     * Starts a server. Waits until it listens; not to be called on a network thread.
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
        if (listen.isUnresolved()) {
            throw new IOException("the host " + listen.getHostString() + " is not known");
        }
        if (!listen.getAddress().isLoopbackAddress()
                && options.password().isEmpty()
                && options.certificate().isEmpty()) {
            throw new IllegalArgumentException(text(listen)
                    + " can be reached from other machines: a server there needs a password or a certificate");
        }
        RfbService service = new RfbService(screen, options, threads);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(threads.network())
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.SO_SNDBUF, SEND_BUFFER_BYTES)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(service.newPlainConnection());
                    }
                });
        ChannelFuture bound = bootstrap.bind(listen).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            service.close();
            throw refusal(listen, bound.cause());
        }
        // After Netty's own handler, which accepts nothing for a second when there are no descriptors left.
        bound.channel().pipeline().addLast(new Faults(service, text(listen)));
        return new RfbServer(service, bound.channel());
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    private static IOException refusal(InetSocketAddress listen, Throwable cause) {
        String said = String.valueOf(cause.getMessage());
        String why;
        if (said.contains("in use")) {
            why = text(listen) + " is in use: stop what listens there, or take another port, such as "
                    + (listen.getPort() % 0xffff + 1);
        } else if (said.contains("assign requested address")) {
            why = listen.getHostString() + " is no address of this machine";
        } else if (said.contains("ermission denied")) {
            why = text(listen) + " may not be listened at: ports below 1024 are root's; take a higher one";
        } else {
            why = text(listen) + " cannot be listened at: " + said;
        }
        return new IOException(why, cause);
    }

    /** Told of connections that could not be accepted. */
    private static final class Faults extends ChannelInboundHandlerAdapter {
        private final RfbService service;
        private final String where;

        private Faults(RfbService service, String where) {
            this.service = service;
            this.where = where;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof IOException) {
                service.log().warn("a connection to " + where + " could not be accepted: " + cause.getMessage());
            } else {
                service.report("a connection to " + where + " could not be accepted", cause);
            }
        }
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

    /**
     * Ends it, with its connections. Waits until all is released, at most some seconds, except on a network thread. Further calls do
     * nothing.
     */
    @Override
    public void close() {
        ChannelFuture closed = listener.close();
        if (!listener.eventLoop().inEventLoop()) {
            closed.awaitUninterruptibly(LONGEST_END_SECONDS, TimeUnit.SECONDS);
            awaitSelection();
        }
        service.close();
    }

    /** Java gives a port back when the selector looks next; a task of a later time is run after that. */
    private void awaitSelection() {
        try {
            listener.eventLoop()
                    .schedule(() -> {}, 1, TimeUnit.MILLISECONDS)
                    .awaitUninterruptibly(LONGEST_END_SECONDS, TimeUnit.SECONDS);
        } catch (RejectedExecutionException threadsHaveEnded) {
            // And with them the selector.
        }
    }
}
