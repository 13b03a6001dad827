package io.vfio4j.emulator;

/** Which {@link Peripheral} a host shall have. */
public enum PeripheralKind {
    /**
     * QEMU's teaching device {@code edu} (vendor 1234, device 11e8) on the PCI bus, bound to vfio-pci: an interrupt line and one MSI
     * vector, both raised by a write to a register. No MSI-X, no ERR, since it is not PCI Express; REQ. Not reset by VFIO_DEVICE_RESET.
     */
    EDU,
    /**
     * An Intel 82574L network adapter, QEMU's {@code e1000e} (vendor 8086, device 10d3), bound to vfio-pci: PCI Express, so with ERR;
     * INTx, one MSI vector, five of MSI-X, REQ. It receives and sends nothing; its interrupts come from loop-back alone.
     */
    E1000E,
    /** The kernel's sample device mtty (samples/vfio-mdev/mtty.c) of Linux 6.12, with two serial ports: INTx and MSI. No REQ. */
    MTTY,
    /**
     * The same of Linux 6.1: ignores masks, offers REQ and never signals it, can be disarmed once only, whatever the count of a trigger
     * without data ({@link Peripheral#harm}), and keeps its eventfds when it is closed.
     */
    MTTY_6_1;

    boolean isMediated() {
        return this == MTTY || this == MTTY_6_1;
    }
}
