package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A published pair of numbers: the same guests before and after a change, in records a second of {@code ebizzy -M}.
 *
 * <p>Whether the numbers of several guests are those of one or the sum of all was never stated. No repetitions or spreads were given.
 *
 * @param row what ran, for example {@code 2VM}
 * @param machines how many guests
 * @param before without the change
 * @param after with it
 * @param printedPercent the improvement as it was printed, where one was
 * @param source where it was published
 */
public record Published(
        String row, int machines, Range before, Range after, OptionalInt printedPercent, String source) {
    private static final String SERIES_3 = "KVM: Boost vCPUs that are delivering interrupts, v3 of 18 July 2019"
            + " (1563457031-21189-2); the same in v2, and in the message of commit d73eb57b80b9";
    private static final String SERIES_1 = "the same, v1 of 12 July 2019 (1562915730-9490-1)";
    private static final String DESKTOP_SOURCE = "KVM: Boost vCPUs that are delivering interrupts, v2 of 18 July 2019"
            + " (1563449947-7749-1); in v1 with 55 and 79 % in the place of 155 and 179";
    private static final String GUEST_SOURCE = "message of commit 89340d0935c9 of September 2019";
    private static final String QUEUE_HEAD_SOURCE = "message of commit 266e85a5ec91 of 2019";

    /** The table of the series: 80 vCPUs a guest, 80 processors, PV TLB shootdown off. */
    public static final List<Published> TABLE = List.of(
            pair("1VM", 1, 21443, 23520, 9, SERIES_3),
            pair("2VM", 2, 2800, 8000, 180, SERIES_3),
            pair("3VM", 3, 1800, 3100, 72, SERIES_3));

    /** The row that changed its sign from the first version of the series to the second. */
    public static final Published FIRST_VERSION = pair("1VM", 1, 23000, 21232, -9, SERIES_1);

    /** A desktop: 8 hyper-threads, 8 vCPUs with ebizzy, and a second guest with {@code stress --cpu 2}. */
    public static final Published DESKTOP = pair("desktop", 2, 1570, 4000, 155, DESKTOP_SOURCE);

    /** The same with the guest's PV sched yield, which the model does not have. */
    public static final Published DESKTOP_WITH_PV_YIELD =
            pair("desktop, PV sched yield", 2, 1844, 5157, 179, DESKTOP_SOURCE);

    /** The guest's lock repaired, on a host that boosts neither the woken nor the head of a queue: 3VM. */
    public static final Published GUEST_FIX_WITHOUT_BOOSTS =
            new Published("3VM", 3, new Range(1700, 1800), new Range(13000, 14000), OptionalInt.empty(), GUEST_SOURCE);

    /** The guest's lock repaired, on a host that boosts both: 3VM. */
    public static final Published GUEST_FIX_WITH_BOOSTS =
            new Published("3VM", 3, new Range(4500, 5000), new Range(14000, 15500), OptionalInt.empty(), GUEST_SOURCE);

    /** Boosting the head of a lock's queue too, which the model does not have. */
    public static final List<Published> QUEUE_HEAD = List.of(
            pair("1VM", 1, 23520, 25040, 6, QUEUE_HEAD_SOURCE),
            pair("2VM", 2, 8000, 13600, 70, QUEUE_HEAD_SOURCE),
            pair("3VM", 3, 3100, 5400, 74, QUEUE_HEAD_SOURCE));

    /**
     * A number, or from where to where it went.
     *
     * @param low the lowest
     * @param high the highest
     */
    public record Range(double low, double high) {
        static Range of(double value) {
            return new Range(value, value);
        }

        /**
         * The middle.
         *
         * @return the mean of both ends
         */
        public double middle() {
            return (low + high) / 2;
        }
    }

    private static Published pair(String row, int machines, int before, int after, int percent, String source) {
        return new Published(row, machines, Range.of(before), Range.of(after), OptionalInt.of(percent), source);
    }

    /**
     * The improvement, computed from the two numbers.
     *
     * @return in percent of the first
     */
    public double percent() {
        return 100 * (factor() - 1);
    }

    /**
     * How many times the first number the second is.
     *
     * @return the quotient of the middles
     */
    public double factor() {
        return after.middle() / before.middle();
    }

    /**
     * What was published for one guest setup and one host.
     *
     * @param machines how many guests
     * @param boost of the host: {@link Boost#PREEMPTED} before the series, {@link Boost#READY} with it
     * @param lock of the guests
     * @return the number; empty where none was published
     */
    public static Optional<Range> of(int machines, Boost boost, SpinLock lock) {
        if (lock == TableParameters.FIXED_LOCK && machines == GUEST_FIX_WITHOUT_BOOSTS.machines()) {
            return boost == Boost.PREEMPTED ? Optional.of(GUEST_FIX_WITHOUT_BOOSTS.after()) : Optional.empty();
        }
        if (lock != TableParameters.LOCK) {
            return Optional.empty();
        }
        return TABLE.stream()
                .filter(row -> row.machines() == machines)
                .flatMap(row -> boost == Boost.PREEMPTED
                        ? Optional.of(row.before()).stream()
                        : boost == Boost.READY ? Optional.of(row.after()).stream() : Optional.<Range>empty().stream())
                .findFirst();
    }
}
