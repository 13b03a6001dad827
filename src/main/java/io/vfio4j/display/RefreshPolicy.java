package io.vfio4j.display;

import java.time.Duration;
import java.util.Optional;

/** What a display's events come from. Can be changed at run time. */
public final class RefreshPolicy {
    /** The irq where the device has it and is ours, else the timer at the display's rate. */
    public static final RefreshPolicy AUTO = new RefreshPolicy("AUTO", Optional.empty());
    /** The irq; attaching fails where there is none. */
    public static final RefreshPolicy IRQ = new RefreshPolicy("IRQ", Optional.empty());
    /** The timer at the display's rate. */
    public static final RefreshPolicy TIMER = new RefreshPolicy("TIMER", Optional.empty());

    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofHours(1);

    private final String name;
    private final Optional<Duration> period;

    private RefreshPolicy(String name, Optional<Duration> period) {
        this.name = name;
        this.period = period;
    }

    /**
     * The timer at a rate of the caller's.
     *
     * @param period from one look to the next: 1 ms to 1 h
     * @return the policy
     */
    public static RefreshPolicy timer(Duration period) {
        if (period.compareTo(SHORTEST) < 0 || period.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("timer period " + period + " is not within 1 ms and 1 h");
        }
        return new RefreshPolicy("TIMER", Optional.of(period));
    }

    /**
     * The timer's period.
     *
     * @return empty where the display's rate decides, or there is no timer
     */
    public Optional<Duration> period() {
        return period;
    }

    boolean wantsTimer() {
        return name.equals("TIMER");
    }

    boolean insistsOnIrq() {
        return name.equals("IRQ");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RefreshPolicy that && name.equals(that.name) && period.equals(that.period);
    }

    @Override
    public int hashCode() {
        return name.hashCode() * 31 + period.hashCode();
    }

    @Override
    public String toString() {
        return period.map(every -> name + "(" + every + ")").orElse(name);
    }
}
