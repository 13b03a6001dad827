package io.vfio4j.emulator.study;

import java.util.List;
import org.HdrHistogram.Histogram;

/** How long something took, each time: a histogram with a resolution of 1 %. Immutable for everybody but the run that fills it. */
public final class Latencies {
    private static final int DIGITS = 2;

    private final Histogram histogram = new Histogram(DIGITS);

    Latencies() {}

    /** The sum of several; their order does not matter. */
    static Latencies merged(List<Latencies> parts) {
        Latencies whole = new Latencies();
        parts.forEach(part -> whole.histogram.add(part.histogram));
        return whole;
    }

    void add(long nanos) {
        histogram.recordValue(nanos);
    }

    /**
     * How many were measured.
     *
     * @return the number
     */
    public long count() {
        return histogram.getTotalCount();
    }

    /**
     * What so many of a hundred did not exceed.
     *
     * @param percent 0 to 100
     * @return nanoseconds, within 1 %; 0 when nothing was measured
     */
    public long percentile(double percent) {
        return count() == 0 ? 0 : histogram.getValueAtPercentile(percent);
    }

    /**
     * The longest.
     *
     * @return nanoseconds, within 1 %; 0 when nothing was measured
     */
    public long max() {
        return count() == 0 ? 0 : histogram.getMaxValue();
    }
}
