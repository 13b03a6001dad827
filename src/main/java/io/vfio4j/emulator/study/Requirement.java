package io.vfio4j.emulator.study;

/**
 * Something that the model was expected to show before it was run.
 *
 * @param name what was expected
 * @param status whether it came so
 * @param evidence the numbers that say so
 */
public record Requirement(String name, Status status, String evidence) {
    /** Whether it came as expected. */
    public enum Status {
        /** It did. */
        PASS,
        /** It did not. */
        MISS,
        /** What is needed to tell was not simulated, or in one run only. */
        UNKNOWN
    }

    static Requirement judged(String name, boolean met, String evidence) {
        return new Requirement(name, met ? Status.PASS : Status.MISS, evidence);
    }

    static Requirement unknown(String name) {
        return new Requirement(name, Status.UNKNOWN, "not simulated");
    }
}
