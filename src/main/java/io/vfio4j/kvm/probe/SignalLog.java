package io.vfio4j.kvm.probe;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Which signal was answered when. One thread signals, another sees the guest's handler; neither waits for the other.
 *
 * <p>KVM merges a signal with one that the guest has not taken yet, so one answer is for all signals before it. An answer that was
 * seen before a signal was written is not for that one.
 */
final class SignalLog {
    private final long[] written;
    private final long[] answered;
    /** What the two threads tell each other, each by a slot of its own; what was written before is visible after. */
    private final AtomicIntegerArray counts = new AtomicIntegerArray(2);

    private static final int SIGNALLED = 0;
    private static final int ANSWERED = 1;

    private int pending;
    private int merged;
    private int unasked;

    SignalLog(int most) {
        written = new long[most];
        answered = new long[most];
    }

    /** On the signalling thread, just before it signals. */
    void signal(long nanos) {
        int index = counts.get(SIGNALLED);
        if (counts.get(ANSWERED) < index) {
            pending++;
        }
        written[index] = nanos;
        counts.set(SIGNALLED, index + 1);
    }

    /** On the vCPU's thread. */
    void answer(long nanos) {
        int first = counts.get(ANSWERED);
        int end = first;
        int signalled = counts.get(SIGNALLED);
        while (end < signalled && written[end] - nanos <= 0) {
            answered[end++] = nanos;
        }
        if (end == first) {
            unasked++;
        } else {
            merged += end - first - 1;
            counts.set(ANSWERED, end);
        }
    }

    int signalled() {
        return counts.get(SIGNALLED);
    }

    /** How many of them, from the first on. */
    int answered() {
        return counts.get(ANSWERED);
    }

    /** When a signal was written. */
    long writtenNanos(int index) {
        return written[index];
    }

    /** From signal to answer; for signals that were answered. */
    long latencyNanos(int index) {
        return answered[index] - written[index];
    }

    /** How many signals were written before the one before was answered; when both threads have ended. */
    int pending() {
        return pending;
    }

    /** How many signals were answered together with a later one; when both threads have ended. */
    int merged() {
        return merged;
    }

    /** How many answers were for no signal; when both threads have ended. */
    int unasked() {
        return unasked;
    }
}
