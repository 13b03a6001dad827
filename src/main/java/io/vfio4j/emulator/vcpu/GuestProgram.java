package io.vfio4j.emulator.vcpu;

/**
 * What a vCPU's guest does. Times are those of an undisturbed processor. The vCPUs of a guest that run {@link Ebizzy}, {@link DrawLoop} or
 * {@link Hog} are threads of one program: they share an address space and its lock, and a TLB shootdown of one interrupts all others that do
 * not idle. The sender waits for their answers with its interrupts on.
 */
public sealed interface GuestProgram {
    /** How often something may happen in one round of a program. */
    int MOST_SECTIONS = 100_000;

    /**
     * A thread of {@code ebizzy -M}: searches a record, then copies it into memory that the kernel gives and takes back, which flushes the
     * TLBs of all vCPUs that run the program.
     *
     * @param userNanos in user mode for each record
     * @param kernelNanos in the kernel for each record, locks not counted
     * @param lockSections how often it takes the lock of the address space for each record
     * @param holdNanos how long each time
     */
    record Ebizzy(long userNanos, long kernelNanos, int lockSections, long holdNanos) implements GuestProgram {
        /**
         * Makes the program.
         *
         * @param userNanos in user mode for each record
         * @param kernelNanos in the kernel for each record, locks not counted
         * @param lockSections how often it takes the lock for each record, 0 to 100,000
         * @param holdNanos how long each time
         * @throws IllegalArgumentException naming the component that is absurd
         */
        public Ebizzy {
            Bounds.nanos("userNanos", userNanos);
            Bounds.nanos("kernelNanos", kernelNanos);
            Bounds.check("lockSections", lockSections, 0, MOST_SECTIONS);
            Bounds.nanos("holdNanos", holdNanos);
            if (userNanos + kernelNanos == 0) {
                throw new IllegalArgumentException("userNanos and kernelNanos must not both be 0");
            }
            if (userNanos == 0 && kernelNanos <= lockSections) {
                throw new IllegalArgumentException(
                        "kernelNanos must be longer than a nanosecond for each lock section if userNanos is 0");
            }
        }
    }

    /**
     * Takes a lock, holds it, lets go, does something else.
     *
     * @param holdNanos how long it holds the lock
     * @param outsideNanos how long it does something else, in the kernel
     */
    record LockBench(long holdNanos, long outsideNanos) implements GuestProgram {
        /**
         * Makes the program.
         *
         * @param holdNanos how long it holds the lock
         * @param outsideNanos how long it does something else, in the kernel
         * @throws IllegalArgumentException naming the component that is absurd
         */
        public LockBench {
            Bounds.nanos("holdNanos", holdNanos);
            Bounds.nanos("outsideNanos", outsideNanos);
            if (holdNanos + outsideNanos == 0) {
                throw new IllegalArgumentException("holdNanos and outsideNanos must not both be 0");
            }
        }
    }

    /** Computes in user mode for ever. */
    record Hog() implements GuestProgram {}

    /**
     * Every second vCPU wakes the one before it by an interrupt, and halts until that one does the same. Both of a pair must run this.
     * A round is over when both have been woken once.
     *
     * @param workNanos how long each computes before it wakes the other
     */
    record PingPong(long workNanos) implements GuestProgram {
        /**
         * Makes the program.
         *
         * @param workNanos how long each computes before it wakes the other
         * @throws IllegalArgumentException naming the component that is absurd
         */
        public PingPong {
            Bounds.positiveNanos("workNanos", workNanos);
        }
    }

    /**
     * Waits for the interrupt of a vblank ({@link Simulation#postInterrupt}), draws, flips. If the next vblank comes before it has flipped,
     * it draws the next frame at once.
     *
     * @param drawNanos how long it draws, in user mode
     * @param shootdowns how often on the way it flushes the TLBs of the other vCPUs that draw or compute with it
     */
    record DrawLoop(long drawNanos, int shootdowns) implements GuestProgram {
        /**
         * Makes the program.
         *
         * @param drawNanos how long it draws, in user mode
         * @param shootdowns how often on the way it flushes TLBs, 0 to 100,000
         * @throws IllegalArgumentException naming the component that is absurd
         */
        public DrawLoop {
            Bounds.positiveNanos("drawNanos", drawNanos);
            Bounds.check("shootdowns", shootdowns, 0, MOST_SECTIONS);
        }
    }

    /** Halts, and only takes interrupts. */
    record Idle() implements GuestProgram {}
}
