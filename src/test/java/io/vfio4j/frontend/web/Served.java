package io.vfio4j.frontend.web;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbService;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;

/** An emulated display in real time, behind a screen and a VNC service. */
final class Served implements AutoCloseable {
    final EmulatedHost host;
    final EventLoop loop;
    final Display display;
    final LiveScreen screen;
    final RfbService service;

    Served(String name, VgpuProfile profile, RfbOptions options, FrontendThreads threads) throws IOException {
        host = EmulatedHost.builder().vgpu(profile).realTime().build();
        loop = EventLoop.start(host.systemCalls(), name);
        display = Display.attach(
                loop,
                VfioDevice.open(
                        host.systemCalls(),
                        MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
        screen = LiveScreen.named(name, LiveOptions.DEFAULTS.withLongestIdle(Duration.ofMillis(50)));
        screen.attach(display);
        service = new RfbService(screen, options, threads);
    }

    static Served small(String name, FrontendThreads threads) throws IOException {
        return new Served(name, VgpuProfile.named("v5").withSize(640, 400), RfbOptions.DEFAULTS, threads);
    }

    EmulatedGuest guest() {
        return host.vgpu().guest();
    }

    WebScreen web() {
        return new WebScreen(screen, service);
    }

    @Override
    public void close() {
        service.close();
        screen.close();
        display.close();
        loop.close();
        host.close();
    }
}
