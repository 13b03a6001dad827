package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.PciRegs;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** samples/vfio-mdev/mtty.c with two ports, of Linux 6.12 or 6.1: serial ports whose output comes back as input. */
final class MttyDriver implements PeripheralDriver {
    private static final int INTX = Vfio.VFIO_PCI_INTX_IRQ_INDEX;
    private static final int MSI = Vfio.VFIO_PCI_MSI_IRQ_INDEX;
    private static final int NO_IRQ = -1;
    private static final int DEVICE_INFO_MINSZ = Vfio.DeviceInfo.CAP_OFFSET;
    private static final int OFFSET_SHIFT = 40;
    private static final int CONFIG_SIZE = 0xff;
    private static final int PORT_SIZE = 8;

    private final Kernel kernel;
    private final boolean old;
    private final ByteBuffer config = ByteBuffer.allocate(CONFIG_SIZE + 1).order(ByteOrder.LITTLE_ENDIAN);
    private final SerialPort[] ports = {new SerialPort(this::interrupt), new SerialPort(this::interrupt)};
    private final long[] signals = new long[Vfio.VFIO_PCI_NUM_IRQS];
    private Optional<EventFd> line = Optional.empty();
    private Optional<EventFd> message = Optional.empty();
    private final boolean[] dangling = new boolean[2];
    private int armedIndex = NO_IRQ;
    private boolean masked;
    private int knownIrqs;
    private int harm;

    MttyDriver(Kernel kernel, boolean old) {
        this.kernel = kernel;
        this.old = old;
        config.putInt(PciRegs.PCI_VENDOR_ID, 0x3253_4348);
        config.putShort(PciRegs.PCI_COMMAND, (short) PciRegs.PCI_COMMAND_IO);
        config.putShort(PciRegs.PCI_STATUS, (short) 0x200);
        config.putInt(PciRegs.PCI_CLASS_REVISION, 0x0700_0210);
        config.put(PciRegs.PCI_INTERRUPT_PIN, (byte) 1);
    }

    @Override
    public void open() {}

    /** 6.1 has no such operation: what was armed stays. */
    @Override
    public void close() {
        if (!old) {
            disable(INTX);
            disable(MSI);
        }
    }

    @Override
    public boolean request() {
        return false;
    }

    @Override
    public int armed(int index) {
        return index == INTX && line.isPresent() || index == MSI && message.isPresent() ? 1 : 0;
    }

    @Override
    public boolean masked() {
        return masked;
    }

    @Override
    public long signalled(int index) {
        return signals[index];
    }

    @Override
    public int harm() {
        return harm;
    }

    @Override
    public void raiseError() {
        // There is no ERR irq.
    }

    @Override
    public void limitVectors(int most) {
        // One is not few.
    }

    /** mtty_trigger_interrupt(): the line masks itself now; 6.1 follows a null pointer where nothing was ever armed. */
    private void interrupt() {
        if (armedIndex == NO_IRQ) {
            harm += old ? 1 : 0;
        } else if (armedIndex == MSI) {
            signal(MSI, message);
        } else if (armedIndex == INTX && !masked && line.isPresent()) {
            signal(INTX, line);
            masked = !old;
        }
    }

    private void signal(int index, Optional<EventFd> eventFd) {
        eventFd.ifPresent(armed -> {
            signals[index]++;
            armed.signal(1);
        });
    }

    @Override
    public int ioctl(long request, long argument) throws KernelError {
        if (request == Vfio.VFIO_DEVICE_GET_INFO.number()) {
            return getInfo(argument);
        }
        if (request == Vfio.VFIO_DEVICE_GET_REGION_INFO.number()) {
            return getRegionInfo(argument);
        }
        if (request == Vfio.VFIO_DEVICE_GET_IRQ_INFO.number()) {
            return getIrqInfo(argument);
        }
        if (request == Vfio.VFIO_DEVICE_SET_IRQS.number()) {
            return setIrqs(argument);
        }
        if (request == Vfio.VFIO_DEVICE_RESET.number()) {
            return 0;
        }
        throw new KernelError(Errno.ENOTTY);
    }

    private ByteBuffer struct(long address, int minsz) throws KernelError {
        ByteBuffer struct = kernel.memory().struct(address, minsz);
        if (Integer.compareUnsigned(struct.getInt(0), minsz) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        return struct;
    }

    private int getInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, DEVICE_INFO_MINSZ);
        info.putInt(Vfio.DeviceInfo.FLAGS, Vfio.VFIO_DEVICE_FLAGS_PCI);
        info.putInt(Vfio.DeviceInfo.NUM_REGIONS, Vfio.VFIO_PCI_NUM_REGIONS);
        info.putInt(Vfio.DeviceInfo.NUM_IRQS, Vfio.VFIO_PCI_NUM_IRQS);
        knownIrqs = Vfio.VFIO_PCI_NUM_IRQS;
        kernel.memory().write(address, info.array());
        return 0;
    }

    private int getRegionInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, Vfio.RegionInfo.SIZE);
        int index = info.getInt(Vfio.RegionInfo.INDEX);
        if (Integer.compareUnsigned(index, Vfio.VFIO_PCI_NUM_REGIONS) >= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        info.putInt(Vfio.RegionInfo.FLAGS, Vfio.VFIO_REGION_INFO_FLAG_READ | Vfio.VFIO_REGION_INFO_FLAG_WRITE);
        info.putLong(Vfio.RegionInfo.SIZE_MEMBER, size(index));
        info.putLong(Vfio.RegionInfo.OFFSET, (long) index << OFFSET_SHIFT);
        kernel.memory().write(address, info.array());
        return 0;
    }

    private int size(long index) {
        return index < ports.length ? PORT_SIZE : index == Vfio.VFIO_PCI_CONFIG_REGION_INDEX ? CONFIG_SIZE : 0;
    }

    private int getIrqInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, Vfio.IrqInfo.SIZE);
        int index = info.getInt(Vfio.IrqInfo.INDEX);
        boolean there = index == INTX || index == MSI || old && index == Vfio.VFIO_PCI_REQ_IRQ_INDEX;
        if (Integer.compareUnsigned(index, knownIrqs) >= 0 || !there) {
            throw new KernelError(Errno.EINVAL);
        }
        info.putInt(
                Vfio.IrqInfo.FLAGS,
                Vfio.VFIO_IRQ_INFO_EVENTFD
                        | (index == INTX
                                ? Vfio.VFIO_IRQ_INFO_MASKABLE | Vfio.VFIO_IRQ_INFO_AUTOMASKED
                                : Vfio.VFIO_IRQ_INFO_NORESIZE));
        info.putInt(Vfio.IrqInfo.COUNT, 1);
        kernel.memory().write(address, info.array());
        return 0;
    }

    /** Checked against the number of indexes in place of that of the index's irqs, and so hardly at all. */
    private int setIrqs(long address) throws KernelError {
        SetIrqs call = SetIrqs.validated(kernel.memory(), address, index -> knownIrqs, Vfio.VFIO_PCI_NUM_IRQS);
        if (old) {
            setOld(call);
        } else {
            setNew(call);
        }
        return 0;
    }

    /** mtty_set_irqs() of 6.12. */
    private void setNew(SetIrqs call) throws KernelError {
        int index = call.index();
        if (index != INTX && index != MSI) {
            throw new KernelError(Errno.ENOTTY);
        }
        switch (call.action()) {
            case Vfio.VFIO_IRQ_SET_ACTION_MASK -> setMasked(call, true);
            case Vfio.VFIO_IRQ_SET_ACTION_UNMASK -> setMasked(call, false);
            case Vfio.VFIO_IRQ_SET_ACTION_TRIGGER -> trigger(call);
            default -> {
                // Nothing, successfully.
            }
        }
    }

    private void setMasked(SetIrqs call, boolean mask) throws KernelError {
        if (call.index() == MSI) {
            throw new KernelError(Errno.ENOTTY);
        }
        if (armedIndex != INTX || call.start() != 0 || call.count() != 1) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isEventFd()) {
            throw new KernelError(Errno.ENOTTY);
        }
        if (call.isWithoutData() || call.bool(0)) {
            masked = mask;
        }
    }

    private void trigger(SetIrqs call) throws KernelError {
        int index = call.index();
        if (armedIndex == index && call.count() == 0 && call.isWithoutData()) {
            disable(index);
            return;
        }
        if (armedIndex != index && armedIndex != NO_IRQ || call.start() != 0 || call.count() != 1) {
            throw new KernelError(Errno.EINVAL);
        }
        if (call.isEventFd()) {
            disable(index);
            if (call.eventFd(0) >= 0) {
                setTrigger(index, Optional.of(kernel.eventFd(call.eventFd(0))));
                armedIndex = index;
            }
        } else if (armedIndex != index) {
            throw new KernelError(Errno.EINVAL);
        } else if (call.isWithoutData() || call.bool(0)) {
            interrupt();
        }
    }

    private void disable(int index) {
        if (armed(index) > 0) {
            setTrigger(index, Optional.empty());
            masked = masked && index != INTX;
            armedIndex = NO_IRQ;
        }
    }

    /**
     * mtty_set_irqs() of 6.1. Without data it gives the eventfd's reference back whatever the count, and keeps the pointer: it is right
     * once, to disarm. Whatever comes after that is harm, though here the eventfd is forgotten.
     */
    private void setOld(SetIrqs call) throws KernelError {
        int index = call.index();
        if (call.action() != Vfio.VFIO_IRQ_SET_ACTION_TRIGGER || index != INTX && index != MSI) {
            return;
        }
        boolean armed = armed(index) > 0;
        if (call.isWithoutData()) {
            harm += dangling[index] || armed && call.count() != 0 ? 1 : 0;
            dangling[index] |= armed;
            setTrigger(index, Optional.empty());
            armedIndex = index == MSI ? INTX : armedIndex;
        } else if (call.isEventFd() && call.count() > 0 && call.eventFd(0) > 0) {
            if (index == MSI && (armed || dangling[MSI])) {
                return;
            }
            harm += armed ? 1 : 0;
            setTrigger(index, Optional.of(kernel.eventFd(call.eventFd(0))));
            dangling[index] = false;
            armedIndex = index;
        }
    }

    private void setTrigger(int index, Optional<EventFd> eventFd) {
        if (index == INTX) {
            line = eventFd;
        } else {
            message = eventFd;
        }
    }

    @Override
    public int read(long address, int length, long position) throws KernelError {
        for (int done = 0; done < length; ) {
            int piece = Pieces.next(position + done, length - done);
            byte[] bytes = new byte[piece];
            access(position + done, bytes, false);
            kernel.memory().write(address + done, bytes);
            done += piece;
        }
        return length;
    }

    @Override
    public int write(long address, int length, long position) throws KernelError {
        for (int done = 0; done < length; ) {
            int piece = Pieces.next(position + done, length - done);
            access(position + done, kernel.memory().read(address + done, piece), true);
            done += piece;
        }
        return length;
    }

    /** mdev_access(): a port sees the first byte of a piece. */
    private void access(long position, byte[] bytes, boolean write) throws KernelError {
        long index = position >>> OFFSET_SHIFT;
        int offset = (int) (position & 0xffff);
        if (index == Vfio.VFIO_PCI_CONFIG_REGION_INDEX && offset + bytes.length <= config.capacity()) {
            if (!write) {
                config.get(offset, bytes);
            } else if (offset == PciRegs.PCI_INTERRUPT_LINE) {
                config.put(offset, bytes[0]);
            }
        } else if (index >= 0 && index < ports.length) {
            if (write) {
                ports[(int) index].write(offset, Byte.toUnsignedInt(bytes[0]));
            } else {
                bytes[0] = (byte) ports[(int) index].read(offset);
            }
        } else {
            throw new KernelError(Errno.EFAULT);
        }
    }

    @Override
    public OpenFile.MappedBytes map(long position, int length, Access access) throws KernelError {
        throw new KernelError(Errno.ENODEV);
    }
}
