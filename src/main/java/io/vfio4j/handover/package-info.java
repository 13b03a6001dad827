/**
 * Using a VFIO device beside the process that has it open, mostly a VMM: its group can be open only once, and a GVT-g vGPU opens only
 * for the process that has its VM, so a copy of the open descriptor is the only way.
 *
 * <p>Two ways: {@link io.vfio4j.handover.Handover#fromProcess} takes the copy from a running process, which need not know of it;
 * {@link io.vfio4j.handover.Handover#fromSocket} gets it from a process that offers it, by {@link io.vfio4j.handover.DeviceSocket} or
 * by a few lines in any other language.
 *
 * <p>The protocol of the socket: the owner listens on a UNIX stream socket. As soon as it has accepted a connection it sends one line of
 * UTF-8 text, {@code vfio-device NAME} and a newline, at most 256 bytes, and with its first byte exactly one descriptor (SCM_RIGHTS), the
 * device's. NAME is the device's UUID or PCI address, or {@code -} where the owner does not know it. Then the connection stays open, and
 * silent, until the client closes it. The owner closes it when it gives the device up: a client that still has its copy keeps the device,
 * and its group, open, so it closes the copy then.
 *
 * <p>A copy is a full descriptor of the device. Closing it never disturbs the owner; what is done with it before can, because much of a
 * device is there only once: see {@link io.vfio4j.vfio.VfioDevice#share}.
 */
package io.vfio4j.handover;
