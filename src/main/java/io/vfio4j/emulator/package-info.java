/**
 * A Linux host in memory, with vGPUs whose display irq is that of the kernel series "Deliver vGPU display refresh event to
 * userspace" in any of its versions, or of mainline, or of a port: for tests and demonstrations on any operating system, without
 * hardware, privileges or native code.
 *
 * <p>Start with {@link io.vfio4j.emulator.EmulatedHost} and {@link io.vfio4j.emulator.VgpuProfile}:
 *
 * <pre>{@code
 * try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
 *     SystemCalls kernel = host.systemCalls(); // everything above this is the same as on a real host
 *     host.vgpu().guest().run(Scenario.FLIP);
 *     host.clock().advance(Duration.ofSeconds(1));
 * }
 * }</pre>
 *
 * <p><b>Emulated</b>, with the errors, quirks and order of checks of the drivers: descriptors; eventfd, timerfd and epoll as
 * far as {@link io.vfio4j.linux.SystemCalls} reaches; sysfs of mediated devices, with create and remove; VFIO containers, groups
 * and devices; the devices' own nodes and iommufd ({@link io.vfio4j.emulator.DeviceNodes}); DMA mappings of type 1 and of iommufd, seen
 * from the device's side by {@link io.vfio4j.emulator.EmulatedDma}, and pinned where a device is behind an IOMMU; the association with a VM by the KVM-VFIO device; irqfds with resampling, the routing of their interrupts, and
 * KVM's file of statistics; device, region and irq info, SET_IRQS, QUERY_GFX_PLANE and GET_GFX_DMABUF with the reuse of ids; dma-bufs, which can be mapped or not, and DMA_BUF_IOCTL_SYNC; the EDID
 * region, to which the guest listens; vblanks; what the guest's flips, cursor updates, pipes and modes do to
 * the display irq; its pictures, which are a function of the frame's number, in each of the {@linkplain
 * io.vfio4j.emulator.EmulatedFormat formats} and {@linkplain io.vfio4j.emulator.EmulatedTiling layouts} that GVT-g reports; the
 * sample drivers mdpy and mbochs, their faults included; a guest that is late because its host has more vCPUs than processors
 * ({@link io.vfio4j.emulator.VgpuProfile#withOvercommit}, by the model of {@link io.vfio4j.emulator.vcpu}); a GPU that imports dma-bufs and reads them back
 * ({@link io.vfio4j.linux.SystemCalls#graphics}). Besides vGPUs there are
 * {@linkplain io.vfio4j.emulator.PeripheralKind other devices}, of vfio-pci and of the sample driver mtty, whose registers raise INTx
 * and MSI, with mask, unmask, unmask by eventfd and loop-back; ERR and REQ; unbind.
 *
 * <p><b>Not emulated:</b> a guest that computes. Its registers, its aperture and its PCI configuration are memory without an
 * effect, but for the display interface of mbochs; a vGPU never raises INTx and MSI; BARs of vfio-pci cannot be mapped, and a device cannot be bound again; no driver and no engine of a device uses what is mapped for DMA, but tests
 * in its name; an iommufd chooses no addresses, copies no mappings, has no options and page tables of its own, and is no container; dirty pages are not tracked; the vCPUs of a VM of KVM do not run: what reaches the guest is
 * counted ({@link io.vfio4j.emulator.EmulatedVm}), and its statistics are what a test sets. Permissions are
 * those of the files themselves: every directory may be searched, there are no access control lists and no device control
 * groups. What the kernel shows of itself, its processors and its users is fixed, unless
 * {@link io.vfio4j.emulator.EmulatedFiles} changes it. Errors that depend on memory pressure do not happen unless
 * {@link io.vfio4j.emulator.Faults} makes them. Calls that crash the real drivers do no harm, and are counted. A vGPU that nobody has
 * open has no vblanks, and flips from then are signalled at the first vblank after it was opened. The phase of a running vblank
 * timer does not change when another pipe is turned on.
 *
 * <p>The guest's reaction to a monitor is that of a text console: at link up it takes the preferred mode, or the largest that is
 * possible, and at link down it leaves everything as it is; to that of mbochs, too, although that device has no interrupt to tell it. Palettes, sprite planes, rotation, compressed framebuffers and the
 * offsets of a plane within its framebuffer do not exist. The GPU knows no formats but those of the guests, has no shaders and no
 * fences, and is never slower or faster than the thread that reads. Memory that is lost ({@link
 * io.vfio4j.emulator.Faults#loseMemory}) is noticed where it is read in a way that is meant to survive that, and only there.
 */
package io.vfio4j.emulator;
