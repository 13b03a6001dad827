package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.event.EventHeap;
import java.util.SplittableRandom;

/** A vCPU: the host's thread that runs it, and where its guest has got to. */
final class Vcpu {
    /** Work that never ends. */
    static final long FOREVER = EventHeap.NEVER;

    /** Interrupts, in the order in which they are taken. */
    static final int EXTERNAL = 1;
    /** Another vCPU asks for function calls. */
    static final int CALL = 2;
    /** Another vCPU wakes this one. */
    static final int WAKE = 4;

    /** Where its thread is. */
    enum Place {
        RUNNING,
        READY,
        BLOCKED
    }

    /** What the guest does when it handles no interrupt. */
    enum Doing {
        USER,
        KERNEL,
        /** Holds a lock, in the kernel. */
        HOLD,
        LOCK_SPIN,
        CALL_SPIN,
        /** Idle, by HLT with interrupts on. */
        HALTED,
        /** Waits for a paravirtualised lock, by HLT with interrupts off. */
        LOCK_HALTED;

        boolean isWork() {
            return this == USER || this == KERNEL || this == HOLD;
        }
    }

    final int task;
    final Guest guest;
    /** Its number within the guest. */
    final int index;

    // The host's side.
    Cpu cpu;
    Place place = Place.READY;
    /** It got its processor, and has not been entered since. */
    boolean fresh;
    /** Up to when it may not be descheduled. */
    long stayUntil;

    /** Since when it waits for a processor, having been preempted or woken; negative if it has never run. */
    long waitingSince = -1;

    boolean wasWoken;
    /** It yielded and has not run since. */
    boolean yielding;

    long haltedSince;
    boolean justBlocked;
    /** For how long its processor waits when it halts; adapts. */
    long pollNanos;

    long pauseWindow;
    /** For how long it spins until the next exit. */
    long pauseLeft;

    // The guest's side.
    Doing doing = Doing.KERNEL;
    /** Work, or a lock's way here, that is left; without {@link #handling}. */
    long left;
    /** The interrupt whose handler runs, or 0. */
    int handling;

    long handlerLeft;
    int pending;
    boolean interruptsOff;
    /** How far its program is. */
    int step;

    // Its lock.
    long holdNanos;
    boolean granted;
    /** How long it spins for a paravirtualised lock until it halts. */
    long thresholdLeft;
    /** A kick is on its way to it. */
    boolean kicked;
    /** It has been kicked. */
    boolean unhalted;
    /** Who is before and behind it in the queue; itself if nobody. */
    Vcpu ahead = this;

    Vcpu behind = this;
    /** Whom it kicks. */
    Vcpu kicks = this;

    // Interrupts that it sends, and answers that it awaits.
    int[] sends = new int[1];
    int sendCount;
    int sendVector;
    int unanswered;
    /** One bit for each vCPU of the guest. */
    long[] waitsFor = {};

    long callStart;

    // Calls that others ask for, by their numbers; the first so many are being made.
    int[] calls = new int[1];
    int callCount;
    int callsTaken;

    // Interrupts from outside.
    long externalSince;
    long vblankTime;
    boolean vblankTaken;
    long frameTime;
    /** Ping-pong: it is its turn. */
    boolean signalled;

    private final SplittableRandom random;
    private final int jitterPercent;

    Vcpu(int task, Guest guest, int index, SplittableRandom random, int jitterPercent) {
        this.task = task;
        this.guest = guest;
        this.index = index;
        this.random = random;
        this.jitterPercent = jitterPercent;
    }

    /** Works for about so long. */
    void work(Doing what, long nanos) {
        doing = what;
        left = jittered(nanos);
    }

    private long jittered(long nanos) {
        long range = nanos * jitterPercent / 100;
        // The upper half of the product is evenly distributed over -range to range.
        return range == 0 ? nanos : nanos - range + Math.multiplyHigh(random.nextLong() >>> 1, 2 * (2 * range + 1));
    }

    boolean spins() {
        return handling == 0 && (doing == Doing.LOCK_SPIN && !granted || doing == Doing.CALL_SPIN);
    }

    /** The privilege level that an exit would find. */
    boolean inKernel() {
        return handling != 0 || doing != Doing.USER;
    }

    boolean takesInterrupts() {
        return handling == 0 && !interruptsOff;
    }

    /** Whether HLT is over. */
    boolean hasWork() {
        return doing == Doing.LOCK_HALTED ? unhalted : pending != 0;
    }

    /** Runs in the guest, so that it notices at once what happens. */
    boolean isInGuest() {
        return place == Place.RUNNING && cpu.mode == Cpu.Mode.GUEST;
    }

    boolean waitsFor(int vcpu) {
        return unanswered > 0 && (waitsFor[vcpu >> 6] & 1L << vcpu) != 0;
    }

    @Override
    public String toString() {
        return "vCPU " + index + " of guest " + guest.number + ": " + place + (justBlocked ? ", halted" : "")
                + " on processor "
                + cpu.id + ", " + (handling != 0 ? "handles an interrupt during " : "") + doing + " at step " + step
                + (unanswered > 0 ? ", " + unanswered + " calls unanswered" : "")
                + (interruptsOff ? ", interrupts off" : "")
                + (pending != 0 ? ", interrupts pending" : "");
    }
}
