package io.vfio4j.vfio;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/** What was opened for a device, to be closed in the reverse order. */
final class Attachment implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** Adds what is to be closed before everything that was added so far. */
    <T extends AutoCloseable> T add(T resource) {
        opened.push(resource);
        return resource;
    }

    /** Adds what is to be done when everything that was added so far is closed. */
    void addLast(AutoCloseable resource) {
        opened.addLast(resource);
    }

    /** Closes all; what fails is logged, and the rest closed nevertheless. Further calls do nothing, but wait for the first. */
    @Override
    public void close() {
        lock.lock();
        try {
            while (!opened.isEmpty()) {
                try {
                    opened.pop().close();
                } catch (Exception e) {
                    System.getLogger(Attachment.class.getName()).log(System.Logger.Level.WARNING, "close failed", e);
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
