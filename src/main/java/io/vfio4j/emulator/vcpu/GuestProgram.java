package io.vfio4j.emulator.vcpu;

/** What a vCPU's guest does. Times are those of an undisturbed processor. */
public sealed interface GuestProgram {

    /**
     * A thread of {@code ebizzy -M}: searches a record, then copies it into memory that the kernel gives and takes back, which flushes the
     * TLBs of all vCPUs that run the program.
     *
     * @param userNanos in user mode for each record
     * @param kernelNanos in the kernel for each record, locks not counted
     * @param lockSections how often it takes the lock of the address space for each record
     * @param holdNanos how long each time
     */
    record Ebizzy(long userNanos, long kernelNanos, int lockSections, long holdNanos) implements GuestProgram {}

    /**
     * Takes a lock, holds it, lets go, does something else.
     *
     * @param holdNanos how long it holds the lock
     * @param outsideNanos how long it does something else, in the kernel
     */
    record LockBench(long holdNanos, long outsideNanos) implements GuestProgram {}

    /** Computes in user mode for ever. */
    record Hog() implements GuestProgram {}

    /**
     * Every second vCPU wakes the one before it by an interrupt, and halts until that one does the same.
     *
     * @param workNanos how long each computes before it wakes the other
     */
    record PingPong(long workNanos) implements GuestProgram {}

    /**
     * Waits for the interrupt of a vblank, draws, flips.
     *
     * @param drawNanos how long it draws, in user mode
     * @param shootdowns how often on the way it flushes the TLBs of the other vCPUs that draw or compute with it
     */
    record DrawLoop(long drawNanos, int shootdowns) implements GuestProgram {}

    /** Halts, and only takes interrupts. */
    record Idle() implements GuestProgram {}
}
