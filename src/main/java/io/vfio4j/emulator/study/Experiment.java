package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Setup;

/**
 * What is simulated once for each seed.
 *
 * @param name for messages, for example {@code 3VM ready}
 * @param setup what is simulated; its seed is replaced
 * @param counted how many of the guests, from the first on, do the work whose records are counted
 * @param interruptHertz how often a device outside posts an interrupt to the first vCPU of each counted guest; 0 for never
 */
public record Experiment(String name, Setup setup, int counted, int interruptHertz) {
    private static final int MOST_HERTZ = 100_000;

    /**
     * Makes an experiment.
     *
     * @param name for messages, for example {@code 3VM ready}
     * @param setup what is simulated; its seed is replaced
     * @param counted how many of the guests, from the first on, do the work whose records are counted
     * @param interruptHertz how often a device outside posts an interrupt to the first vCPU of each counted guest; 0 for never
     * @throws IllegalArgumentException naming what is absurd
     */
    public Experiment {
        if (counted < 1 || counted > setup.machines().size()) {
            throw new IllegalArgumentException("counted " + counted + " is not within 1 to "
                    + setup.machines().size() + ", the number of guests");
        }
        if (interruptHertz < 0 || interruptHertz > MOST_HERTZ) {
            throw new IllegalArgumentException(
                    "interruptHertz " + interruptHertz + " is not within 0 to " + MOST_HERTZ);
        }
    }

    Setup setup(long seed) {
        return new Setup(
                setup.host(),
                setup.pause(),
                setup.costs(),
                setup.boost(),
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                setup.jitterPercent(),
                seed);
    }
}
