package io.vfio4j.kvm;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What KVM had counted at a time, or between two times, by name. What there is differs from kernel to kernel, between
 * architectures, and by where it was read: debugfs has no histograms.
 *
 * @param counters what only grows; unsigned
 * @param levels what is as it is at the time, and the highest that was seen; unsigned
 * @param histograms how often samples fell into ranges
 */
public record KvmCounts(Map<String, Long> counters, Map<String, Long> levels, Map<String, KvmHistogram> histograms) {
    /** Nothing. */
    public static final KvmCounts NONE = new KvmCounts(Map.of(), Map.of(), Map.of());

    /**
     * Keeps copies.
     *
     * @param counters what only grows
     * @param levels what is as it is
     * @param histograms how often samples fell into ranges
     */
    public KvmCounts {
        counters = Map.copyOf(counters);
        levels = Map.copyOf(levels);
        histograms = Map.copyOf(histograms);
    }

    static KvmCounts of(KvmStatistics statistics) {
        Map<String, Long> counters = new LinkedHashMap<>();
        Map<String, Long> levels = new LinkedHashMap<>();
        Map<String, KvmHistogram> histograms = new LinkedHashMap<>();
        for (KvmStatistic each : statistics.all()) {
            if (each.isHistogram()) {
                histograms.put(each.name(), statistics.histogram(each.name()));
            } else if (each.values() == 1) {
                switch (each.kind()) {
                    case CUMULATIVE -> counters.put(each.name(), statistics.value(each.name()));
                    case INSTANT, PEAK -> levels.put(each.name(), statistics.value(each.name()));
                    default -> {
                        // Nobody knows what it means.
                    }
                }
            }
        }
        return new KvmCounts(counters, levels, histograms);
    }

    /**
     * A counter.
     *
     * @param name for example {@code directed_yield_successful}
     * @return empty where it is not counted, or could not be read
     */
    public OptionalLong counter(String name) {
        Long value = counters.get(name);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /**
     * A histogram.
     *
     * @param name for example {@code halt_wait_hist}
     * @return empty where there is none, or it could not be read
     */
    public Optional<KvmHistogram> histogram(String name) {
        return Optional.ofNullable(histograms.get(name));
    }

    /**
     * What was added.
     *
     * @param earlier what had been counted before, from the same source
     * @return the differences of the counters and histograms that both have, and the levels of this; without those that have
     *     become less: debugfs lets root set them back, and what vCPUs that have gone had counted is in no sum any more
     */
    public KvmCounts since(KvmCounts earlier) {
        Map<String, Long> added = new LinkedHashMap<>();
        counters.forEach((name, value) -> {
            Long before = earlier.counters.get(name);
            if (before != null && Long.compareUnsigned(value, before) >= 0) {
                added.put(name, value - before);
            }
        });
        Map<String, KvmHistogram> samples = new LinkedHashMap<>();
        histograms.forEach((name, value) ->
                earlier.histogram(name).flatMap(value::since).ifPresent(difference -> samples.put(name, difference)));
        return new KvmCounts(added, levels, samples);
    }

    /** What all of them have counted; what one of them does not have is in none. */
    static KvmCounts sum(Collection<KvmCounts> parts) {
        Optional<KvmCounts> sum = parts.stream()
                .reduce((one, other) -> new KvmCounts(
                        common(one.counters, other.counters),
                        common(one.levels, other.levels),
                        commonHistograms(one.histograms, other.histograms)));
        return sum.orElse(NONE);
    }

    private static Map<String, Long> common(Map<String, Long> one, Map<String, Long> other) {
        Map<String, Long> sums = new LinkedHashMap<>();
        one.forEach((name, value) -> {
            Long more = other.get(name);
            if (more != null) {
                sums.put(name, value + more);
            }
        });
        return sums;
    }

    private static Map<String, KvmHistogram> commonHistograms(
            Map<String, KvmHistogram> one, Map<String, KvmHistogram> other) {
        Map<String, KvmHistogram> sums = new LinkedHashMap<>();
        one.forEach((name, value) -> {
            KvmHistogram more = other.get(name);
            if (more != null) {
                value.plus(more).ifPresent(sum -> sums.put(name, sum));
            }
        });
        return sums;
    }

    /** Both together, where no name is in both. */
    KvmCounts and(KvmCounts other) {
        return new KvmCounts(
                joined(counters, other.counters), joined(levels, other.levels), joined(histograms, other.histograms));
    }

    private static <T> Map<String, T> joined(Map<String, T> one, Map<String, T> other) {
        Map<String, T> both = new LinkedHashMap<>(other);
        both.putAll(one);
        return both;
    }
}
