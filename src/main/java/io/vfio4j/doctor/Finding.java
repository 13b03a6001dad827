package io.vfio4j.doctor;

import java.util.Objects;

/**
 * What one check found. Names that come from the kernel or from other processes are part of the sentences; they are cleared of
 * control characters, so that a terminal may show them.
 *
 * @param id which check: stays the same over versions, in lower case with hyphens, for example {@code vfio-iommu}
 * @param title what was looked at, in a few words
 * @param state how it is
 * @param found a sentence on what was found; for {@link State#UNKNOWN} on why it could not be seen
 * @param advice what to do; empty where there is nothing to do
 */
public record Finding(String id, String title, State state, String found, String advice) {
    /** Longer than any sentence of ours with the names of a few devices in it. */
    private static final int LONGEST = 2000;

    /** How it is. */
    public enum State {
        /** As it should be. */
        OK,
        /** It stands in the way: something does not work as long as it stays so. */
        PROBLEM,
        /** It does not stand in the way, but something could be better, or some uses need more. */
        ADVICE,
        /** It could not be seen. */
        UNKNOWN
    }

    /**
     * Clears the sentences of control characters.
     *
     * @param id which check
     * @param title what was looked at
     * @param state how it is
     * @param found what was found
     * @param advice what to do, or the empty string
     */
    public Finding {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(title, "title");
        Objects.requireNonNull(state, "state");
        found = printable(found);
        advice = printable(advice);
    }

    private static String printable(String text) {
        String shown = text.strip().replaceAll("\\s+", " ").replaceAll("\\p{C}", "?");
        return shown.length() <= LONGEST ? shown : shown.substring(0, LONGEST) + " ...";
    }
}
