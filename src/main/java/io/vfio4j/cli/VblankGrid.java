package io.vfio4j.cli;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * When a display's vblanks are, as far as its refreshes tell. A refresh can come late but not early, so the earliest ones, in
 * relation to their vblanks, lie on the grid.
 *
 * @param periodNanos from one vblank that the guest draws for to the next
 * @param phaseNanos when one of them was
 * @param events how many refreshes it was made from
 * @param every how many of the display's own vblanks lie in a period: 2 where the guest draws for every second one only; 0 where
 *     the display did not say how many there are in a second, or its refreshes say otherwise, and their usual distance is taken for
 *     the period
 */
record VblankGrid(double periodNanos, double phaseNanos, int events, int every) {
    /** Fewer than that tell too little. */
    static final int LEAST_EVENTS = 16;

    /** Displays have rates between these. */
    private static final double SHORTEST_PERIOD = 1e9 / 1000;

    private static final double LONGEST_PERIOD = 1e9;
    /** How far a distance may be from another to be counted as the same. */
    private static final double LIKE = 0.05;

    private static final double ROUGHLY = 0.2;
    /** How many of the distances must be a shorter one, for that one to be the period. */
    private static final double ENOUGH = 0.1;

    private static final int MOST_DIVISIONS = 4;
    /** How far the display's own rate may be from the truth, and how far a distance between refreshes. */
    private static final double KNOWN_WITHIN = 0.01;

    private static final double USUAL_WITHIN = 0.05;
    /** By so much more refreshes must gather for the display's own rate not to be believed. */
    private static final double CLEARLY_MORE = 1.25;

    /** A period is searched with a few refreshes first, then more closely with more. */
    private static final int[] SEARCHES = {48, 192, Integer.MAX_VALUE};

    private static final int MOST_STEPS = 4000;
    /** Into how many parts a period is divided, to see where refreshes gather. */
    private static final int PARTS = 64;

    private static final int LEAST_WIDTH = 3;
    /** How many of the refreshes must gather for a period that nobody has told. */
    private static final double GATHERED = 0.3;
    /** A refresh that is earlier than the grid by less than this part of a period belongs to the vblank all the same. */
    private static final double TOLERANCE = 1.0 / 16;

    /**
     * Lays a grid under refreshes.
     *
     * @param times when they were seen, ascending
     * @param known the display's period in nanoseconds, which may be a little off; empty where it does not say
     * @param resolutionNanos how much later than it happened a refresh may have been seen
     * @return empty where they are too few, or have no common distance
     */
    static Optional<VblankGrid> fit(long[] times, OptionalDouble known, long resolutionNanos) {
        if (times.length < LEAST_EVENTS) {
            return Optional.empty();
        }
        double[] distances = new double[times.length - 1];
        for (int i = 0; i < distances.length; i++) {
            distances[i] = times[i + 1] - times[i];
        }
        Arrays.sort(distances);
        Optional<VblankGrid> asSeen = asSeen(times, usual(distances), resolutionNanos);
        if (known.isEmpty()) {
            return asSeen;
        }
        int every = every(distances, known.getAsDouble());
        double first = known.getAsDouble() * every;
        if (!(first >= SHORTEST_PERIOD && first <= LONGEST_PERIOD)) {
            return Optional.empty();
        }
        VblankGrid asSaid = searched(times, first, KNOWN_WITHIN, resolutionNanos)
                .levelled(times, resolutionNanos)
                .withEvery(every);
        int gathered = asSaid.gathered(times, resolutionNanos);
        // Drivers of 2019 have 62.5 vblanks a second, whatever their monitor's EDID says.
        return asSeen.filter(seen -> Math.abs(seen.periodNanos() - first) > first * KNOWN_WITHIN
                        && seen.gathered(times, resolutionNanos) > gathered * CLEARLY_MORE)
                .or(() -> Optional.of(asSaid));
    }

    private static Optional<VblankGrid> asSeen(long[] times, double usual, long resolutionNanos) {
        if (!(usual >= SHORTEST_PERIOD && usual <= LONGEST_PERIOD)) {
            return Optional.empty();
        }
        return Optional.of(searched(times, usual, USUAL_WITHIN, resolutionNanos))
                .filter(found -> found.gathered(times, resolutionNanos) >= times.length * GATHERED)
                .map(found -> found.levelled(times, resolutionNanos));
    }

    private int gathered(long[] times, long resolutionNanos) {
        return Gathering.of(times, periodNanos, resolutionNanos).count();
    }

    /** The guest may be slower than the display, always. */
    private static int every(double[] distances, double period) {
        for (int every = 1; every <= MOST_DIVISIONS; every++) {
            double wanted = period * every;
            long like = Arrays.stream(distances)
                    .filter(distance -> Math.abs(distance - wanted) <= period * ROUGHLY)
                    .count();
            if (like >= distances.length * ENOUGH) {
                return every;
            }
        }
        return 1;
    }

    /** The distance that most others are like; or a part of it, where enough are like that: most refreshes may be late. */
    private static double usual(double[] sorted) {
        double best = 0;
        int most = 0;
        int from = 0;
        int to = 0;
        for (double distance : sorted) {
            if (distance < SHORTEST_PERIOD) {
                continue;
            }
            while (sorted[from] < distance * (1 - LIKE)) {
                from++;
            }
            while (to < sorted.length && sorted[to] <= distance * (1 + LIKE)) {
                to++;
            }
            if (to - from > most) {
                most = to - from;
                best = distance;
            }
        }
        for (int division = MOST_DIVISIONS; division > 1; division--) {
            double part = best / division;
            long like = Arrays.stream(sorted)
                    .filter(distance -> Math.abs(distance - part) <= part * LIKE)
                    .count();
            if (part >= SHORTEST_PERIOD && like >= sorted.length * ENOUGH) {
                return part;
            }
        }
        return best;
    }

    private VblankGrid withEvery(int count) {
        return new VblankGrid(periodNanos, phaseNanos, events, count);
    }

    /** Most refreshes, or more than anywhere else, gather behind the vblanks when the period is right. */
    private static VblankGrid searched(long[] times, double first, double within, long resolutionNanos) {
        VblankGrid best = new VblankGrid(first, times[0], times.length, 0);
        double reach = first * within;
        for (int events : SEARCHES) {
            long[] last = Arrays.copyOfRange(times, Math.max(0, times.length - events), times.length);
            double span = Math.max(1, (last[last.length - 1] - last[0]) / first);
            double step = Math.max(first / (PARTS * span), 2 * reach / MOST_STEPS);
            Gathering most = new Gathering(0, 0);
            double center = best.periodNanos;
            // From the middle to both sides: where several are as good, the nearest is taken.
            for (double off = 0; off <= reach; off += step) {
                for (double period : new double[] {center + off, center - off}) {
                    Gathering found = Gathering.of(last, period, resolutionNanos);
                    if (found.count() > most.count()) {
                        most = found;
                        best = new VblankGrid(period, found.phaseNanos(), times.length, 0);
                    }
                }
            }
            reach = 2 * step;
        }
        return best;
    }

    /**
     * Where refreshes gather within a period.
     *
     * @param count how many of them
     * @param phaseNanos where the first of those lies
     */
    private record Gathering(int count, double phaseNanos) {
        static Gathering of(long[] times, double period, long resolutionNanos) {
            int[] counts = new int[PARTS];
            double[] lowest = new double[PARTS];
            Arrays.fill(lowest, Double.MAX_VALUE);
            for (long time : times) {
                double offset = time - times[0];
                double within = offset - Math.floor(offset / period) * period;
                int part = Math.min(PARTS - 1, (int) (within / period * PARTS));
                counts[part]++;
                lowest[part] = Math.min(lowest[part], within);
            }
            int width = (int) Math.min(PARTS / 2.0, Math.max(LEAST_WIDTH, 2 + PARTS * resolutionNanos / period));
            int best = 0;
            int most = -1;
            for (int part = 0; part < PARTS; part++) {
                // None that begins with nothing: what is gathered begins where the vblank is.
                int count = counts[part] == 0 ? 0 : sum(counts, part, width);
                if (count > most) {
                    most = count;
                    best = part;
                }
            }
            return new Gathering(most, times[0] + lowest[best]);
        }

        private static int sum(int[] counts, int from, int width) {
            int sum = 0;
            for (int i = 0; i < width; i++) {
                sum += counts[(from + i) % PARTS];
            }
            return sum;
        }
    }

    /** The earliest of the first refreshes that are on time and the earliest of the last ones lie on vblanks. */
    private VblankGrid levelled(long[] times, long resolutionNanos) {
        double onTime = periodNanos * LEAST_WIDTH / PARTS + resolutionNanos;
        int quarter = Math.max(1, times.length / 4);
        double early = Double.MAX_VALUE;
        double late = Double.MAX_VALUE;
        long earlyIndex = 0;
        long lateIndex = 0;
        for (int i = 0; i < times.length; i++) {
            long index = index(times[i]);
            double offset = times[i] - phaseNanos - index * periodNanos;
            if (offset > onTime) {
                continue;
            }
            if (i < quarter && offset < early) {
                early = offset;
                earlyIndex = index;
            }
            if (i >= times.length - quarter && offset < late) {
                late = offset;
                lateIndex = index;
            }
        }
        if (early == Double.MAX_VALUE || late == Double.MAX_VALUE || lateIndex <= earlyIndex) {
            return this;
        }
        double period = periodNanos + (late - early) / (lateIndex - earlyIndex);
        return new VblankGrid(period, phaseNanos + early + earlyIndex * (periodNanos - period), events, every);
    }

    /** Which vblank a refresh belongs to: the last one before it. */
    long index(long nanos) {
        return (long) Math.floor((nanos - phaseNanos) / periodNanos + TOLERANCE);
    }

    /** When a vblank was. */
    long at(long index) {
        return Math.round(phaseNanos + index * periodNanos);
    }
}
