package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.shinyhut.vernacular.client.VernacularClient;
import com.shinyhut.vernacular.client.VernacularConfig;
import com.shinyhut.vernacular.client.exceptions.VncException;
import com.shinyhut.vernacular.client.rendering.ColorDepth;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Somebody with a VNC client that is not ours. */
final class Onlooker implements RfbStage.Closing {
    private static final int PICTURES_PER_SECOND = 200;

    private final VernacularClient client;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Optional<BufferedImage> picture = Optional.empty();
    private Optional<Image> pointer = Optional.empty();
    private Optional<VncException> error = Optional.empty();

    private Onlooker(Consumer<VernacularConfig> choices) {
        VernacularConfig config = new VernacularConfig();
        config.setColorDepth(ColorDepth.BPP_24_TRUE);
        config.setTargetFramesPerSecond(PICTURES_PER_SECOND);
        config.setScreenUpdateListener(image -> note(() -> picture = Optional.of((BufferedImage) image)));
        config.setMousePointerUpdateListener((image, hotspot) -> note(() -> pointer = Optional.of(image)));
        config.setErrorListener(thrown -> note(() -> error = Optional.of(thrown)));
        choices.accept(config);
        client = new VernacularClient(config);
    }

    static Onlooker at(int port) {
        return at(port, config -> {});
    }

    static Onlooker at(int port, Consumer<VernacularConfig> choices) {
        Onlooker onlooker = new Onlooker(choices);
        onlooker.client.start("127.0.0.1", port);
        return onlooker;
    }

    VernacularClient client() {
        return client;
    }

    private void note(Runnable news) {
        lock.lock();
        try {
            news.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the picture is as it should be; it may be told in several updates. */
    void awaitPicture(String what, Predicate<BufferedImage> expected) throws InterruptedException {
        await(what, () -> picture.filter(expected).isPresent());
    }

    Image awaitPointer() throws InterruptedException {
        await("a pointer", () -> pointer.isPresent());
        return pointer.orElseThrow();
    }

    VncException awaitError() throws InterruptedException {
        await("an error", () -> error.isPresent());
        return error.orElseThrow();
    }

    private void await(String what, BooleanSupplier condition) throws InterruptedException {
        lock.lock();
        try {
            long left = RfbStage.patience().toNanos();
            while (!condition.getAsBoolean() && left > 0) {
                left = changed.awaitNanos(left);
            }
            assertTrue(
                    condition.getAsBoolean(),
                    () -> what + " did not come; error: " + error + "; the picture: " + description());
        } finally {
            lock.unlock();
        }
    }

    private String description() {
        return picture.map(image -> image.getWidth() + "x" + image.getHeight() + ", the first pixel "
                        + Integer.toHexString(image.getRGB(0, 0)) + ", in the middle "
                        + Integer.toHexString(image.getRGB(image.getWidth() / 2, image.getHeight() / 2)))
                .orElse("none");
    }

    @Override
    public void close() {
        client.stop();
    }
}
