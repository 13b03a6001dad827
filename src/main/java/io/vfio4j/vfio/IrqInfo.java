package io.vfio4j.vfio;

import io.vfio4j.linux.uapi.Vfio;
import java.util.List;

/**
 * What VFIO_DEVICE_GET_IRQ_INFO says. Mainline has 16 bytes and no capabilities; the display irq's kernels have capabilities, with
 * {@code cap_offset} before {@code count} (v2, v3) or behind it (v4 and later).
 *
 * @param index the irq's index
 * @param flags {@code VFIO_IRQ_INFO_…}, and {@code FLAG_CAPS}
 * @param count how many interrupts there are within the index
 * @param layout where {@code cap_offset} stands
 * @param capOffset the offset of the first capability; 0 for none
 * @param capabilities as they came, in the order of the chain
 * @param raw the reply
 */
public record IrqInfo(
        int index, int flags, int count, Layout layout, int capOffset, List<Capability> capabilities, Bytes raw) {

    /** The forms of {@code struct vfio_irq_info}. */
    public enum Layout {
        /** 16 bytes, no capabilities: mainline, and every irq without any. */
        MAINLINE,
        /** {@code cap_offset} at 12 and {@code count} at 16: v2 and v3 of the series. */
        OFFSET_BEFORE_COUNT,
        /** {@code count} at 12 as in mainline, {@code cap_offset} at 16: v4 and later. */
        OFFSET_AFTER_COUNT
    }

    /**
     * Whether it can signal an eventfd.
     *
     * @return whether {@code VFIO_IRQ_INFO_EVENTFD} is set
     */
    public boolean eventFd() {
        return (flags & Vfio.VFIO_IRQ_INFO_EVENTFD) != 0;
    }

    /**
     * Whether it can be masked and unmasked.
     *
     * @return whether {@code VFIO_IRQ_INFO_MASKABLE} is set
     */
    public boolean maskable() {
        return (flags & Vfio.VFIO_IRQ_INFO_MASKABLE) != 0;
    }

    /**
     * Whether VFIO masks it whenever it comes, as level-triggered irqs are, so that it has to be unmasked after each.
     *
     * @return whether {@code VFIO_IRQ_INFO_AUTOMASKED} is set
     */
    public boolean autoMasked() {
        return (flags & Vfio.VFIO_IRQ_INFO_AUTOMASKED) != 0;
    }

    /**
     * Whether the set of armed vectors cannot grow: to add one, all have to be disarmed, and what comes meanwhile is lost.
     *
     * @return whether {@code VFIO_IRQ_INFO_NORESIZE} is set
     */
    public boolean noResize() {
        return (flags & Vfio.VFIO_IRQ_INFO_NORESIZE) != 0;
    }
}
