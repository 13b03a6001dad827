package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A service for an emulated display, and connections to it without sockets: all in virtual time, on the test's thread. Closing it checks
 * that nothing is left, buffers included, and that no error was reported.
 */
final class Wire implements RfbStage.Closing {
    static final int WIDTH = 64;
    static final int HEIGHT = 64;

    /** A client's end of the connection. */
    static final class Client extends EmbeddedChannel {
        private boolean isStopped;

        /** From now on it takes nothing. */
        void stop() {
            isStopped = true;
        }

        /** It takes what waits. */
        void goOn() {
            isStopped = false;
            flush();
        }

        @Override
        protected void doWrite(ChannelOutboundBuffer waiting) throws Exception {
            if (!isStopped) {
                super.doWrite(waiting);
            }
        }
    }

    final EmulatedHost host;
    final EventLoop loop;
    final LiveScreen screen = LiveScreen.named("vgpu", LiveOptions.DEFAULTS.on(Runnable::run));
    final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
    final List<String> errors = new ArrayList<>();
    final RfbService service;
    private final List<EmbeddedChannel> channels = new ArrayList<>();

    Wire(RfbOptions options) throws IOException {
        this(VgpuProfile.V5, options, Long.MAX_VALUE);
    }

    Wire(VgpuProfile profile, RfbOptions options, long mostHeldBytes) throws IOException {
        host = EmulatedHost.of(profile);
        if (profile != VgpuProfile.MDPY) {
            guest().setMode(WIDTH, HEIGHT);
        }
        loop = EventLoop.stepped(host.systemCalls());
        VfioDevice device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
        screen.attach(Display.attach(
                loop,
                device,
                DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause))));
        service = new RfbService(
                screen,
                options.withErrorHandler((what, cause) -> errors.add(what + ": " + cause)),
                Runnable::run,
                mostHeldBytes);
    }

    EmulatedGuest guest() {
        return host.vgpu().guest();
    }

    /** Somebody connects. */
    Client connect() {
        Client channel = new Client();
        channel.freezeTime();
        channel.config().setAllocator(memory);
        channels.add(channel);
        channel.pipeline().addLast(service.newConnection());
        return channel;
    }

    /** Somebody connects and is through with the handshake, which he has read. */
    Client introduced() {
        Client channel = connect();
        say(channel, "RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        say(channel, Bytes.of().u8(1).array());
        say(channel, Bytes.of().u8(1).array());
        settle(channel);
        hear(channel);
        return channel;
    }

    /** A client says something. */
    void say(EmbeddedChannel channel, byte[] bytes) {
        if (channel.isOpen()) {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes));
        }
        channel.checkException();
    }

    /** All that can happen at this instant happens. */
    void settle(EmbeddedChannel channel) {
        host.clock().advance(Duration.ZERO);
        channel.runPendingTasks();
        channel.checkException();
    }

    void pass(EmbeddedChannel channel, Duration time) {
        host.clock().advance(time);
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runPendingTasks();
        channel.runScheduledPendingTasks();
        channel.checkException();
    }

    /** What the client has got since it was last asked. */
    byte[] hear(EmbeddedChannel channel) {
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        return bytes;
    }

    /** The client goes. */
    void leave(EmbeddedChannel channel) {
        channel.close();
        channel.runPendingTasks();
        channel.finishAndReleaseAll();
        channels.remove(channel);
    }

    void assertNothingIsHeld() {
        assertEquals(0, service.connections(), "connections");
        assertEquals(0, screen.stats().viewers(), "viewers");
        assertEquals(0, memory.metric().usedHeapMemory() + memory.metric().usedDirectMemory(), "bytes of buffers");
        assertEquals(List.of(), errors, "errors");
    }

    @Override
    public void close() {
        List.copyOf(channels).forEach(this::leave);
        service.close();
        assertNothingIsHeld();
        screen.close();
        loop.close();
        assertEquals(List.of(), host.openFiles(), "open files");
        host.close();
    }
}
