package io.vfio4j.emulator.study;

import java.util.List;
import java.util.Optional;

/**
 * What the series changes for some guests: in the model, and as published. It does not depend on whether a published number is that of one guest or of all.
 *
 * @param machines how many guests
 * @param model how many times the records before the records after are, seed by seed
 * @param published the same quotient of what was published
 */
public record Improvement(int machines, Interval model, double published) {
    /** What the model reproduces. */
    public enum Verdict {
        /** The factor, within the interval and {@link Comparison#TOLERANCE} of the published one. */
        FACTOR,
        /** That it is an improvement, or a loss, but not how large. */
        DIRECTION,
        /** Neither. */
        NOTHING,
        /** A single run has no interval. */
        UNKNOWN
    }

    /**
     * Of two cells whose runs have the same seeds.
     *
     * @param published before and after
     * @param before the cell without the series
     * @param after the cell with it
     * @return the improvement; empty when the runs have other seeds, as in a study that was cancelled
     */
    static Optional<Improvement> of(Published published, Cell before, Cell after) {
        return ratio(after, before).map(model -> new Improvement(published.machines(), model, published.factor()));
    }

    /** How many times the records of one cell those of another are, seed by seed. */
    static Optional<Interval> ratio(Cell numerator, Cell denominator) {
        if (!seeds(numerator).equals(seeds(denominator))) {
            return Optional.empty();
        }
        double[] ratios = new double[numerator.runs().size()];
        for (int run = 0; run < ratios.length; run++) {
            double below =
                    denominator.recordsPerMachine(denominator.runs().get(run).outcome());
            if (below == 0) {
                return Optional.empty();
            }
            ratios[run] = numerator.recordsPerMachine(numerator.runs().get(run).outcome()) / below;
        }
        return Optional.of(Interval.of(ratios));
    }

    private static List<Long> seeds(Cell cell) {
        return cell.runs().stream().map(Measurement::seed).toList();
    }

    /**
     * What of it the model reproduces.
     *
     * @return by the same rules for every row
     */
    public Verdict verdict() {
        if (!model.isBounded()) {
            return Verdict.UNKNOWN;
        }
        if (model.contains(published, published * Comparison.TOLERANCE)) {
            return Verdict.FACTOR;
        }
        boolean sameDirection = published > 1 ? model.low() > 1 : model.high() < 1;
        return sameDirection ? Verdict.DIRECTION : Verdict.NOTHING;
    }
}
