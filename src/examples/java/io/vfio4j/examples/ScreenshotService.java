package io.vfio4j.examples;

import io.vfio4j.display.Display;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Viewing;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;

/**
 * Keeps a PNG file that shows what a vGPU shows: written when the picture changes, at most once a second, until SIGTERM or Ctrl-C. Needs
 * neither a window system nor a VNC client.
 *
 * <p>Arguments: {@code [emulated|UUID [FILE]]}; an emulated vGPU and {@code screen.png} when left out.
 */
public final class ScreenshotService {
    private static final Duration PERIOD = Duration.ofSeconds(1);

    private ScreenshotService() {}

    /**
     * Runs until the process is asked to end.
     *
     * @param arguments see above
     * @throws IOException what the kernel refuses, or a file that cannot be written
     * @throws InterruptedException never: nobody interrupts the main thread
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        boolean real = arguments.length > 0 && !arguments[0].equals("emulated");
        Path file = Path.of(arguments.length > 1 ? arguments[1] : "screen.png");

        // A service is ended by SIGTERM. The JVM then runs its hooks, and ends when they return: so the hook waits for
        // the
        // main thread, which closes the display and with it gives the irq back.
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            end.countDown();
            awaitQuietly(ended);
        }));

        try (EmulatedHost emulated =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            emulated.vgpu().guest().run(Scenario.CURSOR);
            SystemCalls calls = real ? JnaLinux.open() : emulated.systemCalls();
            UUID uuid = real ? UUID.fromString(arguments[0]) : emulated.vgpu().uuid();
            VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid));
            try (EventLoop loop = EventLoop.start(calls, "screenshots");
                    Display display = Display.attach(loop, device);
                    LiveScreen screen = LiveScreen.of(display)) {
                keep(file, screen, end);
            }
        } finally {
            ended.countDown();
        }
    }

    /** Writes the file again and again, as long as the end is not asked for. */
    private static void keep(Path file, LiveScreen screen, CountDownLatch end)
            throws IOException, InterruptedException {
        // News are hints, not pictures: however many there were, the newest picture is taken when there is time for it.
        Semaphore news = new Semaphore(0);
        try (Viewing viewing = screen.view(CursorStyle.DRAWN, news::release)) {
            while (true) {
                Optional<BufferedImage> picture = newest(viewing);
                if (picture.isPresent()) {
                    write(picture.get(), file);
                    System.out.println(file + ": " + picture.get().getWidth() + "x"
                            + picture.get().getHeight());
                }
                // Nobody else looks, so for this second the screen is not read at all, and the irq is masked.
                viewing.pause();
                if (end.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                viewing.resume();
                // The next picture that differs; meanwhile the end may be asked for.
                news.drainPermits();
                while (!news.tryAcquire(PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
                    if (end.getCount() == 0) {
                        return;
                    }
                }
            }
        }
    }

    /** What the guest shows, if that is something new. */
    private static Optional<BufferedImage> newest(Viewing viewing) {
        Optional<Look> look = viewing.look();
        if (look.isEmpty()) {
            return Optional.empty();
        }
        // A look is lent, so it is copied and given back before the file is written, which takes long.
        try (Look lent = look.get()) {
            return lent.absence().isPresent() || lent.changes().isEmpty()
                    ? Optional.empty()
                    : Optional.of(copy(lent.frame()));
        }
    }

    private static BufferedImage copy(Frame frame) {
        BufferedImage image = new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_INT_RGB);
        frame.pixels().get(((DataBufferInt) image.getRaster().getDataBuffer()).getData());
        return image;
    }

    /** Whoever reads the file sees the old picture or the new one, never half of one. */
    private static void write(BufferedImage picture, Path file) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".part");
        ImageIO.write(picture, "png", beside.toFile());
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
