package io.vfio4j.emulator.vcpu;

/**
 * What things cost, each in nanoseconds of the processor that does them.
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
        long leastStay) {}
