package io.vfio4j.vfio;

/** The two ways in which the kernel hands out VFIO devices. */
public enum AttachPath {
    /** Through the device's IOMMU group, {@code /dev/vfio/N}, and a container: every kernel until 6.6 has it, most still do. */
    GROUP("group"),
    /** Through the device's own node, {@code /dev/vfio/devices/vfioN}, and {@code /dev/iommu}: from Linux 6.6 on. */
    CDEV("cdev");

    private final String label;

    AttachPath(String label) {
        this.label = label;
    }

    /**
     * The name on the command line.
     *
     * @return {@code group} or {@code cdev}
     */
    public String label() {
        return label;
    }
}
