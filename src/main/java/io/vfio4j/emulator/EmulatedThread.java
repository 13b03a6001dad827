package io.vfio4j.emulator;

import io.vfio4j.linux.Descriptor;

/**
 * A thread of a process of an emulated host, as {@code /proc/PID/task} shows it. It has no code: a test says what it does, and what
 * the scheduler has counted of it. Safe for use by any thread.
 */
public final class EmulatedThread {
    private final Kernel kernel;
    private final TaskThread thread;

    EmulatedThread(Kernel kernel, TaskThread thread) {
        this.kernel = kernel;
        this.thread = thread;
    }

    /**
     * Its number.
     *
     * @return what {@code /proc/PID/task} calls it
     */
    public int number() {
        return thread.number();
    }

    private void change(Runnable change) {
        kernel.lock();
        try {
            change.run();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Sets what {@code schedstat} shows.
     *
     * @param runNanos how long it ran, unsigned
     * @param waitNanos how long it waited for a processor, unsigned
     * @param slices how often it got one, unsigned
     */
    public void setTimes(long runNanos, long waitNanos, long slices) {
        change(() -> thread.setTimes(runNanos, waitNanos, slices));
    }

    /**
     * Sets how long it was in a guest: {@code guest_time} of {@code stat}.
     *
     * @param ticks in hundredths of a second
     */
    public void setGuestTime(long ticks) {
        change(() -> thread.setGuestTicks(ticks));
    }

    /**
     * It is in KVM_RUN, and sleeps because the guest does: {@code syscall} says so. The vCPU is its own from then on.
     *
     * @param vcpu a vCPU's descriptor of the same process
     */
    public void sleepInGuest(Descriptor vcpu) {
        int number = vcpu.acquire();
        try {
            change(() -> {
                thread.sleepOn(number);
                thread.task().descriptors().find(number).ifPresent(file -> {
                    if (file instanceof KvmVcpu.File it) {
                        it.ranOn(thread);
                    }
                });
            });
        } finally {
            vcpu.release();
        }
    }

    /** It runs, in the guest or elsewhere: {@code syscall} does not tell. */
    public void run() {
        change(thread::run);
    }

    /** It ends. Further calls do nothing. */
    public void end() {
        change(() -> thread.task().end(thread));
    }
}
