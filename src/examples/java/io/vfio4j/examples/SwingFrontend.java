package io.vfio4j.examples;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.frontend.swing.Scaling;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.awt.BorderLayout;
import java.awt.Point;
import java.awt.event.MouseAdapter;
import java.awt.event.MouseEvent;
import java.awt.event.WindowAdapter;
import java.awt.event.WindowEvent;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.SwingUtilities;

/**
 * A window of one's own around the display of a vGPU, with a line that tells where the pointer is on the guest's screen. It runs until the window
 * is closed. Without arguments it shows an emulated vGPU; with the UUID of a mediated device of this host, that.
 */
public final class SwingFrontend {
    private SwingFrontend() {}

    /**
     * Shows the window.
     *
     * @param arguments a UUID, or nothing
     * @throws IOException what the kernel refuses, with what to do about it
     * @throws InterruptedException never: nobody interrupts the main thread
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        boolean real = arguments.length > 0;
        try (EmulatedHost emulated =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            emulated.vgpu().guest().run(Scenario.CURSOR);
            SystemCalls calls = real ? JnaLinux.open() : emulated.systemCalls();
            UUID uuid = real ? UUID.fromString(arguments[0]) : emulated.vgpu().uuid();
            VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid));
            try (EventLoop loop = EventLoop.start(calls, "swing example");
                    Display display = Display.attach(loop, device);
                    LiveScreen screen = LiveScreen.of(display)) {
                CountDownLatch closed = new CountDownLatch(1);
                // Swing's components live on Swing's thread, this one included. The panel reads nothing on it that
                // blocks.
                SwingUtilities.invokeLater(() -> open(screen, closed));
                closed.await();
            }
        }
    }

    private static void open(LiveScreen screen, CountDownLatch closed) {
        JFrame window = new JFrame(screen.name());
        window.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
        window.addWindowListener(new WindowAdapter() {
            @Override
            public void windowClosed(WindowEvent event) {
                closed.countDown();
            }
        });
        window.setContentPane(content(screen));
        window.pack();
        window.setVisible(true);
    }

    /** What is in the window; a part of a larger program puts it wherever it likes. */
    static JPanel content(LiveScreen screen) {
        DisplayPanel panel = new DisplayPanel(screen);
        panel.setScaling(Scaling.FIT);
        JLabel place = new JLabel(" ");
        panel.addMouseMotionListener(new MouseAdapter() {
            @Override
            public void mouseMoved(MouseEvent event) {
                // The panel knows how its picture is scaled, and where it is.
                Optional<Point> onScreen = panel.toScreen(event.getPoint());
                place.setText(onScreen.map(point -> point.x + ", " + point.y).orElse(" "));
            }
        });
        JPanel content = new JPanel(new BorderLayout());
        content.add(panel, BorderLayout.CENTER);
        content.add(place, BorderLayout.SOUTH);
        return content;
    }
}
