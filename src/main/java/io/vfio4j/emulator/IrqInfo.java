package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** VFIO_DEVICE_GET_IRQ_INFO of drivers/gpu/drm/i915/gvt/kvmgt.c, in mainline and in each version of the series. */
final class IrqInfo {
    private static final int INTX_FLAGS =
            Vfio.VFIO_IRQ_INFO_EVENTFD | Vfio.VFIO_IRQ_INFO_MASKABLE | Vfio.VFIO_IRQ_INFO_AUTOMASKED;
    private static final int CAP_VERSION = 1;

    private final UserSpace memory;
    private final IrqAbi abi;
    private final VgpuProfile profile;

    IrqInfo(UserSpace memory, VgpuProfile profile) {
        this.memory = memory;
        this.abi = IrqAbi.of(profile.dialect());
        this.profile = profile;
    }

    /** What VFIO_DEVICE_GET_INFO reports in {@code num_irqs}. */
    int irqs() {
        return Vfio.VFIO_PCI_NUM_IRQS + abi.irqs();
    }

    boolean isDisplay(int index) {
        return index >= Vfio.VFIO_PCI_NUM_IRQS && index < irqs();
    }

    /** How many irqs an index has; none where there is nothing behind it. */
    int count(int index) {
        return flags(index) == 0 ? 0 : 1;
    }

    int get(long address) throws KernelError {
        boolean old = abi.layout() == IrqAbi.Layout.CAP_OFFSET_THEN_COUNT;
        int least = old ? abi.infoSize() : Vfio.IrqInfo.SIZE;
        ByteBuffer asked = memory.struct(address, least);
        int argsz = asked.getInt(Vfio.IrqInfo.ARGSZ);
        int index = asked.getInt(Vfio.IrqInfo.INDEX);
        if (Integer.compareUnsigned(argsz, least) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        int flags = flags(index);
        if (flags == 0) {
            throw new KernelError(Errno.EINVAL);
        }

        int capOffset = 0;
        int written = least;
        if (isDisplay(index)) {
            flags |= DisplayIrq.FLAG_CAPS;
            byte[] caps = capabilities(index);
            int needed = abi.infoSize() + caps.length;
            if (Integer.compareUnsigned(argsz, needed) < 0) {
                argsz = needed;
            } else {
                memory.write(address + abi.infoSize(), caps);
                capOffset = abi.infoSize();
                written = abi.infoSize();
            }
        }

        ByteBuffer answer = ByteBuffer.allocate(abi.infoSize()).order(ByteOrder.LITTLE_ENDIAN);
        answer.putInt(argsz).putInt(flags).putInt(index);
        if (old) {
            // v2 and v3 copy all their 20 bytes back, cap_offset included, whether or not the capabilities fit.
            answer.putInt(capOffset).putInt(1);
        } else {
            answer.putInt(1);
            if (written > Vfio.IrqInfo.SIZE) {
                answer.putInt(capOffset);
            }
        }
        memory.write(address, answer.array(), written);
        return 0;
    }

    private int flags(int index) {
        if (index == Vfio.VFIO_PCI_INTX_IRQ_INDEX) {
            return INTX_FLAGS;
        }
        if (index == Vfio.VFIO_PCI_MSI_IRQ_INDEX) {
            return abi.msiFlags();
        }
        if (index == Vfio.VFIO_PCI_REQ_IRQ_INDEX && profile.requestIrq()) {
            return Vfio.VFIO_IRQ_INFO_EVENTFD | Vfio.VFIO_IRQ_INFO_NORESIZE;
        }
        return isDisplay(index) ? abi.flags() : 0;
    }

    /** The chain as vfio_info_cap_add() and vfio_info_cap_shift() leave it: offsets count from the structure's start. */
    private byte[] capabilities(int index) {
        boolean display = abi.tellsValues();
        int size = DisplayIrq.CapType.SIZE + (display ? DisplayIrq.CapDisplay.SIZE : 0);
        ByteBuffer chain = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        chain.putShort((short) abi.typeId()).putShort((short) CAP_VERSION);
        chain.putInt(display ? abi.infoSize() + DisplayIrq.CapType.SIZE : 0);
        chain.putInt(DisplayIrq.TYPE_GFX);
        chain.putInt(index == Vfio.VFIO_PCI_NUM_IRQS ? DisplayIrq.SUBTYPE_DISPLAY : DisplayIrq.SUBTYPE_CURSOR);
        if (display) {
            chain.putShort((short) abi.displayId())
                    .putShort((short) CAP_VERSION)
                    .putInt(0);
            chain.putLong(profile.cursorValue()).putLong(profile.primaryValue());
        }
        return chain.array();
    }
}
