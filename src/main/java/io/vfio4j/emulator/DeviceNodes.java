package io.vfio4j.emulator;

/** By which device nodes a kernel offers its VFIO devices. */
public enum DeviceNodes {
    /** {@code /dev/vfio/vfio} and {@code /dev/vfio/N}, as every kernel before 6.6 has it, and Debian's still. */
    GROUP("group"),
    /** {@code /dev/iommu} and {@code /dev/vfio/devices/vfioN} alone: a kernel without CONFIG_VFIO_GROUP. */
    CDEV("cdev"),
    /** Both. */
    GROUP_AND_CDEV("both");

    private final String label;

    DeviceNodes(String label) {
        this.label = label;
    }

    /**
     * The name on the command line.
     *
     * @return {@code group}, {@code cdev} or {@code both}
     */
    public String label() {
        return label;
    }

    boolean hasGroup() {
        return this != CDEV;
    }

    boolean hasCdev() {
        return this != GROUP;
    }
}
