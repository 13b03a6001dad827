/**
 * The VFIO user API: container, group and device, what they tell about regions and irqs, irqs that can be armed, and memory that a
 * device may reach.
 *
 * <p>A device is opened by its own node, {@code /dev/vfio/devices/vfioN} with {@code /dev/iommu}, where that is there and may be used,
 * and through its group otherwise; {@link io.vfio4j.vfio.AttachOptions} forces either. A VMM maps its guest's memory the same way
 * for both:
 *
 * <pre>{@code
 * VfioDevice device = VfioDevice.open(calls, mdev, vm);
 * NativeMemory ram = calls.allocatePages(64 << 20);
 * device.dma().orElseThrow().map(0, ram, Access.READ_WRITE);
 * }</pre>
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
