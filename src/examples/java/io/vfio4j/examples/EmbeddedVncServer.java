package io.vfio4j.examples;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbInput;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbPassword;
import io.vfio4j.frontend.rfb.RfbServer;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * A VNC server inside a program of one's own, with a password, and with somebody who takes what is typed. It runs until Enter is pressed.
 * Without arguments it serves an emulated vGPU; with the UUID of a mediated device of this host, that.
 *
 * <p>Connect with any VNC client, to the port and with the password that it prints.
 */
public final class EmbeddedVncServer implements RfbInput {
    private EmbeddedVncServer() {}

    /**
     * Serves.
     *
     * @param arguments a UUID, or nothing
     * @throws IOException what the kernel refuses, with what to do about it
     */
    public static void main(String[] arguments) throws IOException {
        boolean real = arguments.length > 0;
        try (EmulatedHost emulated =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            emulated.vgpu().guest().run(Scenario.CURSOR);
            SystemCalls calls = real ? JnaLinux.open() : emulated.systemCalls();
            UUID uuid = real ? UUID.fromString(arguments[0]) : emulated.vgpu().uuid();
            VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid));
            try (EventLoop loop = EventLoop.start(calls, "vnc example");
                    Display display = Display.attach(loop, device)) {
                serve(display);
            }
        }
    }

    private static void serve(Display display) throws IOException {
        String password = password();
        RfbOptions options =
                RfbOptions.DEFAULTS.withPassword(RfbPassword.of(password)).withInput(new EmbeddedVncServer());
        // Port 0 takes one that is free. An address that other machines reach needs a password or a certificate; this
        // one
        // would not, but who else works on this machine is not to look over the guest's shoulder.
        InetSocketAddress listen = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        // A screen is read once for any number of clients, and only while there are some. One set of threads serves any
        // number of servers.
        try (FrontendThreads threads = new FrontendThreads();
                LiveScreen screen = LiveScreen.of(display);
                RfbServer server = RfbServer.start(screen, listen, options, threads)) {
            System.out.println("VNC on 127.0.0.1:" + server.address().getPort() + ", password " + password);
            System.in.read();
            System.out.println(server.service().stats());
        }
    }

    /** VNC's passwords have eight characters at the most. */
    private static String password() {
        String letters = "abcdefghijkmnopqrstuvwxyz23456789";
        return new SecureRandom()
                .ints(8, 0, letters.length())
                .mapToObj(letters::substring)
                .map(rest -> rest.substring(0, 1))
                .reduce("", String::concat);
    }

    // What people do at their clients comes on a network thread, so this has to be short. A real VMM puts it into the
    // guest's
    // virtual keyboard and pointer; VFIO has none.

    @Override
    public void onKey(SocketAddress client, int keysym, boolean down) {
        System.out.println("key 0x" + Integer.toHexString(keysym) + (down ? " pressed" : " released"));
    }

    @Override
    public void onPointer(SocketAddress client, int x, int y, int buttons) {
        System.out.println("pointer at " + x + "," + y + ", buttons " + buttons);
    }
}
