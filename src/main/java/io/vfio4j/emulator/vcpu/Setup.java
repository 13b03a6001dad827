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
 * @param machines the guests, 1 to 64
 * @param jitterPercent by how much each piece of a guest's work may be shorter or longer, equally likely in between; 0 to 90
 * @param seed of all that is random: this jitter, when each processor's ticks come, and who is first on each processor
 */
public record Setup(
        HostModel host,
        Pause pause,
        Costs costs,
        Boost boost,
        WakeUpRule wakeUp,
        boolean postedInterrupts,
        List<VirtualMachine> machines,
        int jitterPercent,
        long seed) {
    private static final int DEFAULT_JITTER_PERCENT = 10;
    private static final int MOST_JITTER_PERCENT = 90;
    private static final int MOST_MACHINES = 64;

    /**
     * Makes a setup.
     *
     * @param host the processors
     * @param pause when spinning leaves the guest
     * @param costs what things cost
     * @param boost whom a spinning vCPU yields to
     * @param wakeUp what a wake-up does
     * @param postedInterrupts whether the host sees a vCPU's pending interrupt (APICv)
     * @param machines the guests, 1 to 64
     * @param jitterPercent by how much each piece of a guest's work may be shorter or longer; 0 to 90
     * @param seed of all that is random
     * @throws IllegalArgumentException naming the component that is absurd
     */
    public Setup {
        machines = List.copyOf(machines);
        Bounds.check("machines", machines.size(), 1, MOST_MACHINES);
        Bounds.check("jitterPercent", jitterPercent, 0, MOST_JITTER_PERCENT);
    }

    /**
     * A setup whose guests' work varies by 10 percent.
     *
     * @param host the processors
     * @param pause when spinning leaves the guest
     * @param costs what things cost
     * @param boost whom a spinning vCPU yields to
     * @param wakeUp what a wake-up does
     * @param postedInterrupts whether the host sees a vCPU's pending interrupt (APICv)
     * @param machines the guests, 1 to 64
     * @param seed of all that is random
     */
    public Setup(
            HostModel host,
            Pause pause,
            Costs costs,
            Boost boost,
            WakeUpRule wakeUp,
            boolean postedInterrupts,
            List<VirtualMachine> machines,
            long seed) {
        this(host, pause, costs, boost, wakeUp, postedInterrupts, machines, DEFAULT_JITTER_PERCENT, seed);
    }

    /** All vCPUs of all guests. */
    int vcpus() {
        return machines.stream().mapToInt(machine -> machine.programs().size()).sum();
    }
}
