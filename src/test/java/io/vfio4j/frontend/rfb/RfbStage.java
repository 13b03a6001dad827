package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** An emulated display in real time, and a VNC server for it on a free port. Closing it checks that nothing is left, and that no error was reported. */
final class RfbStage implements AutoCloseable {
    static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final int WIDTH = 160;
    private static final int HEIGHT = 120;

    /** What closes without a fuss. */
    interface Closing extends AutoCloseable {
        @Override
        void close();
    }

    final EmulatedHost host;
    final EventLoop loop;
    final LiveScreen screen;
    final FrontendThreads threads = new FrontendThreads();
    final List<String> errors = Collections.synchronizedList(new ArrayList<>());
    final RfbServer server;
    private final List<Closing> toClose = new ArrayList<>();

    RfbStage() throws IOException {
        this(RfbOptions.DEFAULTS);
    }

    RfbStage(RfbOptions options) throws IOException {
        this(VgpuProfile.V5, options);
    }

    RfbStage(VgpuProfile profile, RfbOptions options) throws IOException {
        host = EmulatedHost.builder().vgpu(profile).realTime().build();
        if (profile != VgpuProfile.MDPY) {
            guest().setMode(WIDTH, HEIGHT);
        }
        loop = EventLoop.start(host.systemCalls(), "rfb test");
        screen = LiveScreen.named("vgpu", LiveOptions.DEFAULTS);
        VfioDevice device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
        Display display = Display.attach(
                loop,
                device,
                DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause)));
        screen.attach(display);
        server = RfbServer.start(
                screen, ANY_PORT, options.withErrorHandler((what, cause) -> errors.add(what + ": " + cause)), threads);
    }

    EmulatedGuest guest() {
        return host.vgpu().guest();
    }

    int port() {
        return server.address().getPort();
    }

    /** To be closed before the server. */
    <T extends Closing> T with(T resource) {
        toClose.add(resource);
        return resource;
    }

    @Override
    public void close() {
        toClose.forEach(Closing::close);
        server.close();
        assertEquals(0, server.service().connections(), "connections");
        assertEquals(0, screen.stats().viewers(), "viewers");
        screen.close();
        threads.close();
        loop.close();
        assertEquals(List.of(), host.openFiles(), "open files");
        assertEquals(List.of(), errors, "errors");
        host.close();
    }

    static Duration patience() {
        return Duration.ofSeconds(8);
    }
}
