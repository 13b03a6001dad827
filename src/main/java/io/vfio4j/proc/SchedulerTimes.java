package io.vfio4j.proc;

import io.vfio4j.linux.MalformedReplyException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the host's scheduler has counted of a thread since the thread began, or between two times: the three numbers of
 * {@code /proc/PID/task/TID/schedstat}. All are unsigned.
 *
 * <p>A wait is counted when it ends, in one piece: while a thread waits for a processor, nothing changes. Only a thread that is
 * moved to another processor's queue while it waits has the wait counted in parts.
 *
 * @param runNanos how long it ran; brought up to date by the scheduler's tick
 * @param waitNanos how long it could have run, but waited for a processor
 * @param slices how often it got a processor
 */
public record SchedulerTimes(long runNanos, long waitNanos, long slices) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,20}) (\\d{1,20}) (\\d{1,20})\\s*");

    static SchedulerTimes parse(String text, String path) throws MalformedReplyException {
        Matcher numbers = FORM.matcher(text);
        if (numbers.matches()) {
            try {
                return new SchedulerTimes(
                        Long.parseUnsignedLong(numbers.group(1)),
                        Long.parseUnsignedLong(numbers.group(2)),
                        Long.parseUnsignedLong(numbers.group(3)));
            } catch (NumberFormatException tooLarge) {
                // As any other text that is none of three numbers.
            }
        }
        throw new MalformedReplyException(
                "read", path, "these are not three numbers of 64 bits", text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * What was added.
     *
     * @param earlier what had been counted of the same thread before
     * @return the differences; empty where something has become less, so that it cannot be the same thread
     */
    public Optional<SchedulerTimes> since(SchedulerTimes earlier) {
        return Long.compareUnsigned(runNanos, earlier.runNanos) < 0
                        || Long.compareUnsigned(waitNanos, earlier.waitNanos) < 0
                        || Long.compareUnsigned(slices, earlier.slices) < 0
                ? Optional.empty()
                : Optional.of(new SchedulerTimes(
                        runNanos - earlier.runNanos, waitNanos - earlier.waitNanos, slices - earlier.slices));
    }
}
