package io.vfio4j.emulator;

import java.util.OptionalInt;

/** A thread as the kernel sees it. Used under the kernel's lock. */
final class TaskThread {
    /** TASK_COMM_LEN of include/linux/sched.h, with a zero byte. */
    private static final int COMM_LENGTH = 15;

    private final Task task;
    private final int number;
    private final String name;
    private boolean alive = true;
    private long runNanos;
    private long waitNanos;
    private long slices;
    private long guestTicks;
    private OptionalInt vcpuDescriptor = OptionalInt.empty();

    TaskThread(Task task, int number, String name) {
        this.task = task;
        this.number = number;
        this.name = name.length() > COMM_LENGTH ? name.substring(0, COMM_LENGTH) : name;
    }

    Task task() {
        return task;
    }

    int number() {
        return number;
    }

    String name() {
        return name;
    }

    boolean isAlive() {
        return alive && task.isAlive();
    }

    void exit() {
        alive = false;
    }

    void setTimes(long run, long wait, long times) {
        runNanos = run;
        waitNanos = wait;
        slices = times;
    }

    void setGuestTicks(long ticks) {
        guestTicks = ticks;
    }

    /** proc_pid_schedstat(). */
    String schedstat() {
        return Long.toUnsignedString(runNanos) + " " + Long.toUnsignedString(waitNanos) + " "
                + Long.toUnsignedString(slices) + "\n";
    }

    long guestTicks() {
        return guestTicks;
    }

    /** It sleeps in KVM_RUN. */
    void sleepOn(int descriptor) {
        vcpuDescriptor = OptionalInt.of(descriptor);
    }

    void run() {
        vcpuDescriptor = OptionalInt.empty();
    }

    /** The vCPU's descriptor in its process. */
    OptionalInt sleepsOn() {
        return vcpuDescriptor;
    }
}
