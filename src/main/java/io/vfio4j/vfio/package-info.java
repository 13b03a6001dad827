/**
 * The VFIO user API: container, group and device, what they tell about regions and irqs, and irqs that can be armed.
 *
 * <p>Interrupts come to a listener on a loop, those of the device and what the host has to say of it:
 *
 * <pre>{@code
 * device.irq(PciIrq.MSIX).subscribe(loop, event -> serve(event.vector()), IrqOptions.DEFAULTS.withVectors(0, 4));
 * device.irq(PciIrq.ERROR).subscribe(loop, event -> giveUp());
 * RemovalWatch.start(loop, device, device::close);
 * }</pre>
 *
 * <p>Whatever the kernel returns is bounded and checked; a malformed answer is a
 * {@link io.vfio4j.linux.MalformedReplyException}, never an out-of-bounds read and never a hang.
 */
package io.vfio4j.vfio;
