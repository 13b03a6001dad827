package io.vfio4j.cli;

import io.vfio4j.kvm.KvmSample;
import io.vfio4j.kvm.VcpuSample;
import io.vfio4j.proc.SchedulerTimes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How long vCPUs waited for a processor, glance by glance. Keeps the last while, and for each vCPU the longest wait.
 *
 * <p>The kernel counts a wait when it ends. So where a thread got a processor once between two glances, its wait is known exactly;
 * where it did so several times, only their sum is.
 */
final class WaitLog {
    private final long keptNanos;
    private final Deque<Glance> glances = new ArrayDeque<>();
    /** By the threads' numbers. */
    private final Map<Integer, Track> tracks = new HashMap<>();

    private record Glance(long timeNanos, Map<Integer, Long> waits) {}

    /**
     * The longest wait of a vCPU.
     *
     * @param atLeastNanos it was not shorter
     * @param atMostNanos it was not longer
     */
    record Longest(long atLeastNanos, long atMostNanos) {
        static final Longest NONE = new Longest(0, 0);

        private Longest or(Longest other) {
            return new Longest(Math.max(atLeastNanos, other.atLeastNanos), Math.max(atMostNanos, other.atMostNanos));
        }
    }

    private static final class Track {
        private SchedulerTimes last;
        private String label;
        /** The part of a wait that was counted when its thread was moved to another processor's queue. */
        private long begun;

        private Longest recent = Longest.NONE;
        private Longest ever = Longest.NONE;

        private Track(SchedulerTimes first, String label) {
            this.last = first;
            this.label = label;
        }

        private void add(SchedulerTimes now) {
            Optional<SchedulerTimes> added = now.since(last);
            last = now;
            if (added.isEmpty()) {
                begun = 0;
                return;
            }
            begun += added.get().waitNanos();
            long slices = added.get().slices();
            if (slices > 0) {
                Longest longest = new Longest(begun / slices + (begun % slices == 0 ? 0 : 1), begun);
                recent = recent.or(longest);
                ever = ever.or(longest);
                begun = 0;
            }
        }
    }

    /** A wait of a vCPU within some time. */
    record Waited(String vcpu, long nanos) {}

    WaitLog(long keptNanos) {
        this.keptNanos = keptNanos;
    }

    void add(KvmSample glance) {
        Map<Integer, Long> waits = new LinkedHashMap<>();
        for (VcpuSample vcpu : glance.vcpus()) {
            if (vcpu.thread().isPresent() && vcpu.times().isPresent()) {
                int thread = vcpu.thread().getAsInt();
                SchedulerTimes times = vcpu.times().get();
                waits.put(thread, times.waitNanos());
                Track track = tracks.computeIfAbsent(thread, first -> new Track(times, vcpu.label()));
                track.label = vcpu.label();
                track.add(times);
            }
        }
        tracks.keySet().retainAll(waits.keySet());
        glances.addLast(new Glance(glance.timeNanos(), waits));
        // One glance from before what is kept stays: a time within it lies between two.
        while (glances.size() > 2 && secondTime() < glance.timeNanos() - keptNanos) {
            glances.removeFirst();
        }
    }

    private long secondTime() {
        Glance first = glances.removeFirst();
        long second = glances.getFirst().timeNanos();
        glances.addFirst(first);
        return second;
    }

    /** The longest wait of a thread since the last call for it. */
    Longest takeRecent(int thread) {
        Track track = tracks.get(thread);
        if (track == null) {
            return Longest.NONE;
        }
        Longest recent = track.recent;
        track.recent = Longest.NONE;
        return recent;
    }

    /** The longest wait of a thread since its first glance. */
    Longest longest(int thread) {
        Track track = tracks.get(thread);
        return track == null ? Longest.NONE : track.ever;
    }

    /** Whether there has been a glance at or after a time. */
    boolean reaches(long nanos) {
        return !glances.isEmpty() && glances.getLast().timeNanos() >= nanos;
    }

    /**
     * The vCPU that waited longest within some time.
     *
     * @return empty where nothing is known of that time, or of all of it
     */
    Optional<Waited> mostWaited(long fromNanos, long toNanos) {
        Optional<Glance> before = Optional.empty();
        Optional<Glance> after = Optional.empty();
        for (Glance glance : glances) {
            if (glance.timeNanos() <= fromNanos) {
                before = Optional.of(glance);
            }
            if (after.isEmpty() && glance.timeNanos() >= toNanos) {
                after = Optional.of(glance);
            }
        }
        if (before.isEmpty() || after.isEmpty()) {
            return Optional.empty();
        }
        Optional<Waited> most = Optional.empty();
        for (Map.Entry<Integer, Long> end : after.get().waits().entrySet()) {
            Long start = before.get().waits().get(end.getKey());
            Track track = tracks.get(end.getKey());
            if (start == null || track == null) {
                continue;
            }
            // A wait that began before is counted in full when it ends; only what fell within can have made something
            // late.
            long waited = Math.min(Math.max(0, end.getValue() - start), toNanos - fromNanos);
            if (most.isEmpty() || waited > most.get().nanos()) {
                most = Optional.of(new Waited(track.label, waited));
            }
        }
        return most;
    }
}
