package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** One client's connection: bytes become messages for whoever talks with it, and all that can go wrong ends it, and nothing else. */
final class RfbConnection extends ByteToMessageDecoder {
    /** How much of what it asked for without reading the answers is kept for a client. */
    private static final int MOST_OWED_BYTES = 64 << 10;

    private static final int STALL_LOOKS = 4;

    private final RfbService service;
    private final boolean encrypts;
    private final MessageReader reader = new MessageReader();
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private volatile Optional<ChannelHandlerContext> context = Optional.empty();
    private Optional<Handshake> handshake = Optional.empty();
    private Optional<Conversation> conversation = Optional.empty();
    private volatile Optional<Updates> updates = Optional.empty();
    private Optional<Future<?>> deadline = Optional.empty();
    private volatile SocketAddress address = new UnknownAddress();
    private boolean isIntroduced;
    private boolean isPatient;
    private boolean isOver;

    private int owed;
    private boolean isStallWatched;
    private long lastProgress;
    private long lastBacklog;

    /** Of connections that tell none. */
    private static final class UnknownAddress extends SocketAddress {
        private static final long serialVersionUID = 1L;

        @Override
        public String toString() {
            return "a client of unknown address";
        }
    }

    RfbConnection(RfbService service, boolean encrypts) {
        this.service = service;
        this.encrypts = encrypts;
    }

    /** Where the client is. */
    SocketAddress address() {
        return address;
    }

    /** Completes when nothing is left of it. */
    CompletableFuture<Void> whenEnded() {
        return end;
    }

    Optional<RfbClientStats> stats() {
        return updates.map(counted -> new RfbClientStats(
                address, counted.encodingName(), counted.count(), counted.bytes(), counted.dropped()));
    }

    /** Whether this is the thread that has to run for it to end. */
    boolean isOnItsThread() {
        return context.filter(known -> known.executor().inEventLoop()).isPresent();
    }

    // From here on: the network thread.

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = Optional.of(added);
        if (added.channel().isActive()) {
            guarded(this::begin);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext active) {
        guarded(this::begin);
        active.fireChannelActive();
    }

    private ChannelHandlerContext context() {
        return context.orElseThrow();
    }

    private void begin() {
        if (handshake.isPresent() || isOver) {
            return;
        }
        if (context().channel().remoteAddress() != null) {
            address = context().channel().remoteAddress();
        }
        if (!service.arrived(this)) {
            isOver = true;
            context().close();
            end.complete(null);
            return;
        }
        deadline = Optional.of(context()
                .executor()
                .schedule(
                        () -> guarded(() -> refuse(out -> {}, "it did not introduce itself in time")),
                        service.options().handshakeTimeout().toNanos(),
                        TimeUnit.NANOSECONDS));
        Handshake begun = new Handshake(this, service, encrypts);
        handshake = Optional.of(begun);
        conversation = Optional.of(begun);
        begun.begin();
    }

    @Override
    protected void decode(ChannelHandlerContext decoding, ByteBuf in, List<Object> out) {
        if (isOver || conversation.isEmpty()) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (isPatient) {
            return;
        }
        guarded(() -> {
            try {
                Optional<ClientMessage> message = reader.next(conversation.get().expected(), in);
                if (message.isPresent()) {
                    conversation.get().receive(message.get());
                }
            } catch (ProtocolException fault) {
                refuse(words -> {}, fault.getMessage());
            }
        });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext triggered, Object event) throws Exception {
        if (event instanceof SslHandshakeCompletionEvent completion && encrypts) {
            guarded(() -> {
                if (completion.isSuccess()) {
                    handshake.ifPresent(Handshake::encrypted);
                } else {
                    refuse(
                            words -> {},
                            "TLS did not come about: " + completion.cause().getMessage());
                }
            });
        }
        super.userEventTriggered(triggered, event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext caught, Throwable cause) {
        Throwable root = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (root instanceof IOException) {
            // SSLException is one, too.
            String what = root instanceof SSLException ? "TLS broke: " : "";
            guarded(() -> refuse(words -> {}, what + root.getMessage()));
        } else {
            failed("the connection of " + address + " broke", root);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext inactive) throws Exception {
        over("it has left");
        super.channelInactive(inactive);
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext removed) {
        over("it was taken off its connection");
    }

    /** Runs something for this client; what it throws is an error of ours, and ends this connection only. */
    void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable broken) {
            failed("a client's connection broke, of " + address, broken);
        }
    }

    void failed(String what, Throwable cause) {
        service.report(what, cause);
        end("an error of the server's");
    }

    /** Any thread: on the network thread, if there still is one. */
    void execute(Runnable task) {
        context.ifPresent(known -> {
            try {
                known.executor().execute(() -> guarded(task));
            } catch (RejectedExecutionException ended) {
                // Then the connection has ended, too.
            }
        });
    }

    /** Any thread: says good-bye. */
    void close() {
        execute(() -> end("the server ends"));
    }

    /** Any thread: others want to introduce themselves, too. */
    void giveWay() {
        execute(() -> refuse(words -> {}, "too many others introduce themselves, and it was the first of them"));
    }

    long nanoTime() {
        return context().executor().ticker().nanoTime();
    }

    /** Sends a part of the handshake. */
    void send(Updates.Words words) {
        if (isOver) {
            return;
        }
        ByteBuf out = context().alloc().buffer();
        words.writeTo(out);
        sent(out.readableBytes());
        context().writeAndFlush(out);
        watchWrites();
    }

    /** From now on all is encrypted. */
    void encrypt(TlsCertificate certificate) {
        SslHandler tls = certificate.context().newHandler(context().alloc(), service.encoders());
        // The handshake as a whole has a time limit already.
        tls.setHandshakeTimeoutMillis(0);
        context().pipeline().addBefore(context().name(), "tls", tls);
    }

    /** The handshake is through: what follows is about pictures and input. */
    void letIn() {
        Updates begun = new Updates(this, context(), service);
        updates = Optional.of(begun);
        conversation = Optional.of(new Session(this, service, begun));
        isPatient = true;
        listen();
        begun.begin();
    }

    /** The client gets ServerInit at this moment. */
    void introduced() {
        isIntroduced = true;
        deadline.ifPresent(timer -> timer.cancel(false));
        service.introduced(this);
        execute(this::hearOut);
    }

    /** The client may have spoken before it got ServerInit. */
    private void hearOut() {
        isPatient = false;
        listen();
        try {
            channelRead(context(), Unpooled.EMPTY_BUFFER);
        } catch (Exception broken) {
            failed("what " + address + " said first could not be read", broken);
        }
    }

    /** Refuses a client, or ends the conversation because of what it did. */
    void refuse(Updates.Words lastWords, String why) {
        if (isOver) {
            return;
        }
        if (!isIntroduced) {
            service.refused();
        }
        ByteBuf out = context().alloc().buffer();
        lastWords.writeTo(out);
        finish(out, why);
    }

    /** Ends the connection. */
    void end(String why) {
        context.ifPresent(known -> finish(known.alloc().buffer(0), why));
    }

    private void finish(ByteBuf lastWords, String why) {
        if (isOver) {
            lastWords.release();
            return;
        }
        ChannelHandlerContext known = context();
        over(why);
        ChannelFuture said = known.writeAndFlush(lastWords);
        said.addListener(ChannelFutureListener.CLOSE);
        if (!said.isDone()) {
            // Last words wait for nobody: who does not read them within a moment has gone.
            known.executor().schedule(() -> known.close(), 1, TimeUnit.SECONDS);
        }
    }

    private void over(String why) {
        if (isOver) {
            return;
        }
        isOver = true;
        deadline.ifPresent(timer -> timer.cancel(false));
        service.log().left(address, isIntroduced, why);
        conversation.ifPresent(Conversation::close);
        service.left(this);
        if (updates.isEmpty()) {
            ended();
        }
    }

    /** Nothing is under way any more. */
    void ended() {
        service.ended(this);
        end.complete(null);
    }

    /** Tells the operator of something that a client does and this server does not follow. */
    void note(String what) {
        service.log().note(address, what);
    }

    /** How large an update may get, as long as others are not read. */
    int mostUpdateBytes() {
        return service.mostUpdateBytes();
    }

    void updateSent() {
        service.updateSent();
    }

    void sent(int bytes) {
        service.sent(bytes);
    }

    /** Of an update, bytes are held that were not written yet. */
    void holds(int change) {
        service.holds(change);
    }

    /** Answers are under way; a client that does not read them is not listened to meanwhile. */
    void owes(int change) {
        owed += change;
        listen();
    }

    private void listen() {
        boolean listens = owed < MOST_OWED_BYTES && !isPatient;
        if (context().channel().config().isAutoRead() != listens) {
            context().channel().config().setAutoRead(listens);
        }
    }

    /** Something is being written: the client has to take some of it from time to time. */
    void watchWrites() {
        if (!isStallWatched && !isOver) {
            isStallWatched = true;
            lastProgress = nanoTime();
            lastBacklog = backlog();
            lookForStall();
        }
    }

    private void lookForStall() {
        long stall = service.options().stallTimeout().toNanos();
        context()
                .executor()
                .schedule(
                        () -> guarded(() -> {
                            long backlog = backlog();
                            if (isOver || backlog == 0) {
                                isStallWatched = false;
                            } else if (backlog != lastBacklog) {
                                lastBacklog = backlog;
                                lastProgress = nanoTime();
                                lookForStall();
                            } else if (nanoTime() - lastProgress >= stall) {
                                refuse(
                                        words -> {},
                                        "it took nothing for "
                                                + service.options()
                                                        .stallTimeout()
                                                        .toSeconds() + " seconds");
                            } else {
                                lookForStall();
                            }
                        }),
                        stall / STALL_LOOKS,
                        TimeUnit.NANOSECONDS);
    }

    /** A number that changes when some of what waits is taken; zero where nothing waits. */
    private long backlog() {
        ChannelOutboundBuffer waiting = context().channel().unsafe().outboundBuffer();
        return waiting == null ? 0 : waiting.totalPendingWriteBytes() - waiting.currentProgress();
    }
}
