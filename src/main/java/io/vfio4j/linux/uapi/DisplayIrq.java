package io.vfio4j.linux.uapi;

/**
 * The display irq of the kernel series "Deliver vGPU display refresh event to userspace", v2 to v6 of 2019, which never
 * reached mainline and so is in no header. Checked against byte vectors instead.
 */
public final class DisplayIrq {
    /** {@code VFIO_IRQ_INFO_FLAG_CAPS} of v2 to v6; the bit is free in mainline. */
    public static final int FLAG_CAPS = 0x10;
    /** Where v4 and later have {@code cap_offset}, behind {@code count}. */
    public static final int CAP_OFFSET = 16;
    /** Where v2 and v3 had {@code cap_offset}, in front of {@code count}. */
    public static final int OLD_CAP_OFFSET = 12;
    /** Where v2 and v3 had {@code count}. */
    public static final int OLD_COUNT = 16;
    /** {@code sizeof(struct vfio_irq_info)} in v2 to v6. */
    public static final int INFO_SIZE = 20;
    /** The same in a port to kernels that align capabilities to 8 bytes. */
    public static final int PORT_INFO_SIZE = 24;

    /** {@code VFIO_IRQ_INFO_CAP_TYPE} of v2 to v5. */
    public static final int CAP_TYPE_V5 = 3;
    /** {@code VFIO_IRQ_INFO_CAP_DISPLAY} of v5. */
    public static final int CAP_DISPLAY_V5 = 4;
    /** {@code VFIO_IRQ_INFO_CAP_TYPE} of v6. */
    public static final int CAP_TYPE_V6 = 1;
    /** {@code VFIO_IRQ_INFO_CAP_DISPLAY} of v6. */
    public static final int CAP_DISPLAY_V6 = 2;

    /** {@code VFIO_IRQ_TYPE_GFX}. */
    public static final int TYPE_GFX = 1;
    /** {@code VFIO_IRQ_SUBTYPE_GFX_DISPLAY_IRQ} of v3 to v6; {@code …_PRI_PLANE_FLIP} of v2. */
    public static final int SUBTYPE_DISPLAY = 1;
    /** {@code VFIO_IRQ_SUBTYPE_GFX_CUR_PLANE_FLIP} of v2. */
    public static final int SUBTYPE_CURSOR = 2;

    /** {@code DISPLAY_PRI_REFRESH_EVENT_VAL}: built into v4, told by the DISPLAY capability in v5 and v6. */
    public static final long PRIMARY_VALUE = 1L << 56;
    /** {@code DISPLAY_CUR_REFRESH_EVENT_VAL}. */
    public static final long CURSOR_VALUE = 1L << 48;

    private DisplayIrq() {}

    /** {@code struct vfio_irq_info_cap_type}. */
    public static final class CapType {
        public static final int SIZE = 16;
        public static final int TYPE = 8;
        public static final int SUBTYPE = 12;

        private CapType() {}
    }

    /** {@code struct vfio_irq_info_cap_display_plane_events}: the cursor comes first. */
    public static final class CapDisplay {
        public static final int SIZE = 24;
        public static final int VERSION = 1;
        public static final int CURSOR = 8;
        public static final int PRIMARY = 16;

        private CapDisplay() {}
    }
}
