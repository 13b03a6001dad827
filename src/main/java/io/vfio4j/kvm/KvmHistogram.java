package io.vfio4j.kvm;

import java.util.Objects;
import java.util.Optional;
import java.util.function.LongBinaryOperator;
import java.util.stream.IntStream;

/** How often samples fell into ranges, as KVM had counted it at one time. Immutable. */
public final class KvmHistogram {
    private final KvmStatistic statistic;
    private final long[] counts;

    KvmHistogram(KvmStatistic statistic, long[] counts) {
        this.statistic = statistic;
        this.counts = counts;
    }

    /**
     * What was counted.
     *
     * @return the statistic; its unit and exponent are those of the buckets' bounds
     */
    public KvmStatistic statistic() {
        return statistic;
    }

    /**
     * How many buckets there are.
     *
     * @return at least 1
     */
    public int buckets() {
        return counts.length;
    }

    /**
     * How many samples fell into a bucket.
     *
     * @param bucket which one, from 0 on
     * @return the number, unsigned
     */
    public long count(int bucket) {
        return counts[Objects.checkIndex(bucket, counts.length)];
    }

    /**
     * The lowest value that falls into a bucket. The next bucket's bound is where it ends; the last one has no end.
     *
     * @param bucket which one, from 0 on
     * @return the value, unsigned, in the statistic's unit and scale
     */
    public long from(int bucket) {
        Objects.checkIndex(bucket, counts.length);
        if (statistic.kind() == KvmStatistic.Kind.LINEAR_HISTOGRAM) {
            return bucket * Integer.toUnsignedLong(statistic.bucketSize());
        }
        // kvm_stats_log_hist_update(): the number of a value's bits. No value has more than 64.
        if (bucket == 0) {
            return 0;
        }
        return bucket <= Long.SIZE ? 1L << (bucket - 1) : -1L;
    }

    /**
     * How many samples there are.
     *
     * @return the sum of all counts
     */
    public long total() {
        long total = 0;
        for (long count : counts) {
            total += count;
        }
        return total;
    }

    /**
     * The samples that came.
     *
     * @param earlier the same histogram at an earlier time
     * @return the differences; empty where the two have other buckets, or one has become less
     */
    public Optional<KvmHistogram> since(KvmHistogram earlier) {
        return combined(earlier, (now, before) -> now - before).filter(difference -> contains(difference.counts));
    }

    private boolean contains(long[] part) {
        return IntStream.range(0, part.length)
                .allMatch(bucket -> Long.compareUnsigned(part[bucket], counts[bucket]) <= 0);
    }

    Optional<KvmHistogram> plus(KvmHistogram other) {
        return combined(other, Long::sum);
    }

    private Optional<KvmHistogram> combined(KvmHistogram other, LongBinaryOperator operator) {
        boolean comparable = counts.length == other.counts.length
                && statistic.kind() == other.statistic.kind()
                && statistic.bucketSize() == other.statistic.bucketSize();
        if (!comparable) {
            return Optional.empty();
        }
        long[] combined = new long[counts.length];
        for (int bucket = 0; bucket < counts.length; bucket++) {
            combined[bucket] = operator.applyAsLong(counts[bucket], other.counts[bucket]);
        }
        return Optional.of(new KvmHistogram(statistic, combined));
    }

    /** The buckets that are not empty: {@code halt_wait_hist: 4096 2, 8192 1}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(statistic.name()).append(':');
        String separator = " ";
        for (int bucket = 0; bucket < counts.length; bucket++) {
            if (counts[bucket] != 0) {
                text.append(separator)
                        .append(Long.toUnsignedString(from(bucket)))
                        .append(' ')
                        .append(Long.toUnsignedString(counts[bucket]));
                separator = ", ";
            }
        }
        return text.toString();
    }
}
