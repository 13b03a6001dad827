package io.vfio4j.kvm.probe;

/**
 * How long an interrupt waits for a busy vCPU that shares its processor with hogs. The scheduler has each of the k + 1 run for a
 * slice S in turn, and the interrupt comes at any moment: with a probability of 1/(k + 1) the vCPU is running, else what is left of
 * the k slices of the others is still to come, anything from nothing to kS. Hence P(wait &gt; x) = k/(k + 1) · (1 - x/(kS)).
 *
 * <p>The law is about vCPUs that never sleep: one that does is woken, and the scheduler favours it.
 *
 * @param hogs k, how many threads want the same processor all the time; 0 or more
 * @param sliceNanos S, in nanoseconds, more than 0
 */
public record WaitingLaw(int hogs, long sliceNanos) {
    private static final long LONGEST_SLICE = 1_000_000_000_000L;

    /**
     * Refuses what cannot be.
     *
     * @param hogs k, how many threads want the same processor all the time; 0 to a million
     * @param sliceNanos S, in nanoseconds, more than 0, at most 1000 s
     */
    public WaitingLaw {
        if (hogs < 0 || hogs > 1_000_000) {
            throw new IllegalArgumentException(hogs + " hogs");
        }
        if (sliceNanos <= 0 || sliceNanos > LONGEST_SLICE) {
            throw new IllegalArgumentException("a slice of " + sliceNanos + " ns");
        }
    }

    /**
     * The longest wait, after all the others.
     *
     * @return kS, in nanoseconds
     */
    public long longestNanos() {
        return hogs * sliceNanos;
    }

    /**
     * How likely a longer wait is.
     *
     * @param nanos x
     * @return P(wait &gt; x), 0 to 1
     */
    public double probabilityOfLonger(long nanos) {
        if (nanos < 0) {
            return 1;
        }
        return nanos >= longestNanos() ? 0 : hogs / (hogs + 1.0) * (1 - (double) nanos / longestNanos());
    }

    /**
     * The wait that is not exceeded with some probability.
     *
     * @param probability 0 to 1, for example 0.99
     * @return the shortest x with P(wait &lt;= x) &gt;= probability, in nanoseconds
     */
    public long quantileNanos(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("probability " + probability);
        }
        double waits = hogs / (hogs + 1.0);
        double longer = 1 - probability;
        return longer >= waits ? 0 : Math.round(longestNanos() * (1 - longer / waits));
    }
}
