package io.vfio4j.emulator;

import static io.vfio4j.linux.uapi.DisplayIrq.CAP_DISPLAY_V5;
import static io.vfio4j.linux.uapi.DisplayIrq.CAP_DISPLAY_V6;
import static io.vfio4j.linux.uapi.DisplayIrq.CAP_TYPE_V5;
import static io.vfio4j.linux.uapi.DisplayIrq.CAP_TYPE_V6;
import static io.vfio4j.linux.uapi.DisplayIrq.INFO_SIZE;
import static io.vfio4j.linux.uapi.DisplayIrq.PORT_INFO_SIZE;
import static io.vfio4j.linux.uapi.Vfio.VFIO_IRQ_INFO_EVENTFD;
import static io.vfio4j.linux.uapi.Vfio.VFIO_IRQ_INFO_MASKABLE;
import static io.vfio4j.linux.uapi.Vfio.VFIO_IRQ_INFO_NORESIZE;

/**
 * How a dialect of the display irq looks from outside.
 *
 * @param irqs display irqs, from index 5 on
 * @param layout where {@code cap_offset} and {@code count} are
 * @param infoSize {@code sizeof(struct vfio_irq_info)}: where the capabilities begin
 * @param typeId id of the TYPE capability, 0 for none
 * @param displayId id of the DISPLAY capability, 0 for none
 * @param flags irq_info flags of the display irq, without CAPS
 * @param msiFlags irq_info flags of MSI
 * @param signalling when the driver signals
 * @param valuesTellPlanes whether it posts the values of primary and cursor, not 1
 * @param ownTimer whether each vGPU has a vblank timer
 */
record IrqAbi(
        int irqs,
        Layout layout,
        int infoSize,
        int typeId,
        int displayId,
        int flags,
        int msiFlags,
        Signalling signalling,
        boolean valuesTellPlanes,
        boolean ownTimer) {

    enum Layout {
        /** v2 and v3. */
        CAP_OFFSET_THEN_COUNT,
        /** Mainline's members first: v4 and later. */
        COUNT_THEN_CAP_OFFSET
    }

    enum Signalling {
        NEVER,
        /** {@code pri_surf_mmio_write} and {@code cur_surf_mmio_write} of v2. */
        AT_REGISTER_WRITE,
        /** {@code emulate_vblank_on_pipe} of v3: each enabled pipe. */
        EVERY_VBLANK,
        /** The page-flip tree: each flip-done bit. */
        EVERY_FLIP_DONE,
        /** v4: {@code val += ...}. */
        PLANES_ADDED,
        /** v5, v6: {@code val |= ...}. */
        PLANES_ONCE
    }

    private static final int UNRESIZABLE = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
    private static final int MASKABLE = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE;

    /** MSI has lost NORESIZE in every version from v3 on. */
    private static final int RESIZABLE = VFIO_IRQ_INFO_EVENTFD;

    private static final IrqAbi V2 = new IrqAbi(
            2,
            Layout.CAP_OFFSET_THEN_COUNT,
            INFO_SIZE,
            CAP_TYPE_V5,
            0,
            UNRESIZABLE,
            UNRESIZABLE,
            Signalling.AT_REGISTER_WRITE,
            true,
            false);
    private static final IrqAbi V3 = new IrqAbi(
            1,
            Layout.CAP_OFFSET_THEN_COUNT,
            INFO_SIZE,
            CAP_TYPE_V5,
            0,
            MASKABLE,
            RESIZABLE,
            Signalling.EVERY_VBLANK,
            false,
            false);
    private static final IrqAbi V4 = newLayout(INFO_SIZE, CAP_TYPE_V5, 0, Signalling.PLANES_ADDED, true, false);
    private static final IrqAbi V5 =
            newLayout(INFO_SIZE, CAP_TYPE_V5, CAP_DISPLAY_V5, Signalling.PLANES_ONCE, true, false);
    private static final IrqAbi V6 =
            newLayout(INFO_SIZE, CAP_TYPE_V6, CAP_DISPLAY_V6, Signalling.PLANES_ONCE, true, false);
    private static final IrqAbi PAGE_FLIP =
            newLayout(INFO_SIZE, CAP_TYPE_V6, 0, Signalling.EVERY_FLIP_DONE, false, false);
    private static final IrqAbi PORT = newLayout(PORT_INFO_SIZE, CAP_TYPE_V6, 0, Signalling.PLANES_ONCE, false, true);
    private static final IrqAbi PORT_DISPLAY =
            newLayout(PORT_INFO_SIZE, CAP_TYPE_V6, CAP_DISPLAY_V6, Signalling.PLANES_ONCE, false, true);
    private static final IrqAbi NONE =
            new IrqAbi(0, Layout.COUNT_THEN_CAP_OFFSET, 16, 0, 0, 0, UNRESIZABLE, Signalling.NEVER, false, true);

    static IrqAbi of(EmulatedDialect dialect) {
        return switch (dialect) {
            case V2 -> V2;
            case V3 -> V3;
            case V4 -> V4;
            case V5 -> V5;
            case V6 -> V6;
            case PAGE_FLIP -> PAGE_FLIP;
            case PORT -> PORT;
            case PORT_DISPLAY -> PORT_DISPLAY;
            case MAINLINE, MDPY, MBOCHS -> NONE;
        };
    }

    private static IrqAbi newLayout(
            int infoSize, int typeId, int displayId, Signalling signalling, boolean tellsPlanes, boolean ownTimer) {
        return new IrqAbi(
                1,
                Layout.COUNT_THEN_CAP_OFFSET,
                infoSize,
                typeId,
                displayId,
                MASKABLE,
                RESIZABLE,
                signalling,
                tellsPlanes,
                ownTimer);
    }

    /** Whether there is a capability that says what each plane adds. */
    boolean tellsValues() {
        return displayId != 0;
    }

    boolean maskable() {
        return (flags & VFIO_IRQ_INFO_MASKABLE) != 0;
    }
}
