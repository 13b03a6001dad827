package io.vfio4j.vfio;

/**
 * Interrupts of one vector that came since the last event of that vector.
 *
 * @param vector which one within the irq's index; 0 where there is one only
 * @param count how many came: unsigned, at least 1. The kernel counts; nothing is lost while the listener is busy.
 * @param timeNanos when they were noticed, not when they came: on the clock of the loop's system calls
 */
public record IrqEvent(int vector, long count, long timeNanos) {}
