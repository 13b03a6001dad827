package io.vfio4j.frontend.swing;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.time.Duration;

/** A guest of an emulated host in virtual time, and the screen that shows it. */
final class ShownGuest implements AutoCloseable {
    static final VgpuProfile PROFILE = VgpuProfile.V6.withSize(320, 200).withMappableDmabufs(true);

    final EmulatedHost host = EmulatedHost.of(PROFILE);
    final EmulatedGuest guest = host.vgpu().guest();
    final EventLoop loop = EventLoop.stepped(host.systemCalls());
    final Display display;
    final LiveScreen screen = LiveScreen.named("guest", LiveOptions.DEFAULTS.on(Runnable::run));

    ShownGuest() throws IOException {
        display = Display.attach(loop, open());
        screen.attach(display);
    }

    private VfioDevice open() throws IOException {
        SystemCalls calls = host.systemCalls();
        MdevDevice mdev = MdevDevice.find(calls, host.vgpu().uuid());
        return VfioDevice.open(calls, HostDevice.of(calls, mdev), AttachOptions.DEFAULTS);
    }

    /** Until what the guest did last was signalled, and read. */
    void settle() {
        for (int i = 0; i < 20; i++) {
            host.clock().advance(Duration.ofMillis(20));
        }
    }

    /** What a screen of the guest's size shows: picture and cursor. */
    BufferedImage picture() {
        return picture(guest);
    }

    static BufferedImage picture(EmulatedGuest guest) {
        BufferedImage image = new BufferedImage(guest.width(), guest.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, pixel(guest, x, y));
            }
        }
        return image;
    }

    private static int pixel(EmulatedGuest guest, int x, int y) {
        if (guest.cursorVisible()) {
            int left = x - guest.cursorX();
            int top = y - guest.cursorY();
            if (left >= 0 && top >= 0 && left < guest.cursorSize() && top < guest.cursorSize()) {
                int over = guest.cursorPixel(left, top);
                // The emulated guest's cursor has no half-transparent pixels.
                if (over >>> 24 == 255) {
                    return over & 0xff_ffff;
                }
            }
        }
        return guest.shownPixel(x, y);
    }

    @Override
    public void close() {
        screen.close();
        display.close();
        loop.close();
        host.close();
    }
}
