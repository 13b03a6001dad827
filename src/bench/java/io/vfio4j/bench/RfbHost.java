package io.vfio4j.bench;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbServer;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The VNC server that is measured, for one vGPU of an emulated host. Arguments: a port, the screen's width and height, the vGPU's dialect,
 * a scenario, and a log. Ends when its standard input does.
 *
 * <p>With the scenario {@code window} a thread named {@code guest} makes 60 vblanks a second, in which the guest draws and flips, so that
 * what the emulated guest costs can be told from what the server costs; the log then has for each frame its number, when it was drawn and
 * flipped, and 0, as what drawing costs is the thread's. Otherwise vblanks come by
 * themselves, on a thread of the emulator.
 */
public final class RfbHost {
    private static final Logger CLIENTS = Logger.getLogger("io.vfio4j");
    private static final long PERIOD_NANOS = 1_000_000_000 / 60;
    private static final int MOST_FLIPS = 1 << 17;

    private final Vgpu vgpu;
    private final long[] frames = new long[MOST_FLIPS];
    private final long[] flips = new long[MOST_FLIPS];
    private volatile int count;
    private volatile boolean ended;

    private RfbHost(Vgpu vgpu) {
        this.vgpu = vgpu;
    }

    public static void main(String[] arguments) throws Exception {
        VgpuProfile profile = VgpuProfile.named(arguments[3])
                .withSize(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        if (!profile.name().equals("mdpy")) {
            // Pixels come from memory: a GPU in software would cost more than all the rest.
            profile = profile.withMappableDmabufs(true);
        }
        // Who comes and goes is not to be told.
        CLIENTS.setLevel(Level.WARNING);
        Scenario scenario = Scenario.named(arguments[4]);
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try (EmulatedHost host = EmulatedHost.builder().vgpu(profile).realTime().build();
                EventLoop loop = EventLoop.start(host.systemCalls(), "loop");
                Display display = attach(loop, host.systemCalls(), host.vgpu());
                LiveScreen screen = LiveScreen.named("emulated", LiveOptions.DEFAULTS);
                FrontendThreads threads = new FrontendThreads();
                RfbServer server = serve(screen, display, Integer.parseInt(arguments[0]), threads)) {
            RfbHost bench = new RfbHost(host.vgpu());
            if (scenario == Scenario.WINDOW) {
                bench.begin();
            } else {
                host.vgpu().guest().run(scenario);
            }
            out.println("listening on " + server.address());
            awaitEnd();
            bench.ended = true;
            bench.write(Path.of(arguments[5]));
        }
    }

    private static Display attach(EventLoop loop, SystemCalls calls, Vgpu vgpu) throws IOException {
        return Display.attach(loop, VfioDevice.open(calls, MdevDevice.find(calls, vgpu.uuid())));
    }

    private static RfbServer serve(LiveScreen screen, Display display, int port, FrontendThreads threads)
            throws IOException {
        screen.attach(display);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        return RfbServer.start(
                screen, address, RfbOptions.DEFAULTS.withLossy(false).withMaxClients(100), threads);
    }

    private static void awaitEnd() throws IOException {
        try (InputStream in = new FileInputStream(FileDescriptor.in)) {
            in.transferTo(FileOutputStream.nullOutputStream());
        }
    }

    private void begin() {
        vgpu.stepped(true);
        vgpu.guest().run(Scenario.WINDOW);
        Thread guest = new Thread(this::play, "guest");
        guest.setDaemon(true);
        guest.start();
    }

    /** Vblanks that there was no time for are left out, as a display's are that nobody waited for. */
    private void play() {
        long next = System.nanoTime();
        while (!ended && count < MOST_FLIPS) {
            vgpu.vblank(1);
            int at = count;
            frames[at] = vgpu.guest().frame();
            flips[at] = System.nanoTime();
            count = at + 1;
            next += PERIOD_NANOS;
            if (next < flips[at]) {
                next = flips[at];
            }
            while (next > System.nanoTime()) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
    }

    private void write(Path log) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(frames[i] + " " + flips[i] + " 0");
        }
        Files.write(log, lines);
    }
}
