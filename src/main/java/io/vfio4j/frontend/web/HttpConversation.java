package io.vfio4j.frontend.web;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.vfio4j.loop.ErrorHandler;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * One connection: a request, its answer, the next request. Nothing is read while something is answered, so that a client that asks faster
 * than it reads waits. A request for a WebSocket ends this, and the connection becomes a VNC client's.
 */
final class HttpConversation extends ChannelInboundHandlerAdapter {
    /** More than a VNC client has to say at once, except for what it copied; that comes in parts. */
    private static final int LONGEST_FRAME = 64 * 1024;
    /** Of RFC 6455; drafts before it are not spoken. */
    private static final String VERSION = "13";
    /** Makes trying passwords slow; connections are limited, so it cannot be made quick by trying many at once. */
    private static final long WRONG_PASSWORD_MILLIS = 1000;

    private static final long LINGER_MILLIS = 1000;

    private final Site site;
    private final Gate gate;
    private final Duration timeout;
    private final ErrorHandler errorHandler;

    private Optional<HttpRequest> request = Optional.empty();
    private Optional<Future<?>> deadline = Optional.empty();
    private boolean hasBody;
    private boolean wanting;
    private boolean ending;

    HttpConversation(Site site, Gate gate, Duration timeout, ErrorHandler errorHandler) {
        this.site = site;
        this.gate = gate;
        this.timeout = timeout;
        this.errorHandler = errorHandler;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        awaitRequest(context);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        expectNothing();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        expectNothing();
    }

    private void awaitRequest(ChannelHandlerContext context) {
        request = Optional.empty();
        hasBody = false;
        expect(context);
        want(context);
    }

    private void want(ChannelHandlerContext context) {
        wanting = true;
        context.read();
    }

    /** A message may come in several readings of the network, each of which has to be asked for. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (wanting) {
            context.read();
        }
    }

    /** Whatever comes next has to have come in full by then; byte by byte does not help. */
    private void expect(ChannelHandlerContext context) {
        expectNothing();
        deadline = Optional.of(
                context.executor().schedule(() -> context.close(), timeout.toNanos(), TimeUnit.NANOSECONDS));
    }

    private void expectNothing() {
        deadline.ifPresent(pending -> pending.cancel(false));
        deadline = Optional.empty();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        wanting = false;
        try {
            if (ending) {
                want(context);
                return;
            }
            if (message instanceof HttpRequest begun) {
                request = Optional.of(begun);
                Optional<Refusal> refusal = gate.refusal(begun);
                if (refusal.isPresent()) {
                    // At once: a body that was announced need not come, and what follows nonsense cannot be told apart.
                    refuse(context, begun, refusal.get());
                    return;
                }
            }
            if (message instanceof HttpContent content) {
                hasBody |= content.content().isReadable()
                        || content.decoderResult().isFailure();
            }
            if (message instanceof LastHttpContent && request.isPresent()) {
                expectNothing();
                answer(context, request.get());
            } else {
                want(context);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void answer(ChannelHandlerContext context, HttpRequest asked) {
        if (hasBody) {
            refuse(
                    context,
                    asked,
                    new Refusal(
                            HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "Nothing can be sent here, only asked for."));
        } else if (asked.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
            upgrade(context, asked);
        } else if (!gate.knowsPassword(asked)) {
            askForPassword(context, asked);
        } else {
            site.answer(asked)
                    .whenComplete((answer, failed) -> context.executor().execute(() -> {
                        if (failed == null) {
                            write(context, asked, answer, true);
                        } else {
                            fail(context, asked, failed);
                        }
                    }));
        }
    }

    private void fail(ChannelHandlerContext context, HttpRequest asked, Throwable failed) {
        Throwable cause =
                failed instanceof CompletionException && failed.getCause() != null ? failed.getCause() : failed;
        boolean over = cause instanceof CancellationException || cause instanceof IllegalStateException;
        if (!over) {
            errorHandler.onError("a request for " + PathText.path(asked.uri()) + " could not be answered", cause);
        }
        Refusal refusal = over
                ? new Refusal(HttpResponseStatus.SERVICE_UNAVAILABLE, "This screen is not served any more.")
                : new Refusal(
                        HttpResponseStatus.INTERNAL_SERVER_ERROR, "This cannot be shown; the server's log says why.");
        write(context, asked, site.refusal(PathText.path(asked.uri()), refusal), true);
    }

    private void askForPassword(ChannelHandlerContext context, HttpRequest asked) {
        Answer answer = site.refusal(
                        PathText.path(asked.uri()),
                        new Refusal(
                                HttpResponseStatus.UNAUTHORIZED, "The password is needed here; any user name will do."))
                .with("www-authenticate", "Basic realm=\"vfio4j\", charset=\"UTF-8\"");
        long delay = Gate.triesPassword(asked) ? WRONG_PASSWORD_MILLIS : 0;
        context.executor().schedule(() -> write(context, asked, answer, true), delay, TimeUnit.MILLISECONDS);
    }

    private void refuse(ChannelHandlerContext context, HttpRequest asked, Refusal refusal) {
        Answer answer = site.refusal(PathText.path(asked.uri()), refusal);
        if (refusal.status().equals(HttpResponseStatus.METHOD_NOT_ALLOWED)) {
            answer = answer.with("allow", "GET, HEAD");
        }
        write(context, asked, answer, false);
    }

    private void write(ChannelHandlerContext context, HttpRequest asked, Answer answer, boolean mayGoOn) {
        boolean goOn = mayGoOn && HttpUtil.isKeepAlive(asked);
        FullHttpResponse response = answer.response();
        HttpUtil.setKeepAlive(response.headers(), asked.protocolVersion(), goOn);
        expect(context);
        context.writeAndFlush(response).addListener(written -> {
            if (written.isSuccess() && goOn) {
                awaitRequest(context);
            } else if (written.isSuccess() && !mayGoOn && context.channel() instanceof DuplexChannel channel) {
                end(context, channel);
            } else {
                context.close();
            }
        });
    }

    /**
     * Reads for a little while what is still coming: a socket that is closed with something unread takes back its answer (RFC 9112,
     * 9.6).
     */
    private void end(ChannelHandlerContext context, DuplexChannel channel) {
        expectNothing();
        ending = true;
        deadline =
                Optional.of(context.executor().schedule(() -> context.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS));
        channel.shutdownOutput();
        want(context);
    }

    private void upgrade(ChannelHandlerContext context, HttpRequest asked) {
        String path = PathText.path(asked.uri());
        Optional<WebScreen> screen = site.socketAt(path);
        if (screen.isEmpty()) {
            refuse(context, asked, new Refusal(HttpResponseStatus.NOT_FOUND, "There is no screen at this address."));
            return;
        }
        if (!asked.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "").equals(VERSION)) {
            Answer answer = site.refusal(
                    path, new Refusal(HttpResponseStatus.UPGRADE_REQUIRED, "Only version 13 of WebSockets is spoken."));
            write(context, asked, answer.with("sec-websocket-version", VERSION), false);
            return;
        }
        if (!Gate.isSameOrigin(asked)) {
            refuse(
                    context,
                    asked,
                    new Refusal(HttpResponseStatus.FORBIDDEN, "Only pages of this server may connect to its screens."));
            return;
        }
        if (!screen.get().service().asksPassword() && !gate.knowsPassword(asked)) {
            askForPassword(context, asked);
            return;
        }
        WebSocketServerHandshaker handshaker = new WebSocketServerHandshakerFactory(
                        path,
                        "binary",
                        WebSocketDecoderConfig.newBuilder()
                                .maxFramePayloadLength(LONGEST_FRAME)
                                .allowExtensions(false)
                                .build())
                .newHandshaker(asked);
        shake(context, asked, handshaker, screen.get());
    }

    private void shake(
            ChannelHandlerContext context, HttpRequest asked, WebSocketServerHandshaker handshaker, WebScreen screen) {
        DefaultFullHttpRequest whole = new DefaultFullHttpRequest(asked.protocolVersion(), asked.method(), asked.uri());
        whole.headers().set(asked.headers());
        expect(context);
        try {
            handshaker.handshake(context.channel(), whole).addListener((ChannelFutureListener) written -> {
                if (!written.isSuccess()) {
                    context.close();
                    return;
                }
                context.pipeline().remove(FlowControlHandler.class);
                context.pipeline()
                        .addLast(new WebSocketBytes(), screen.service().newConnection());
                context.pipeline().remove(this);
                context.channel().config().setAutoRead(true);
            });
        } catch (RuntimeException noHandshake) {
            // Without a key, for example.
            refuse(context, asked, new Refusal(HttpResponseStatus.BAD_REQUEST, "This is no WebSocket's handshake."));
        } finally {
            whole.release();
        }
    }

    /** What comes from the network can be anything; whoever sends nonsense, or goes away, is not our error. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        System.getLogger("io.vfio4j")
                .log(
                        System.Logger.Level.DEBUG,
                        () -> "a browser at " + context.channel().remoteAddress() + " is disconnected: " + cause);
        context.close();
    }
}
