package io.vfio4j.emulator.vcpu;

import java.util.List;

/**
 * What is simulated.
 *
 * @param host the processors
 * @param pause when spinning leaves the guest
 * @param costs what things cost
 * @param boost whom a spinning vCPU yields to
 * @param wakeUp what a wake-up does
 * @param postedInterrupts whether the host sees a vCPU's pending interrupt (APICv)
 * @param machines the guests
 * @param seed of all that is random
 */
public record Setup(
        HostModel host,
        Pause pause,
        Costs costs,
        Boost boost,
        WakeUpRule wakeUp,
        boolean postedInterrupts,
        List<VirtualMachine> machines,
        long seed) {
    /**
     * Makes a setup.
     *
     * @param host the processors
     * @param pause when spinning leaves the guest
     * @param costs what things cost
     * @param boost whom a spinning vCPU yields to
     * @param wakeUp what a wake-up does
     * @param postedInterrupts whether the host sees a vCPU's pending interrupt (APICv)
     * @param machines the guests
     * @param seed of all that is random
     */
    public Setup {
        machines = List.copyOf(machines);
    }
}
