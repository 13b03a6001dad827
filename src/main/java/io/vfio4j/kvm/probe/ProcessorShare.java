package io.vfio4j.kvm.probe;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.proc.SchedulerTimes;
import io.vfio4j.proc.ThreadSchedule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** How much of a processor those threads had that want all of it: what is missing, others had, and the law knows nothing of them. */
final class ProcessorShare implements AutoCloseable {
    /** Leads to PID/task/TID of the thread that asks: proc(5). */
    private static final String SELF = "/proc/thread-self";

    private final SystemCalls calls;
    private final List<ThreadSchedule> threads = new ArrayList<>();
    private boolean known = true;
    private OptionalLong ranBefore = OptionalLong.empty();
    private long since;

    ProcessorShare(SystemCalls calls) {
        this.calls = calls;
    }

    /** The calling thread is one of them. */
    void join() {
        Optional<ThreadSchedule> self = self();
        synchronized (threads) {
            self.ifPresentOrElse(threads::add, () -> known = false);
        }
    }

    private Optional<ThreadSchedule> self() {
        try {
            String[] link = calls.readLink(SELF).split("/", -1);
            return link.length == 3
                    ? Optional.of(ThreadSchedule.open(calls, Integer.parseInt(link[0]), Integer.parseInt(link[2])))
                    : Optional.empty();
        } catch (LinuxException | NumberFormatException notTold) {
            return Optional.empty();
        }
    }

    /** From now on, when all have joined. */
    void begin() throws IOException {
        ranBefore = ranNanos();
        since = calls.nanoTime();
    }

    /** Until now: 0 to 1, or a little more by the clocks' differences; empty where the kernel does not tell. */
    OptionalDouble end() throws IOException {
        OptionalLong ran = ranNanos();
        long time = calls.nanoTime() - since;
        return ran.isPresent() && ranBefore.isPresent() && time > 0
                ? OptionalDouble.of((double) (ran.getAsLong() - ranBefore.getAsLong()) / time)
                : OptionalDouble.empty();
    }

    private OptionalLong ranNanos() throws IOException {
        synchronized (threads) {
            long sum = 0;
            for (ThreadSchedule thread : threads) {
                Optional<SchedulerTimes> times = thread.read();
                if (times.isEmpty()) {
                    return OptionalLong.empty();
                }
                sum += times.get().runNanos();
            }
            return known ? OptionalLong.of(sum) : OptionalLong.empty();
        }
    }

    @Override
    public void close() {
        synchronized (threads) {
            threads.forEach(ThreadSchedule::close);
            threads.clear();
        }
    }
}
