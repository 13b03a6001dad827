package io.vfio4j.emulator.study;

import java.util.Arrays;

/**
 * A mean over several runs, and how far off the true one may be: the 95 % confidence interval by Student's t, which assumes that the runs are
 * independent and about normally distributed. With one run nothing is known of the spread, and the interval has no end.
 *
 * @param mean of the runs
 * @param halfWidth from the mean to either end; positive infinity for a single run
 * @param samples how many runs
 */
public record Interval(double mean, double halfWidth, int samples) {
    /**
     * The interval of some values.
     *
     * @param values at least one
     * @return their mean, and t of n-1 degrees of freedom times their standard deviation over the root of n
     * @throws IllegalArgumentException when there is no value
     */
    public static Interval of(double... values) {
        int samples = values.length;
        if (samples == 0) {
            throw new IllegalArgumentException("values is empty: there is no mean of nothing");
        }
        double mean = Arrays.stream(values).sum() / samples;
        if (samples == 1) {
            return new Interval(mean, Double.POSITIVE_INFINITY, 1);
        }
        double squares =
                Arrays.stream(values).map(each -> (each - mean) * (each - mean)).sum();
        double standardError = Math.sqrt(squares / (samples - 1) / samples);
        return new Interval(mean, StudentT.twoSided95(samples - 1) * standardError, samples);
    }

    /**
     * The lower end.
     *
     * @return the mean without half the width
     */
    public double low() {
        return mean - halfWidth;
    }

    /**
     * The upper end.
     *
     * @return the mean and half the width
     */
    public double high() {
        return mean + halfWidth;
    }

    /**
     * Whether there is an interval: of one sample there is none.
     *
     * @return whether its ends are known
     */
    public boolean isBounded() {
        return samples > 1;
    }

    /**
     * Whether this interval lies above another as a whole.
     *
     * @param other the other
     * @return whether even the lower end is above the other's upper end
     */
    public boolean isAbove(Interval other) {
        return low() > other.high();
    }

    /**
     * Whether a value is in the interval when that is widened.
     *
     * @param value which
     * @param tolerance by how much at either end
     * @return whether the value is no farther from the mean than half the width and the tolerance
     */
    public boolean contains(double value, double tolerance) {
        return Math.abs(value - mean) <= halfWidth + tolerance;
    }
}
