package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.fail;

import java.awt.AWTException;
import java.awt.Dimension;
import java.awt.Rectangle;
import java.awt.Robot;
import java.awt.Toolkit;
import java.awt.image.BufferedImage;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javax.swing.SwingUtilities;

/** What is on the X server's screen, for tests with the tag {@code desktop}. */
public final class OnScreen {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Robot robot;

    public OnScreen() throws AWTException {
        robot = new Robot();
    }

    public Robot robot() {
        return robot;
    }

    public static <T> T inSwing(Callable<T> body) throws Exception {
        FutureTask<T> task = new FutureTask<>(body);
        SwingUtilities.invokeAndWait(task);
        return task.get();
    }

    public static void inSwing(Runnable body) throws InterruptedException, InvocationTargetException {
        SwingUtilities.invokeAndWait(body);
    }

    public BufferedImage whole() {
        Dimension size = Toolkit.getDefaultToolkit().getScreenSize();
        return robot.createScreenCapture(new Rectangle(size));
    }

    public void press(int key) {
        robot.keyPress(key);
        robot.keyRelease(key);
    }

    /** Waits until it is so; there is no event to wait for when another process, or the X server, has to do something. */
    public void await(BooleanSupplier condition, Supplier<String> what) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                fail(what.get());
            }
            robot.delay(20);
        }
    }

    /** Waits until exactly this is at a place of the screen; what is expected is asked for anew each time. */
    public void await(Supplier<BufferedImage> expected, int left, int top) {
        Object[] last = {Optional.empty()};
        await(
                () -> {
                    Optional<String> difference = Pictures.difference(expected.get(), whole(), left, top);
                    last[0] = difference;
                    return difference.isEmpty();
                },
                () -> "on the screen at " + left + "," + top + ": " + last[0]);
    }
}
