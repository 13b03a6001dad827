package io.vfio4j.frontend.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.util.ReferenceCountUtil;

/**
 * A WebSocket as a stream of bytes: where frames begin and end means nothing. Whether more may be written is the channel's to say, as
 * without a WebSocket.
 */
final class WebSocketBytes extends ChannelDuplexHandler {
    /** A browser hands over whole messages; in parts a large picture begins to appear before all of it is here. */
    private static final int LONGEST_MESSAGE = 128 * 1024;

    private boolean closing;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!closing && (message instanceof BinaryWebSocketFrame || message instanceof ContinuationWebSocketFrame)) {
            // The frame has one reference, which goes on with its bytes.
            context.fireChannelRead(((io.netty.handler.codec.http.websocketx.WebSocketFrame) message).content());
            return;
        }
        try {
            if (closing || message instanceof PongWebSocketFrame) {
                return;
            }
            if (message instanceof PingWebSocketFrame ping) {
                // Who pings and does not read gets no answer: only the newest ping needs one (RFC 6455, 5.5.3).
                if (context.channel().isWritable()) {
                    context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
                }
                return;
            }
            end(
                    context,
                    message instanceof CloseWebSocketFrame
                            ? WebSocketCloseStatus.NORMAL_CLOSURE
                            : WebSocketCloseStatus.INVALID_MESSAGE_TYPE,
                    context.newPromise());
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf bytes)) {
            context.write(message, promise);
            return;
        }
        while (bytes.readableBytes() > LONGEST_MESSAGE) {
            context.write(new BinaryWebSocketFrame(bytes.readRetainedSlice(LONGEST_MESSAGE)));
        }
        if (bytes.isReadable()) {
            context.write(new BinaryWebSocketFrame(bytes), promise);
        } else {
            bytes.release();
            context.write(Unpooled.EMPTY_BUFFER, promise);
        }
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        end(context, WebSocketCloseStatus.NORMAL_CLOSURE, promise);
    }

    /** Says good-bye if that can be said at once; who does not read is not waited for. */
    private void end(ChannelHandlerContext context, WebSocketCloseStatus status, ChannelPromise promise) {
        if (!closing) {
            closing = true;
            context.writeAndFlush(new CloseWebSocketFrame(status));
        }
        context.close(promise);
    }

    /** What the codec refuses; it has said so to the client. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        System.getLogger("io.vfio4j")
                .log(
                        System.Logger.Level.DEBUG,
                        () -> "a browser at " + context.channel().remoteAddress() + " is disconnected: " + cause);
        context.close();
    }
}
