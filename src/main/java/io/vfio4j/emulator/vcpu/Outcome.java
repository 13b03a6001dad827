package io.vfio4j.emulator.vcpu;

import java.util.List;
import java.util.Map;

/**
 * What a simulation has counted since {@link Simulation#startMeasuring}.
 *
 * @param nanos how long
 * @param machines each guest
 * @param processorNanos what the host's processors did; the sum is {@code nanos} times their number, exactly
 * @param yields directed yields
 * @param pauseExits exits because a vCPU spun
 * @param events events of the simulation
 * @param traceHash of everything that has happened since the beginning, in its order: equal for equal histories
 */
public record Outcome(
        long nanos,
        List<Machine> machines,
        Map<Bucket, Long> processorNanos,
        Yields yields,
        long pauseExits,
        long events,
        long traceHash) {

    /** What a processor does. */
    public enum Bucket {
        /** A guest's user mode. */
        USER,
        /** A guest's kernel, what follows excepted. */
        KERNEL,
        /** Spinning for a lock. */
        LOCK_SPIN,
        /** Spinning until others have answered an interrupt. */
        CALL_SPIN,
        /** A guest's interrupt handlers. */
        INTERRUPT,
        /** KVM: exits, the search for whom to boost, wake-ups. */
        EXIT,
        /** From one vCPU to another. */
        SWITCH,
        /** Nothing. */
        IDLE
    }

    /** Why a vCPU was not chosen, in the order of the checks. */
    public enum Filter {
        /** Not ready; not preempted, before the series. */
        NOT_READY,
        /** The spinning vCPU itself. */
        SELF,
        /** Blocked, with nothing to wake for. */
        BLOCKED,
        /** In user mode, while the spinning one wants somebody in the kernel. */
        USER_MODE,
        /** In a directed yield itself, and not its turn. */
        NOT_ELIGIBLE
    }

    /**
     * A guest.
     *
     * @param records what it has finished: records of ebizzy, sections of a lock, rounds of ping-pong, frames
     * @param processorNanos how long its vCPUs ran
     * @param flips frames flipped
     * @param missedVblanks vblanks whose interrupt was not taken before the next one
     */
    public record Machine(long records, long processorNanos, long flips, long missedVblanks) {}

    /**
     * Directed yields.
     *
     * @param attempted calls of yield_to()
     * @param refused those that returned 0: the target runs, or does not want to
     * @param alone those that returned -ESRCH: nobody else wants either processor
     * @param successful the others
     * @param toWoken of those, how many were towards a vCPU that had been woken and had not run since
     * @param toWanted of those, how many were towards a vCPU that the spinning one was waiting for
     * @param honoured how often the target's processor then took the target
     * @param rejected by each filter
     */
    public record Yields(
            long attempted,
            long refused,
            long alone,
            long successful,
            long toWoken,
            long toWanted,
            long honoured,
            Map<Filter, Long> rejected) {}
}
