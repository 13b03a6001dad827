/**
 * A vGPU's display: refresh events by irq, by timer, or by both as needed, behind one listener.
 *
 * <p>Start at {@link io.vfio4j.display.Display#attach}. A {@link io.vfio4j.display.RefreshEvent} says "look"; when it came from the
 * irq it also says at which planes, and how often the driver signalled.
 */
package io.vfio4j.display;
