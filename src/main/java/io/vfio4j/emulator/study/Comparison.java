package io.vfio4j.emulator.study;

/**
 * What the model says beside what was published.
 *
 * @param model over the runs
 * @param published the number, or from where to where
 */
public record Comparison(Interval model, Published.Range published) {
    /**
     * How far a published number may be off by itself: no repetitions were published, and the improvement of one guest, which the series cannot change,
     * was -8 % in its first version and +10 % in the next.
     */
    public static final double TOLERANCE = 0.1;

    /** Where the model is. */
    public enum Place {
        /** The interval, widened by {@link #TOLERANCE} of the published number, has the published number in it. */
        WITHIN,
        /** All of that is above it. */
        ABOVE,
        /** All of that is below it. */
        BELOW,
        /** A single run has no interval. */
        UNKNOWN
    }

    /**
     * Where the model is.
     *
     * @return beside the published number
     */
    public Place place() {
        if (!model.isBounded()) {
            return Place.UNKNOWN;
        }
        if (model.low() > published.high() * (1 + TOLERANCE)) {
            return Place.ABOVE;
        }
        return model.high() < published.low() * (1 - TOLERANCE) ? Place.BELOW : Place.WITHIN;
    }

    /**
     * How many times the published number the model's is.
     *
     * @return the quotient of the mean and the middle of what was published
     */
    public double ratio() {
        return model.mean() / published.middle();
    }
}
