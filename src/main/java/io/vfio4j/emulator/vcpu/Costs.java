package io.vfio4j.emulator.vcpu;

/**
 * What things cost, each in nanoseconds of the processor that does them, 0 or more.
 *
 * @param exit a VM exit and the entry after it
 * @param contextSwitch from one vCPU to another, its state loaded and saved
 * @param scan looking at one vCPU in the search for whom to boost
 * @param yield a call of yield_to()
 * @param wakeUp waking a vCPU that blocks
 * @param ipiSend sending an interrupt to others
 * @param ipiTarget the same for each target
 * @param interrupt taking an interrupt in the guest
 * @param call a function call that came with it
 * @param handover a spin lock's way from one processor to the next
 * @param leastStay how long a vCPU that was entered runs at least before it is descheduled again
 */
public record Costs(
        long exit,
        long contextSwitch,
        long scan,
        long yield,
        long wakeUp,
        long ipiSend,
        long ipiTarget,
        long interrupt,
        long call,
        long handover,
        long leastStay) {
    /**
     * Makes a list of costs.
     *
     * @param exit a VM exit and the entry after it
     * @param contextSwitch from one vCPU to another, its state loaded and saved
     * @param scan looking at one vCPU in the search for whom to boost
     * @param yield a call of yield_to()
     * @param wakeUp waking a vCPU that blocks
     * @param ipiSend sending an interrupt to others
     * @param ipiTarget the same for each target
     * @param interrupt taking an interrupt in the guest
     * @param call a function call that came with it
     * @param handover a spin lock's way from one processor to the next
     * @param leastStay how long a vCPU that was entered runs at least before it is descheduled again
     * @throws IllegalArgumentException naming the component that is absurd
     */
    public Costs {
        Bounds.nanos("exit", exit);
        Bounds.nanos("contextSwitch", contextSwitch);
        Bounds.nanos("scan", scan);
        Bounds.nanos("yield", yield);
        Bounds.nanos("wakeUp", wakeUp);
        Bounds.nanos("ipiSend", ipiSend);
        Bounds.nanos("ipiTarget", ipiTarget);
        Bounds.nanos("interrupt", interrupt);
        Bounds.nanos("call", call);
        Bounds.nanos("handover", handover);
        Bounds.nanos("leastStay", leastStay);
    }

    /**
     * Plausible costs of a server of 2019. Of a VM exit (1 to 1.5 µs), a switch with the vCPU's state (2 to 3 µs), a look at a vCPU (20 to
     * 40 ns) and yield_to() (0.5 to 1.2 µs) only the order of magnitude is known; sending an interrupt (3 µs and 0.5 µs for each
     * target), taking one (8 µs and 0.3 µs for each call) and the least stay (1.5 µs) are assumed, and so are a wake-up and a lock's way
     * between two processors.
     *
     * @return the costs
     */
    public static Costs defaults() {
        return new Costs(1_500, 3_000, 40, 800, 1_000, 3_000, 500, 8_000, 300, 200, 1_500);
    }

    /**
     * Nothing costs anything, but that a vCPU stays for a microsecond: for what can be computed by hand.
     *
     * @return the costs
     */
    public static Costs none() {
        return new Costs(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1_000);
    }
}
