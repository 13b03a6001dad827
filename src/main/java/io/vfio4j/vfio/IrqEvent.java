package io.vfio4j.vfio;

/**
 * Interrupts of one vector that came since the last event of that vector.
 *
 * @param vector which one within the irq's index; 0 where there is one only
 * @param count how many the kernel saw: unsigned, at least 1. Nothing is lost while the listener is busy; but messages (MSI, MSI-X) that
 *     come before the processor has taken the one before are one already there.
 * @param timeNanos when they were noticed, not when they came: on the clock of the loop's system calls
 */
public record IrqEvent(int vector, long count, long timeNanos) {}
