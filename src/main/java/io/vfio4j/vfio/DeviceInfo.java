package io.vfio4j.vfio;

import io.vfio4j.linux.uapi.Vfio;

/**
 * What VFIO_DEVICE_GET_INFO says.
 *
 * @param flags {@code VFIO_DEVICE_FLAGS_…}
 * @param regions how many region indexes there are to ask for
 * @param irqs how many irq indexes there are to ask for
 * @param raw the reply
 */
public record DeviceInfo(int flags, int regions, int irqs, Bytes raw) {

    /**
     * Whether the device can be reset.
     *
     * @return whether {@code VFIO_DEVICE_FLAGS_RESET} is set
     */
    public boolean resettable() {
        return (flags & Vfio.VFIO_DEVICE_FLAGS_RESET) != 0;
    }

    /**
     * Whether regions and irqs are numbered as those of a PCI device.
     *
     * @return whether {@code VFIO_DEVICE_FLAGS_PCI} is set
     */
    public boolean pci() {
        return (flags & Vfio.VFIO_DEVICE_FLAGS_PCI) != 0;
    }
}
