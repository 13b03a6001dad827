package io.vfio4j.vfio;

import io.vfio4j.linux.uapi.Vfio;

/** The irqs that every VFIO PCI device numbers alike, be it a device of the bus or a mediated one that looks like it. */
public enum PciIrq {
    /**
     * The interrupt line. Level-triggered: VFIO masks it when it comes, and it comes again after each unmask for as long as the device
     * asserts it.
     */
    INTX(Vfio.VFIO_PCI_INTX_IRQ_INDEX, "It has no interrupt line."),
    /** Message signalled interrupts: one vector, or a power of two of them. The device must be bus master to send any. */
    MSI(Vfio.VFIO_PCI_MSI_IRQ_INDEX, "It has no MSI."),
    /** Message signalled interrupts by a table in the device: up to 2048 vectors. The device must be bus master to send any. */
    MSIX(Vfio.VFIO_PCI_MSIX_IRQ_INDEX, "It has no MSI-X."),
    /** The device reported an error that it cannot go on from; it had best be reset. */
    ERROR(Vfio.VFIO_PCI_ERR_IRQ_INDEX, "Only PCI Express devices behind vfio-pci report errors."),
    /**
     * The host wants the device back. Signalled when it is being removed or its driver unbound, and every ten seconds until it is
     * closed. Not every driver has it, and some have it and never signal it: {@link RemovalWatch} knows better.
     */
    REQUEST(Vfio.VFIO_PCI_REQ_IRQ_INDEX, "Its driver does not ask for it; RemovalWatch does without.");

    private final int index;
    private final String absence;

    PciIrq(int index, String absence) {
        this.index = index;
        this.absence = absence;
    }

    /**
     * Its index at the device.
     *
     * @return 0 to 4
     */
    public int index() {
        return index;
    }

    /** What it means that the driver refuses the index; a sentence. */
    String absence() {
        return absence;
    }
}
