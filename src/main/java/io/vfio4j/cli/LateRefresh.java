package io.vfio4j.cli;

import java.util.Optional;

/**
 * A refresh that came late, and whether that was for want of a processor.
 *
 * @param timeNanos when it was seen
 * @param lateNanos how long after the vblank that it was due at
 * @param missed how many vblanks passed in between
 * @param cause what is said of the vCPUs
 * @param most the vCPU that waited longest since the refresh before; empty where nothing is known of that
 */
record LateRefresh(long timeNanos, long lateNanos, long missed, Cause cause, Optional<WaitLog.Waited> most) {
    /** What made it late. */
    enum Cause {
        /** A vCPU waited for a processor, for at least half as long as the refresh was late. */
        VCPU,
        /** No vCPU did. */
        OTHER,
        /** Nothing is known of the vCPUs. */
        UNKNOWN
    }

    static LateRefresh of(long timeNanos, long lateNanos, long missed, Optional<WaitLog.Waited> most) {
        Cause cause = most.map(waited -> waited.nanos() >= lateNanos - waited.nanos() ? Cause.VCPU : Cause.OTHER)
                .orElse(Cause.UNKNOWN);
        return new LateRefresh(timeNanos, lateNanos, missed, cause, most);
    }
}
