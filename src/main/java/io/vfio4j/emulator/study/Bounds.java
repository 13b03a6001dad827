package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.HostModel;
import io.vfio4j.emulator.vcpu.HostScheduler;
import java.util.OptionalDouble;

/** What can be said of the records a second without a simulation. */
public final class Bounds {
    private static final double NANOS = 1e9;

    private Bounds() {}

    /**
     * What is left when nobody yields: a shootdown waits until each other vCPU of its guest has had its turn, so a guest's vCPUs finish about one
     * record each while all guests take turns: N / (V S), where N is the number of vCPUs of a guest, one for each processor, V the number of
     * guests, and S how long a turn takes.
     *
     * <p>A turn ends at the first tick after the slice is over. Under CFS the slice is the latency over V (the minimum granularity where that
     * is longer), and it is over when it was exceeded: at the first tick strictly after it.
     *
     * @param host the processors, each of which has one vCPU of each guest
     * @param machines how many guests
     * @return records a second of one guest; empty for one guest, which is not held up, and for schedulers other than CFS
     * @throws IllegalArgumentException when there is no guest
     */
    public static OptionalDouble withoutYield(HostModel host, int machines) {
        if (machines < 1) {
            throw new IllegalArgumentException("machines " + machines + " is not positive");
        }
        if (machines == 1 || host.scheduler() != HostScheduler.CFS) {
            return OptionalDouble.empty();
        }
        double slice = Math.max(host.latencyNanos() / (double) machines, host.minimumGranularityNanos());
        double tick = NANOS / host.hertz();
        double turn = (Math.floor(slice / tick) + 1) * tick;
        return OptionalDouble.of(host.cpus() * NANOS / (machines * turn));
    }

    /**
     * What each of several guests would do if sharing cost nothing.
     *
     * @param alone records a second of a guest that is alone
     * @param machines how many guests share
     * @return records a second of one of them
     * @throws IllegalArgumentException when there is no guest
     */
    public static double fairShare(double alone, int machines) {
        if (machines < 1) {
            throw new IllegalArgumentException("machines " + machines + " is not positive");
        }
        return alone / machines;
    }
}
