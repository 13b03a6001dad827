package io.vfio4j.emulator;

import java.util.OptionalLong;

/** The thread that lets things happen when their time has come. A daemon: an emulated host never keeps a JVM alive. */
final class RealTime implements Runnable {
    private final Kernel kernel;

    private RealTime(Kernel kernel) {
        this.kernel = kernel;
    }

    static void start(Kernel kernel) {
        Thread thread = new Thread(new RealTime(kernel), "vfio4j-emulated-host");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void run() {
        kernel.lock();
        try {
            while (!kernel.isClosed()) {
                kernel.events().run(kernel.nanoTime());
                OptionalLong next = kernel.events().next();
                if (next.isEmpty()) {
                    kernel.awaitChange();
                } else {
                    kernel.awaitChange(next.getAsLong() - kernel.nanoTime());
                }
            }
        } catch (RuntimeException | Error failure) {
            // Nothing would ever happen again: whoever waits is told so.
            kernel.close();
            throw failure;
        } finally {
            kernel.unlock();
        }
    }
}
