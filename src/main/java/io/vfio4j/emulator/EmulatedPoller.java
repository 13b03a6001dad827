package io.vfio4j.emulator;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;

/** fs/eventpoll.c, level-triggered: what is ready stands in a line, and goes to its end when it was read. */
final class EmulatedPoller implements Poller {

    /** A registration. It belongs to the open file, under the number it had at the time. */
    final class Watch {
        private final Counter counter;
        private final int number;
        private final long token;
        private boolean queued;
        private boolean ended;

        private Watch(Counter counter, int number, long token) {
            this.counter = counter;
            this.number = number;
            this.token = token;
        }

        void ready() {
            if (!queued && !ended) {
                queued = true;
                line.add(this);
                somethingReady.signal();
            }
        }

        /** The file is gone. */
        void end() {
            ended = true;
            watches.remove(number, this);
            counter.unwatch(this);
        }
    }

    private final Kernel kernel;
    private final Task task;
    private final Descriptor descriptor;
    private final Condition somethingReady;
    private final Map<Integer, Watch> watches = new HashMap<>();
    private final ArrayDeque<Watch> line = new ArrayDeque<>();

    EmulatedPoller(Kernel kernel, Task task, Descriptor descriptor) {
        this.kernel = kernel;
        this.task = task;
        this.descriptor = descriptor;
        this.somethingReady = kernel.newCondition();
    }

    @Override
    public void add(Descriptor counter, long token) throws LinuxException {
        control("add", counter, (number, file) -> {
            if (!(file instanceof Counter pollable)) {
                throw new KernelError(Errno.EPERM);
            }
            if (watches.containsKey(number)) {
                throw new KernelError(Errno.EEXIST);
            }
            Watch watch = new Watch(pollable, number, token);
            watches.put(number, watch);
            pollable.watch(watch);
            if (pollable.isReady()) {
                watch.ready();
            }
        });
    }

    @Override
    public void remove(Descriptor counter) throws LinuxException {
        control("remove", counter, (number, file) -> {
            Watch watch = watches.get(number);
            if (watch == null) {
                throw new KernelError(Errno.ENOENT);
            }
            watch.end();
        });
    }

    private interface Change {
        void apply(int number, OpenFile file) throws KernelError;
    }

    private void control(String what, Descriptor counter, Change change) throws LinuxException {
        descriptor.acquire();
        try {
            int number = counter.acquire();
            kernel.lock();
            try {
                kernel.enter(task, "epoll_ctl", counter.description(), what);
                change.apply(number, task.descriptors().file(number));
            } catch (KernelError error) {
                throw new LinuxException(error.errno(), "epoll_ctl", counter.description());
            } finally {
                kernel.unlock();
                counter.release();
            }
        } finally {
            descriptor.release();
        }
    }

    @Override
    public int poll(long[] tokens, long[] counters, boolean wait) throws LinuxException {
        int room = Math.min(tokens.length, counters.length);
        if (room == 0) {
            throw new IllegalArgumentException("no room for a single counter");
        }
        descriptor.acquire();
        try {
            kernel.lock();
            try {
                kernel.enterQuietly(task, "epoll_wait", descriptor.description());
                int read = takeReady(tokens, counters, room);
                while (read == 0 && wait) {
                    kernel.checkOpen();
                    task.checkAlive();
                    // As epoll_wait in native code: an interrupt of the Java thread does not reach it.
                    somethingReady.awaitUninterruptibly();
                    read = takeReady(tokens, counters, room);
                }
                return read;
            } catch (KernelError error) {
                throw new LinuxException(error.errno(), "epoll_wait", descriptor.description());
            } finally {
                kernel.unlock();
            }
        } finally {
            descriptor.release();
        }
    }

    private int takeReady(long[] tokens, long[] counters, int room) {
        int read = 0;
        while (read < room && !line.isEmpty()) {
            Watch watch = line.remove();
            watch.queued = false;
            if (watch.ended) {
                continue;
            }
            long value = watch.counter.take();
            if (value != 0) {
                tokens[read] = watch.token;
                counters[read] = value;
                read++;
            }
        }
        return read;
    }

    /** The host or the process may be gone; a thread that waits here would wait for ever. */
    void wake() {
        somethingReady.signalAll();
    }

    @Override
    public void close() {
        kernel.lock();
        try {
            Map.copyOf(watches).values().forEach(Watch::end);
            kernel.removePoller(this);
        } finally {
            kernel.unlock();
        }
        descriptor.close();
    }

    /** What the poller's own descriptor refers to. */
    static final class File extends OpenFile {
        @Override
        String name() {
            return "anon_inode:[eventpoll]";
        }
    }
}
