package io.vfio4j.frontend.web;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.vfio4j.frontend.rfb.FrontendThreads;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Screens for browsers. Serves {@code /}, a page that lists them with thumbnails; {@code /screens/NAME/} with the screen itself, where
 * {@code thumbnail.png}, {@code picture.png}, {@code picture.jpg} and the WebSocket {@code rfb} are too; {@code /api/screens}, the list
 * as JSON; and {@code /metrics} where there are any. Nothing can be sent to it but what VNC clients say. Any thread may call.
 */
public final class WebServer implements AutoCloseable {
    private static final int LONGEST_LINE = 4096;
    private static final int LONGEST_HEADERS = 16 * 1024;
    private static final int LONGEST_CHUNK = 8192;
    private static final long CLOSE_SECONDS = 2;

    private final Site site;
    private final Channel listener;
    private final ChannelGroup connections;
    private final boolean encrypted;

    private WebServer(Site site, Channel listener, ChannelGroup connections, boolean encrypted) {
        this.site = site;
        this.listener = listener;
        this.connections = connections;
        this.encrypted = encrypted;
    }

    /**
     * Starts a server.
     *
     * @param screens in the order in which they are listed; none, for metrics alone
     * @param listen where; port 0 takes a free one
     * @param options how it behaves
     * @param threads stay the caller's, and are closed after the server
     * @return the caller closes it
     * @throws IOException when the address is in use or not ours, with a sentence that says so
     * @throws IllegalArgumentException when the address is not a loopback one, and the options have neither password nor certificate; or
     *     when two screens have one name
     */
    public static WebServer start(
            List<WebScreen> screens, InetSocketAddress listen, WebOptions options, FrontendThreads threads)
            throws IOException {
        return start(screens, listen, options, threads, WebFiles.load());
    }

    static WebServer start(
            List<WebScreen> screens,
            InetSocketAddress listen,
            WebOptions options,
            FrontendThreads threads,
            WebFiles files)
            throws IOException {
        requireGuarded(listen, options);
        EventLoop home = threads.network().next();
        Site site = new Site(screens, files, options.metrics(), threads, home, System::nanoTime);
        Gate gate = new Gate(listen.getAddress().isLoopbackAddress(), options.password());
        ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(threads.network())
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (connections.size() >= options.maxConnections() || !connections.add(channel)) {
                            channel.close();
                            return;
                        }
                        options.certificate()
                                .ifPresent(certificate -> channel.pipeline()
                                        .addLast(certificate.context().newHandler(channel.alloc())));
                        channel.pipeline()
                                .addLast(
                                        new HttpServerCodec(new HttpDecoderConfig()
                                                .setMaxInitialLineLength(LONGEST_LINE)
                                                .setMaxHeaderSize(LONGEST_HEADERS)
                                                .setMaxChunkSize(LONGEST_CHUNK)),
                                        new FlowControlHandler(),
                                        new HttpConversation(site, gate, options.timeout(), options.errorHandler()));
                    }
                });
        return new WebServer(
                site,
                bind(bootstrap, listen),
                connections,
                options.certificate().isPresent());
    }

    private static void requireGuarded(InetSocketAddress listen, WebOptions options) throws IOException {
        if (listen.isUnresolved()) {
            throw new IOException("'" + listen.getHostString() + "' is no address of this machine, and no known name");
        }
        if (!listen.getAddress().isLoopbackAddress()
                && options.password().isEmpty()
                && options.certificate().isEmpty()) {
            throw new IllegalArgumentException(text(listen)
                    + " can be reached by others; give a password or a certificate, or listen on 127.0.0.1");
        }
    }

    private static Channel bind(ServerBootstrap bootstrap, InetSocketAddress listen) throws IOException {
        var bound = bootstrap.bind(listen).awaitUninterruptibly();
        if (bound.isSuccess()) {
            return bound.channel();
        }
        Throwable cause = bound.cause();
        String why = cause instanceof BindException
                        && String.valueOf(cause.getMessage()).contains("in use")
                ? " is in use by another program; choose another port, or 0 for any that is free"
                : " cannot be listened on: " + cause.getMessage();
        throw new IOException(text(listen) + why, cause);
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /**
     * Where it listens.
     *
     * @return with the port that was taken
     */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /**
     * What to type into a browser.
     *
     * @return the page that lists the screens
     */
    public URI uri() {
        return URI.create((encrypted ? "https://" : "http://") + text(address()) + "/");
    }

    /** How many browsers' connections there are, VNC clients' included. */
    int connections() {
        return connections.size();
    }

    /** Ends it, with its connections; waits for that, except on a network thread. Further calls do nothing. */
    @Override
    public void close() {
        site.close();
        var unbound = listener.close();
        var closed = connections.close();
        if (!site.home().inEventLoop()) {
            unbound.awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
            closed.awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
            awaitSelection();
        }
    }

    /** Java gives a port back when the selector looks next; a task of a later time is run after that. */
    private void awaitSelection() {
        try {
            listener.eventLoop()
                    .schedule(() -> {}, 1, TimeUnit.MILLISECONDS)
                    .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (RejectedExecutionException threadsHaveEnded) {
            // And with them the selector.
        }
    }
}
