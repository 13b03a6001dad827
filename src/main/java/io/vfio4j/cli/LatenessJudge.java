package io.vfio4j.cli;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Says of each refresh whether it was late, and of those that were, whether a vCPU had waited for a processor meanwhile. The grid is
 * laid anew as refreshes come, so that a clock that drifts does no harm.
 */
final class LatenessJudge {
    /** For the grid: some ten seconds. */
    private static final int MOST_EVENTS = 1024;

    /** After that long without a refresh the guest had nothing to draw. */
    private static final long IDLE_NANOS = 250_000_000;

    /** What is late by less than this part of a period is on time. */
    private static final int ON_TIME = 8;

    private final OptionalDouble periodNanos;
    private final long resolutionNanos;
    private final Deque<Long> events = new ArrayDeque<>();
    /** Those that are still to be judged. */
    private final Deque<Long> waiting = new ArrayDeque<>();

    private OptionalLong previous = OptionalLong.empty();
    private Optional<VblankGrid> grid = Optional.empty();
    private long onTime;
    private long late;
    private long lateByVcpu;
    private long lateByOther;
    private long idle;
    private long missed;
    private long worstNanos;

    /**
     * Judges refreshes of a display.
     *
     * @param periodNanos from vblank to vblank, where the display says so
     * @param resolutionNanos how much later than it happened a refresh may be seen, as a timer does
     */
    LatenessJudge(OptionalDouble periodNanos, long resolutionNanos) {
        this.periodNanos = periodNanos;
        this.resolutionNanos = resolutionNanos;
    }

    /** The times ascend; others are left out. */
    void add(long timeNanos) {
        if (!events.isEmpty() && timeNanos <= events.getLast()) {
            return;
        }
        events.addLast(timeNanos);
        waiting.addLast(timeNanos);
        if (events.size() > MOST_EVENTS) {
            events.removeFirst();
        }
    }

    /** Judges what can be judged: refreshes up to the last glance at the vCPUs. */
    List<LateRefresh> judge(WaitLog waits) {
        grid = VblankGrid.fit(events.stream().mapToLong(Long::longValue).toArray(), periodNanos, resolutionNanos);
        List<LateRefresh> verdicts = new ArrayList<>();
        if (grid.isEmpty()) {
            return verdicts;
        }
        while (!waiting.isEmpty() && waits.reaches(waiting.getFirst())) {
            long time = waiting.removeFirst();
            if (previous.isPresent()) {
                judge(grid.get(), previous.getAsLong(), time, waits).ifPresent(verdicts::add);
            }
            previous = OptionalLong.of(time);
        }
        return verdicts;
    }

    private Optional<LateRefresh> judge(VblankGrid on, long before, long time, WaitLog waits) {
        long first = on.index(before);
        long index = on.index(time);
        if (index <= first) {
            // A second one for the same vblank.
            return Optional.empty();
        }
        if (time - before > IDLE_NANOS) {
            idle++;
            return Optional.empty();
        }
        long between = index - first - 1;
        long lateNanos = Math.max(0, time - on.at(first + 1));
        if (lateNanos <= resolutionNanos + on.periodNanos() / ON_TIME) {
            onTime++;
            return Optional.empty();
        }
        LateRefresh verdict = LateRefresh.of(time, lateNanos, between, waits.mostWaited(before, time));
        late++;
        missed += between;
        worstNanos = Math.max(worstNanos, lateNanos);
        switch (verdict.cause()) {
            case VCPU -> lateByVcpu++;
            case OTHER -> lateByOther++;
            case UNKNOWN -> {
                // Neither.
            }
        }
        return Optional.of(verdict);
    }

    /**
     * What was judged so far.
     *
     * @param grid the vblanks; empty where the refreshes do not tell
     * @param onTime how many refreshes came with the vblank that followed the one before
     * @param late how many came later
     * @param byVcpu how many of those because a vCPU waited
     * @param byOther how many of those though no vCPU waited
     * @param idle how many came after the guest had drawn nothing for a while
     * @param missed how many vblanks passed without the refresh that was due
     * @param worstNanos by how much the latest was late
     */
    record Account(
            Optional<VblankGrid> grid,
            long onTime,
            long late,
            long byVcpu,
            long byOther,
            long idle,
            long missed,
            long worstNanos) {}

    Account account() {
        return new Account(grid, onTime, late, lateByVcpu, lateByOther, idle, missed, worstNanos);
    }

    long resolutionNanos() {
        return resolutionNanos;
    }
}
