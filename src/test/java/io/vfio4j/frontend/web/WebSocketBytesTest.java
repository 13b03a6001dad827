package io.vfio4j.frontend.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.util.ReferenceCountUtil;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WebSocketBytesTest {
    /** All of them by -Dvfio4j.fuzz.messages=1000000. */
    private static final int FRAMES = Integer.getInteger("vfio4j.fuzz.messages", 30_000);

    private final EmbeddedChannel channel = new EmbeddedChannel(new WebSocketBytes());

    private static ByteBuf bytes(int length) {
        return Unpooled.wrappedBuffer(new byte[length]);
    }

    @Test
    void framesAreBytes() {
        channel.writeInbound(
                new BinaryWebSocketFrame(false, 0, bytes(3)), new ContinuationWebSocketFrame(true, 0, bytes(4)));
        for (int length : new int[] {3, 4}) {
            ByteBuf read = channel.readInbound();
            assertEquals(length, read.readableBytes());
            assertEquals(1, read.refCnt());
            read.release();
        }
    }

    @Test
    void bytesAreFramesAndLargeOnesSeveral() {
        ByteBuf large = bytes(300_000);
        ChannelFuture written = channel.writeAndFlush(large);
        int total = 0;
        for (int i = 0; i < 3; i++) {
            BinaryWebSocketFrame frame = channel.readOutbound();
            assertTrue(frame.isFinalFragment());
            assertTrue(frame.content().readableBytes() <= 128 * 1024);
            total += frame.content().readableBytes();
            frame.release();
        }
        assertEquals(300_000, total);
        assertTrue(written.isSuccess());
        assertNull(channel.readOutbound());
        assertEquals(0, large.refCnt());
    }

    @Test
    void nothingIsNoFrame() {
        ChannelFuture written = channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
        assertTrue(written.isSuccess());
        assertFalse(channel.readOutbound() instanceof BinaryWebSocketFrame);
    }

    @Test
    void pingsAreAnswered() {
        channel.writeInbound(new PingWebSocketFrame(bytes(5)), new PongWebSocketFrame(bytes(1)));
        PongWebSocketFrame pong = channel.readOutbound();
        assertEquals(5, pong.content().readableBytes());
        assertNull(channel.readOutbound());
        assertNull(channel.readInbound());
        pong.release();
    }

    @Test
    void whoPingsAndDoesNotReadGetsNoAnswer() {
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(1, 2));
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        channel.writeInbound(new PingWebSocketFrame(bytes(5)));
        assertNull(channel.readOutbound());
    }

    @Test
    void textIsRefused() {
        channel.writeInbound(new TextWebSocketFrame("hello"));
        assertEquals(1003, ((CloseWebSocketFrame) channel.readOutbound()).statusCode());
        assertFalse(channel.isOpen());
    }

    @Test
    void aCloseIsAnsweredAndWhatFollowsIgnored() {
        channel.writeInbound(new CloseWebSocketFrame(1000, ""), new BinaryWebSocketFrame(bytes(3)));
        assertEquals(1000, ((CloseWebSocketFrame) channel.readOutbound()).statusCode());
        assertNull(channel.readInbound());
        assertFalse(channel.isOpen());
    }

    @Test
    void closingSaysGoodBye() {
        channel.close();
        assertEquals(1000, ((CloseWebSocketFrame) channel.readOutbound()).statusCode());
        assertFalse(channel.isOpen());
    }

    @Test
    void noFrameEscapes() {
        long seed = Long.getLong("vfio4j.fuzz.seed", System.nanoTime());
        System.getLogger("io.vfio4j.report").log(System.Logger.Level.INFO, "WebSocket frames: seed " + seed);
        Random random = new Random(seed);
        UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
        EmbeddedChannel fuzzed = fuzzed(memory);
        long delivered = 0;
        for (int i = 0; i < FRAMES; i++) {
            fuzzed.writeInbound(frame(random, memory));
            fuzzed.checkException();
            for (Object read = fuzzed.readInbound(); read != null; read = fuzzed.readInbound()) {
                delivered += ((ByteBuf) read).readableBytes();
                ReferenceCountUtil.release(read);
            }
            for (Object sent = fuzzed.readOutbound(); sent != null; sent = fuzzed.readOutbound()) {
                ReferenceCountUtil.release(sent);
            }
            if (!fuzzed.isOpen()) {
                fuzzed.finishAndReleaseAll();
                assertEquals(0, memory.metric().usedHeapMemory(), "seed " + seed + ", frame " + i);
                fuzzed = fuzzed(memory);
            }
        }
        fuzzed.finishAndReleaseAll();
        assertEquals(0, memory.metric().usedHeapMemory(), "seed " + seed);
        assertTrue(delivered > 0);
    }

    private static EmbeddedChannel fuzzed(UnpooledByteBufAllocator memory) {
        EmbeddedChannel fuzzed = new EmbeddedChannel();
        fuzzed.config().setAllocator(memory);
        fuzzed.pipeline()
                .addLast(
                        new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                                .maxFramePayloadLength(64 * 1024)
                                .allowExtensions(false)
                                .build()),
                        new WebSocketBytes());
        return fuzzed;
    }

    /** Mostly what a browser sends, with something wrong now and then: a bit, a length, an end too early. */
    private static ByteBuf frame(Random random, UnpooledByteBufAllocator memory) {
        int length = random.nextInt(20) == 0 ? random.nextInt(70_000) : random.nextInt(200);
        byte[] codes = {2, 2, 2, 2, 0, 1, 8, 9, 10, 3, 15};
        int first =
                (random.nextInt(10) == 0 ? 0 : 0x80) | codes[random.nextInt(random.nextInt(4) == 0 ? codes.length : 4)];
        ByteBuf frame = memory.heapBuffer();
        frame.writeByte(random.nextInt(100) == 0 ? random.nextInt(256) : first);
        int mask = random.nextInt(100) == 0 ? 0 : 0x80;
        if (length < 126 && random.nextInt(50) != 0) {
            frame.writeByte(mask | length);
        } else if (length < 65536 && random.nextInt(50) != 0) {
            frame.writeByte(mask | 126).writeShort(length);
        } else {
            frame.writeByte(mask | 127).writeLong(random.nextInt(10) == 0 ? random.nextLong() : length);
        }
        frame.writeInt(random.nextInt());
        byte[] payload = new byte[length];
        random.nextBytes(payload);
        frame.writeBytes(payload);
        if (random.nextInt(50) == 0) {
            frame.writerIndex(random.nextInt(frame.writerIndex() + 1));
        }
        return frame;
    }
}
