package io.vfio4j.linux;

/**
 * Time that passes only when somebody advances it. An emulated host has one; the real kernel does not.
 *
 * <p>Loops that are stepped rather than threaded take part: whoever advances the time runs them too, after each instant at
 * which something happened, on the advancing thread.
 */
public interface VirtualTime {

    /**
     * Lets time pass up to the next instant at which something is scheduled (a vblank, a timer), lets it happen, and runs
     * the steps. Does not block.
     *
     * @return false when nothing is scheduled, so that time did not pass
     * @throws IllegalStateException when called by a step
     */
    boolean advanceToNextEvent();

    /**
     * Has a step run after each instant.
     *
     * @param step does what can be done without waiting, and returns whether it did anything; all steps are run again until
     *     none does
     * @return closing it ends that
     */
    Registration onInstant(Step step);

    /** What a stepped loop does after an instant. */
    @FunctionalInterface
    interface Step {
        /**
         * Does what can be done without waiting.
         *
         * @return whether anything was done
         */
        boolean run();
    }

    /** Ends a registration; closing twice does nothing. */
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
