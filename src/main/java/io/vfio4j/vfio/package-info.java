/**
 * The VFIO user API: container, group and device, what they tell about regions and irqs, and irqs that can be armed.
 *
 * <p>Whatever the kernel returns is bounded and checked; a malformed answer is a
 * {@link io.vfio4j.linux.MalformedReplyException}, never an out-of-bounds read and never a hang.
 */
package io.vfio4j.vfio;
