package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.PciRegs;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * vfio-pci: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_rdwr.c and vfio_pci_config.c as far as BARs, the command register, the status of
 * the interrupt line and the capabilities of interrupts go. BARs cannot be mapped here, since registers have effects.
 */
final class VfioPciDriver implements PeripheralDriver {
    private static final int DEVICE_INFO_MINSZ = Vfio.DeviceInfo.CAP_OFFSET;
    /** VFIO_PCI_OFFSET_SHIFT. */
    private static final int OFFSET_SHIFT = 40;

    private static final int READ_WRITE = Vfio.VFIO_REGION_INFO_FLAG_READ | Vfio.VFIO_REGION_INFO_FLAG_WRITE;
    private static final int CONFIG_SIZE = 256;
    private static final int EXPRESS_CONFIG_SIZE = 4096;
    private static final int MSI = 0x40;
    private static final int MSIX = 0x60;
    private static final int EXPRESS = 0x80;
    private static final int PIN_A = 1;
    private static final int COMMAND_BITS = PciRegs.PCI_COMMAND_IO
            | PciRegs.PCI_COMMAND_MEMORY
            | PciRegs.PCI_COMMAND_MASTER
            | PciRegs.PCI_COMMAND_INTX_DISABLE;

    private final Kernel kernel;
    private final PciFunction function;
    private final VfioPciIrqs irqs;
    private final ByteBuffer config;

    VfioPciDriver(Kernel kernel, PciFunction function) {
        this.kernel = kernel;
        this.function = function;
        this.irqs = new VfioPciIrqs(kernel, function);
        this.config = ByteBuffer.allocate(function.isExpress() ? EXPRESS_CONFIG_SIZE : CONFIG_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN);
        function.connect(irqs);
        config.putShort(PciRegs.PCI_VENDOR_ID, (short) function.vendor());
        config.putShort(PciRegs.PCI_DEVICE_ID, (short) function.device());
        config.putInt(PciRegs.PCI_CLASS_REVISION, function.classCode() << 8);
        config.put(PciRegs.PCI_INTERRUPT_PIN, (byte) PIN_A);
        listCapabilities();
    }

    private void listCapabilities() {
        config.putShort(PciRegs.PCI_STATUS, (short) PciRegs.PCI_STATUS_CAP_LIST);
        int last = PciRegs.PCI_CAPABILITY_LIST - PciRegs.PCI_CAP_LIST_NEXT;
        if (function.msiVectors() > 0) {
            int exponent = Integer.numberOfTrailingZeros(function.msiVectors());
            last = capability(last, MSI, PciRegs.PCI_CAP_ID_MSI, exponent << 1);
        }
        if (function.msixVectors() > 0) {
            last = capability(last, MSIX, PciRegs.PCI_CAP_ID_MSIX, function.msixVectors() - 1);
        }
        if (function.isExpress()) {
            capability(last, EXPRESS, PciRegs.PCI_CAP_ID_EXP, 2);
        }
    }

    private int capability(int last, int offset, int id, int flags) {
        config.put(last + PciRegs.PCI_CAP_LIST_NEXT, (byte) offset);
        config.put(offset, (byte) id);
        config.putShort(offset + PciRegs.PCI_CAP_FLAGS, (short) flags);
        return offset;
    }

    @Override
    public void open() {
        function.reset();
        setCommand(PciRegs.PCI_COMMAND_MEMORY);
    }

    @Override
    public void close() {
        irqs.close();
        function.reset();
    }

    @Override
    public boolean request() {
        irqs.request();
        return true;
    }

    @Override
    public int armed(int index) {
        return irqs.armed(index);
    }

    @Override
    public boolean masked() {
        return irqs.masked();
    }

    @Override
    public long signalled(int index) {
        return irqs.signalled(index);
    }

    @Override
    public int harm() {
        return 0;
    }

    @Override
    public void raiseError() {
        irqs.error();
    }

    @Override
    public void limitVectors(int most) {
        irqs.limitVectors(most);
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
            return irqs.getInfo(argument);
        }
        if (request == Vfio.VFIO_DEVICE_SET_IRQS.number()) {
            return irqs.set(argument);
        }
        if (request == Vfio.VFIO_DEVICE_RESET.number()) {
            if (!function.canBeReset()) {
                throw new KernelError(Errno.EINVAL);
            }
            function.reset();
            return 0;
        }
        throw new KernelError(Errno.ENOTTY);
    }

    private int getInfo(long address) throws KernelError {
        ByteBuffer info = kernel.memory().struct(address, DEVICE_INFO_MINSZ);
        if (Integer.compareUnsigned(info.getInt(Vfio.DeviceInfo.ARGSZ), DEVICE_INFO_MINSZ) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        info.putInt(
                Vfio.DeviceInfo.FLAGS,
                Vfio.VFIO_DEVICE_FLAGS_PCI | (function.canBeReset() ? Vfio.VFIO_DEVICE_FLAGS_RESET : 0));
        info.putInt(Vfio.DeviceInfo.NUM_REGIONS, Vfio.VFIO_PCI_NUM_REGIONS);
        info.putInt(Vfio.DeviceInfo.NUM_IRQS, Vfio.VFIO_PCI_NUM_IRQS);
        kernel.memory().write(address, info.array());
        return 0;
    }

    private int getRegionInfo(long address) throws KernelError {
        ByteBuffer info = kernel.memory().struct(address, Vfio.RegionInfo.SIZE);
        int index = info.getInt(Vfio.RegionInfo.INDEX);
        if (Integer.compareUnsigned(info.getInt(Vfio.RegionInfo.ARGSZ), Vfio.RegionInfo.SIZE) < 0
                || Integer.compareUnsigned(index, Vfio.VFIO_PCI_VGA_REGION_INDEX) >= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        int size = size(index);
        info.putInt(Vfio.RegionInfo.FLAGS, size == 0 ? 0 : READ_WRITE);
        info.putLong(Vfio.RegionInfo.SIZE_MEMBER, size);
        info.putLong(Vfio.RegionInfo.OFFSET, (long) index << OFFSET_SHIFT);
        kernel.memory().write(address, info.array());
        return 0;
    }

    private int size(int index) {
        if (index == Vfio.VFIO_PCI_CONFIG_REGION_INDEX) {
            return config.capacity();
        }
        return index >= 0 && index <= Vfio.VFIO_PCI_BAR5_REGION_INDEX ? function.size(index) : 0;
    }

    private int command() {
        return config.getShort(PciRegs.PCI_COMMAND);
    }

    private void setCommand(int value) {
        config.putShort(PciRegs.PCI_COMMAND, (short) (value & COMMAND_BITS));
        irqs.setCommand((value & PciRegs.PCI_COMMAND_MASTER) != 0, (value & PciRegs.PCI_COMMAND_INTX_DISABLE) != 0);
    }

    private interface Transfer {
        void piece(int index, int offset, int length, int done) throws KernelError;
    }

    private int transfer(int length, long position, Transfer transfer) throws KernelError {
        int index = (int) (position >>> OFFSET_SHIFT);
        long offset = position & (1L << OFFSET_SHIFT) - 1;
        int size = size(index);
        if (size == 0 || offset >= size) {
            throw new KernelError(Errno.EINVAL);
        }
        if (index != Vfio.VFIO_PCI_CONFIG_REGION_INDEX && (command() & PciRegs.PCI_COMMAND_MEMORY) == 0) {
            throw new KernelError(Errno.EIO);
        }
        int count = (int) Math.min(length, size - offset);
        for (int done = 0; done < count; ) {
            int piece = Pieces.next(offset + done, count - done);
            transfer.piece(index, (int) offset + done, piece, done);
            done += piece;
        }
        return count;
    }

    @Override
    public int read(long address, int length, long position) throws KernelError {
        return transfer(length, position, (index, offset, piece, done) -> {
            int value = index == Vfio.VFIO_PCI_CONFIG_REGION_INDEX
                    ? readConfig(offset, piece)
                    : function.read(index, offset, piece);
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value);
            kernel.memory().write(address + done, bytes.array(), piece);
        });
    }

    private int readConfig(int offset, int length) {
        int interrupt = function.asserts() ? PciRegs.PCI_STATUS_INTERRUPT : 0;
        config.putShort(PciRegs.PCI_STATUS, (short) (PciRegs.PCI_STATUS_CAP_LIST | interrupt));
        return switch (length) {
            case Integer.BYTES -> config.getInt(offset);
            case Short.BYTES -> config.getShort(offset);
            default -> config.get(offset);
        };
    }

    @Override
    public int write(long address, int length, long position) throws KernelError {
        return transfer(length, position, (index, offset, piece, done) -> {
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.put(0, kernel.memory().read(address + done, piece));
            int value = bytes.getInt(0);
            if (index != Vfio.VFIO_PCI_CONFIG_REGION_INDEX) {
                function.write(index, offset, piece, value);
            } else if (offset == PciRegs.PCI_COMMAND && piece >= Short.BYTES) {
                setCommand(value & 0xffff);
            }
        });
    }

    @Override
    public OpenFile.MappedBytes map(long position, int length, Access access) throws KernelError {
        throw new KernelError(Errno.EINVAL);
    }
}
