package io.vfio4j.contract;

import com.shinyhut.vernacular.client.VernacularClient;
import com.shinyhut.vernacular.client.VernacularConfig;
import com.shinyhut.vernacular.client.exceptions.VncException;
import com.shinyhut.vernacular.client.rendering.ColorDepth;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A VNC client that nobody here wrote, and the newest picture that it has painted. Any thread. */
public final class VncViewer implements AutoCloseable {
    private static final int FRAMES_PER_SECOND = 60;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

    private final VernacularClient client;
    private final Object monitor = new Object();
    private Optional<BufferedImage> newest = Optional.empty();
    private Optional<VncException> failure = Optional.empty();

    private VncViewer(Optional<String> password) {
        VernacularConfig config = new VernacularConfig();
        config.setColorDepth(ColorDepth.BPP_24_TRUE);
        config.setTargetFramesPerSecond(FRAMES_PER_SECOND);
        config.setShared(true);
        config.setScreenUpdateListener(this::painted);
        config.setErrorListener(this::failed);
        password.ifPresent(secret -> config.setPasswordSupplier(() -> secret));
        client = new VernacularClient(config);
    }

    /** Connects to a server of this machine. */
    public static VncViewer connect(int port) {
        return connect(port, Optional.empty());
    }

    /** The same with a password for whoever asks. */
    public static VncViewer connect(int port, Optional<String> password) {
        VncViewer viewer = new VncViewer(password);
        viewer.client.start("127.0.0.1", port);
        return viewer;
    }

    private void painted(Image image) {
        synchronized (monitor) {
            newest = Optional.of((BufferedImage) image);
            monitor.notifyAll();
        }
    }

    private void failed(VncException why) {
        synchronized (monitor) {
            failure = Optional.of(why);
            monitor.notifyAll();
        }
    }

    /**
     * Waits until it shows what is waited for.
     *
     * @throws IllegalStateException when its connection ends before
     */
    public BufferedImage await(String what, Predicate<BufferedImage> wanted) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        Optional<BufferedImage> seen = Optional.empty();
        while (true) {
            synchronized (monitor) {
                while (newest.equals(seen)) {
                    long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                    if (failure.isPresent() || left <= 0) {
                        throw new IllegalStateException(
                                "not shown: " + what + "; instead " + newest.map(VncViewer::described),
                                failure.orElse(null));
                    }
                    monitor.wait(left);
                }
                seen = newest;
            }
            if (wanted.test(seen.orElseThrow())) {
                return seen.get();
            }
        }
    }

    private static String described(BufferedImage image) {
        return image.getWidth() + "x" + image.getHeight() + ", at 0,0 " + Integer.toHexString(image.getRGB(0, 0));
    }

    /** Waits until the connection has ended; returns why. */
    public VncException awaitEnd() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        synchronized (monitor) {
            while (failure.isEmpty()) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0) {
                    throw new IllegalStateException("still connected");
                }
                monitor.wait(left);
            }
            return failure.get();
        }
    }

    /** Whether nothing has ended the connection. */
    public boolean isConnected() {
        synchronized (monitor) {
            return failure.isEmpty() && client.isRunning();
        }
    }

    /** A key is pressed and released, by its keysym. */
    public void type(int keysym) {
        client.updateKey(keysym, true);
        client.updateKey(keysym, false);
    }

    /** The pointer is moved. */
    public void moveTo(int x, int y) {
        client.moveMouse(x, y);
    }

    @Override
    public void close() {
        client.stop();
    }
}
