package io.vfio4j.emulator;

import io.vfio4j.linux.SystemCalls;
import java.util.List;

/**
 * A further process of an emulated host: a VMM that has a device open, somebody who races for it, somebody to hand it over. It has
 * its own descriptors, and no code: whoever calls its {@link #systemCalls} acts in its name.
 *
 * <p>Its calls leave no trace, and {@link Faults} leave them alone. Safe for use by any thread.
 */
public final class EmulatedProcess {
    private final Kernel kernel;
    private final Task task;
    private final SystemCalls systemCalls;

    EmulatedProcess(Kernel kernel, Task task, SystemCalls systemCalls) {
        this.kernel = kernel;
        this.task = task;
        this.systemCalls = systemCalls;
    }

    static int requireUser(int id) {
        if (id < 0) {
            throw new IllegalArgumentException("user " + id);
        }
        return id;
    }

    /**
     * Its number.
     *
     * @return what {@code /proc} calls it
     */
    public int pid() {
        return task.pid();
    }

    /**
     * The system calls of this process.
     *
     * @return always the same; after its end they throw {@link io.vfio4j.linux.ClosedException}
     */
    public SystemCalls systemCalls() {
        return systemCalls;
    }

    /**
     * How many descriptors it has open, beyond its first three.
     *
     * @return 0 when everything is closed
     */
    public int openDescriptors() {
        kernel.lock();
        try {
            return task.descriptors().open();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * What it has open.
     *
     * @return a path or name for each descriptor
     */
    public List<String> openFiles() {
        kernel.lock();
        try {
            return task.descriptors().labels();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Starts a thread.
     *
     * @param name what it is called, for example {@code CPU 0/KVM}; the kernel keeps 15 characters of it
     * @return the thread
     */
    public EmulatedThread thread(String name) {
        kernel.lock();
        try {
            task.checkAlive();
            return new EmulatedThread(kernel, task.start(kernel.processes().nextPid(), name));
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Kills it: its descriptors are closed and its memory is unmapped, as by SIGKILL. What others have copies of stays open. Its
     * number is free afterwards. Further calls do nothing.
     */
    public void end() {
        kernel.lock();
        try {
            kernel.processes().end(task);
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public String toString() {
        return task.toString();
    }
}
