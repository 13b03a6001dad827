package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The argument of VFIO_DEVICE_SET_IRQS: {@code struct vfio_irq_set}, and its data where they were read. */
record SetIrqs(int argsz, int flags, int index, int start, int count, byte[] data) {
    private static final int DATA =
            Vfio.VFIO_IRQ_SET_DATA_NONE | Vfio.VFIO_IRQ_SET_DATA_BOOL | Vfio.VFIO_IRQ_SET_DATA_EVENTFD;
    private static final int ACTION =
            Vfio.VFIO_IRQ_SET_ACTION_MASK | Vfio.VFIO_IRQ_SET_ACTION_UNMASK | Vfio.VFIO_IRQ_SET_ACTION_TRIGGER;

    /** The header alone. */
    static SetIrqs header(UserSpace memory, long address) throws KernelError {
        ByteBuffer header = memory.struct(address, Vfio.IrqSet.SIZE);
        return new SetIrqs(
                header.getInt(Vfio.IrqSet.ARGSZ),
                header.getInt(Vfio.IrqSet.FLAGS),
                header.getInt(Vfio.IrqSet.INDEX),
                header.getInt(Vfio.IrqSet.START),
                header.getInt(Vfio.IrqSet.COUNT),
                new byte[0]);
    }

    /** What most drivers do: read, check, read the data. */
    static SetIrqs validated(UserSpace memory, long address, IrqCount irqs, int indexes) throws KernelError {
        SetIrqs call = header(memory, address);
        return call.withData(memory, address, call.validate(irqs.of(call.index()), indexes));
    }

    /** How many irqs an index has; 0 for one that is not there. */
    interface IrqCount {
        int of(int index);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    boolean isWithoutData() {
        return has(Vfio.VFIO_IRQ_SET_DATA_NONE);
    }

    boolean isBool() {
        return has(Vfio.VFIO_IRQ_SET_DATA_BOOL);
    }

    boolean isEventFd() {
        return has(Vfio.VFIO_IRQ_SET_DATA_EVENTFD);
    }

    int action() {
        return flags & ACTION;
    }

    SetIrqs withData(UserSpace memory, long address, int size) throws KernelError {
        return new SetIrqs(argsz, flags, index, start, count, memory.read(address + Vfio.IrqSet.SIZE, size));
    }

    /**
     * vfio_set_irqs_validate_and_prepare() of drivers/vfio/vfio_main.c: returns how many bytes of data follow. The addition of start
     * and count cannot wrap, the check before sees to that.
     */
    int validate(int irqsOfIndex, int indexes) throws KernelError {
        long unsignedStart = Integer.toUnsignedLong(start);
        long unsignedCount = Integer.toUnsignedLong(count);
        if (Integer.compareUnsigned(argsz, Vfio.IrqSet.SIZE) < 0
                || Integer.compareUnsigned(index, indexes) >= 0
                || unsignedCount >= 0xffff_ffffL - unsignedStart
                || (flags & ~(DATA | ACTION)) != 0
                || unsignedStart >= irqsOfIndex
                || unsignedStart + unsignedCount > irqsOfIndex) {
            throw new KernelError(Errno.EINVAL);
        }
        long size = switch (flags & DATA) {
            case Vfio.VFIO_IRQ_SET_DATA_NONE -> 0;
            case Vfio.VFIO_IRQ_SET_DATA_BOOL -> unsignedCount;
            case Vfio.VFIO_IRQ_SET_DATA_EVENTFD -> unsignedCount * Integer.BYTES;
            default -> throw new KernelError(Errno.EINVAL);
        };
        if (Integer.toUnsignedLong(argsz) - Vfio.IrqSet.SIZE < size) {
            throw new KernelError(Errno.EINVAL);
        }
        return (int) size;
    }

    /** The n-th descriptor number of the data. */
    int eventFd(int n) {
        return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getInt(n * Integer.BYTES);
    }

    /** The n-th truth value of the data. */
    boolean bool(int n) {
        return data[n] != 0;
    }

    /** What a call asks for, for the trace; the empty string if it cannot be read. */
    static String describe(UserSpace memory, long address) {
        try {
            return header(memory, address).describe();
        } catch (KernelError error) {
            return "";
        }
    }

    private String describe() {
        String action = switch (action()) {
            case Vfio.VFIO_IRQ_SET_ACTION_MASK -> "mask";
            case Vfio.VFIO_IRQ_SET_ACTION_UNMASK -> isEventFd() ? "unmask by eventfd" : "unmask";
            case Vfio.VFIO_IRQ_SET_ACTION_TRIGGER ->
                isEventFd() ? "arm" : isWithoutData() && count == 0 ? "disarm" : "trigger";
            default -> "flags 0x" + Integer.toHexString(flags);
        };
        return action + " index " + Integer.toUnsignedString(index);
    }
}
