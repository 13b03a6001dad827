package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Outcome;

/**
 * What one run with one seed has measured.
 *
 * @param seed of the run
 * @param warmUp what the simulation has counted before it was measured
 * @param outcome what the simulation has counted since
 * @param shootdowns how long the senders of TLB shootdowns waited
 * @param interrupts from the post of an outside interrupt to its handler
 * @param hostNanos how long the run took on the machine that ran it, its warm-up included
 */
public record Measurement(
        long seed, Outcome warmUp, Outcome outcome, Latencies shootdowns, Latencies interrupts, long hostNanos) {
    /**
     * How many events the run had.
     *
     * @return the number, that of the warm-up included
     */
    public long hostEvents() {
        return warmUp.events() + outcome.events();
    }
}
