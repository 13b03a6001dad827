package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * samples/vfio-mdev/mbochs.c: a graphics card with the Bochs display interface, whose framebuffers are dma-bufs. There is no picture
 * before somebody has set a mode through the registers: the guest, or who writes to the device in its place.
 */
final class MbochsDriver extends VgpuDriver {
    private static final int DEVICE_INFO_MINSZ = Vfio.DeviceInfo.CAP_OFFSET;
    private static final int IRQ_INFO_MINSZ = Vfio.IrqInfo.COUNT + Integer.BYTES;
    /** {@code sizeof(struct vfio_region_info_ext)}. */
    private static final int REGION_INFO_SIZE = Vfio.RegionInfo.SIZE + Vfio.RegionInfoCapType.SIZE;

    private static final int EDID_REGION = Vfio.VFIO_PCI_NUM_REGIONS;
    private static final int REGIONS = EDID_REGION + 1;
    private static final int CONFIG_SIZE = 0xff;
    private static final int MMIO_OFFSET = UserSpace.PAGE;
    private static final int EDID_OFFSET = MMIO_OFFSET + UserSpace.PAGE;
    private static final int MEMORY_OFFSET = EDID_OFFSET + UserSpace.PAGE;
    private static final int READ_WRITE = Vfio.VFIO_REGION_INFO_FLAG_READ | Vfio.VFIO_REGION_INFO_FLAG_WRITE;

    private static final int EDID_END = 0x400;
    private static final int DISPI = 0x500;
    private static final int DISPI_END = 0x516;
    private static final int BAR0 = 0x10;
    private static final int BAR2 = 0x18;
    private static final int ADDRESS_MASK = ~0xf;

    private final ByteBuffer config =
            ByteBuffer.allocate(CONFIG_SIZE + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final VideoMemory memory;
    private final DispiRegisters registers;
    private final MbochsPlanes planes;
    private final MbochsEdid edid;
    private int forbidden;

    MbochsDriver(Kernel kernel, VgpuProfile profile, MdevType type) {
        this(kernel, profile, type, new VideoMemory(type.share().lowMegabytes() << 20));
    }

    private MbochsDriver(Kernel kernel, VgpuProfile profile, MdevType type, VideoMemory memory) {
        super(kernel, profile, new GuestDisplay(memory, Picture.SCREEN, profile));
        this.memory = memory;
        registers = new DispiRegisters(memory.sizeBytes());
        planes = new MbochsPlanes(kernel, profile, memory, registers);
        edid = new MbochsEdid(type.width(), type.height(), this::monitorConnected);
        config.putInt(0, 0x1111_1234).putShort(4, (short) 3).put(8, (byte) 1).putShort(10, (short) 0x0380);
        config.putInt(BAR0, 8).putInt(44, 0x1100_1af4);
        display().setEnabled(Pipe.A, false);
    }

    @Override
    int forbiddenCalls() {
        return forbidden + planes.forbidden();
    }

    @Override
    int hastyDisarms() {
        return 0;
    }

    @Override
    int leakedContexts() {
        return 0;
    }

    @Override
    int framebuffers() {
        return planes.objects();
    }

    // The guest

    /** The guest's driver is loaded: it sets the mode that the monitor prefers, or its own. */
    @Override
    void startGuest() {
        if (registers.mode().isEmpty()) {
            MonitorMode mode = edid.preferred(this::fits)
                    .orElse(new MonitorMode(profile().width(), profile().height(), refreshRate()));
            setMode(mode.width(), mode.height());
            take(mode);
        }
    }

    /** There is no interrupt that would tell it: it looks by itself, if it is there. */
    private void monitorConnected() {
        if (registers.mode().isPresent()) {
            edid.preferred(this::fits).ifPresent(this::take);
        }
    }

    private boolean fits(MonitorMode mode) {
        return memory.room(mode.width(), mode.height()) > 0;
    }

    @Override
    boolean monitorIsConnected() {
        return edid.isUp();
    }

    @Override
    void requirePipe(Pipe pipe) {
        if (pipe != Pipe.A) {
            throw new IllegalStateException(profile().name() + " has pipe A only");
        }
    }

    @Override
    void prepareMode(int width, int height) {
        if (memory.room(width, height) < 1) {
            throw new IllegalStateException(
                    width + "x" + height + " does not fit into " + (memory.sizeBytes() >> 20) + " MB");
        }
        display().setEnabled(Pipe.A, true);
        kernel().vblankTimers().update();
    }

    /** What the guest shows is somewhere else, or on, or off. */
    @Override
    void scanoutChanged() {
        boolean on = display().isEnabled(Pipe.A);
        memory.setDrawn(true);
        if (on) {
            Framebuffer front = display().primary(Pipe.A).front();
            registers.setMode(front.width(), front.height());
            registers.setOffset(front.address(), front.strideBytes());
        } else {
            registers.setEnabled(false);
        }
    }

    /** Somebody has written to the registers. */
    private void registersChanged() {
        display().setEnabled(Pipe.A, registers.mode().isPresent());
        kernel().vblankTimers().update();
    }

    // The driver

    @Override
    public void close() {
        super.close();
        planes.close();
        memory.release();
        display().renewScreens();
    }

    @Override
    public boolean request() {
        return false;
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
            throw new KernelError(Errno.EINVAL);
        }
        if (request == Vfio.VFIO_DEVICE_RESET.number()) {
            registers.reset();
            memory.setDrawn(false);
            registersChanged();
            return 0;
        }
        if (request == Vfio.VFIO_DEVICE_QUERY_GFX_PLANE.number()) {
            return planes.query(argument);
        }
        if (request == Vfio.VFIO_DEVICE_GET_GFX_DMABUF.number()) {
            return planes.getDmabuf(argument);
        }
        throw new KernelError(Errno.ENOTTY);
    }

    private ByteBuffer struct(long address, int minsz) throws KernelError {
        ByteBuffer info = kernel().memory().struct(address, minsz);
        if (Integer.compareUnsigned(info.getInt(0), minsz) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        return info;
    }

    private int getInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, DEVICE_INFO_MINSZ);
        info.putInt(Vfio.DeviceInfo.FLAGS, Vfio.VFIO_DEVICE_FLAGS_PCI);
        info.putInt(Vfio.DeviceInfo.NUM_REGIONS, REGIONS);
        info.putInt(Vfio.DeviceInfo.NUM_IRQS, Vfio.VFIO_PCI_NUM_IRQS);
        kernel().memory().write(address, info.array());
        return 0;
    }

    /** Takes no larger structure than its own, and tells where the capability is whether or not it was copied. */
    private int getRegionInfo(long address) throws KernelError {
        ByteBuffer asked = struct(address, Vfio.RegionInfo.SIZE);
        int argsz = asked.getInt(Vfio.RegionInfo.ARGSZ);
        int index = asked.getInt(Vfio.RegionInfo.INDEX);
        if (Integer.compareUnsigned(argsz, REGION_INFO_SIZE) > 0 || Integer.compareUnsigned(index, REGIONS) >= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        ByteBuffer info = ByteBuffer.allocate(REGION_INFO_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(0, asked.array());
        switch (index) {
            case Vfio.VFIO_PCI_CONFIG_REGION_INDEX -> putRegion(info, READ_WRITE, CONFIG_SIZE, 0);
            case Vfio.VFIO_PCI_BAR0_REGION_INDEX ->
                putRegion(info, READ_WRITE | Vfio.VFIO_REGION_INFO_FLAG_MMAP, memory.sizeBytes(), MEMORY_OFFSET);
            case Vfio.VFIO_PCI_BAR2_REGION_INDEX -> putRegion(info, READ_WRITE, UserSpace.PAGE, MMIO_OFFSET);
            case EDID_REGION -> {
                putRegion(info, READ_WRITE | Vfio.VFIO_REGION_INFO_FLAG_CAPS, UserSpace.PAGE, EDID_OFFSET);
                info.putInt(Vfio.RegionInfo.ARGSZ, REGION_INFO_SIZE);
                info.putInt(Vfio.RegionInfo.CAP_OFFSET, Vfio.RegionInfo.SIZE);
                ByteBuffer type = info.slice(Vfio.RegionInfo.SIZE, Vfio.RegionInfoCapType.SIZE)
                        .order(ByteOrder.LITTLE_ENDIAN);
                type.putShort(Vfio.InfoCapHeader.ID, (short) Vfio.VFIO_REGION_INFO_CAP_TYPE);
                type.putShort(Vfio.InfoCapHeader.VERSION, (short) 1);
                type.putInt(Vfio.RegionInfoCapType.TYPE, Vfio.VFIO_REGION_TYPE_GFX);
                type.putInt(Vfio.RegionInfoCapType.SUBTYPE, Vfio.VFIO_REGION_SUBTYPE_GFX_EDID);
            }
            default -> putRegion(info, 0, 0, 0);
        }
        kernel().memory().write(address, info.array(), argsz);
        return 0;
    }

    private static void putRegion(ByteBuffer info, int flags, long size, long offset) {
        info.putInt(Vfio.RegionInfo.FLAGS, flags);
        info.putLong(Vfio.RegionInfo.SIZE_MEMBER, size);
        info.putLong(Vfio.RegionInfo.OFFSET, offset);
    }

    /** Has none of any kind; the flags stay as they were passed. */
    private int getIrqInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, IRQ_INFO_MINSZ);
        if (Integer.compareUnsigned(info.getInt(Vfio.IrqInfo.INDEX), Vfio.VFIO_PCI_NUM_IRQS) >= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        info.putInt(Vfio.IrqInfo.COUNT, 0);
        kernel().memory().write(address, info.array());
        return 0;
    }

    @Override
    public int read(long address, int length, long position) throws KernelError {
        if (isMemory(position, length)) {
            byte[] bytes = new byte[length];
            memory.bytes().get(place(position, length), bytes);
            kernel().memory().write(address, bytes);
            return length;
        }
        for (int done = 0; done < length; ) {
            int piece = piece(position + done, length - done);
            byte[] bytes = new byte[piece];
            access(position + done, bytes, false);
            kernel().memory().write(address + done, bytes);
            done += piece;
        }
        return length;
    }

    @Override
    public int write(long address, int length, long position) throws KernelError {
        if (isMemory(position, length)) {
            memory.bytes().put(place(position, length), kernel().memory().read(address, length));
            return length;
        }
        for (int done = 0; done < length; ) {
            int piece = piece(position + done, length - done);
            access(position + done, kernel().memory().read(address + done, piece), true);
            done += piece;
        }
        return length;
    }

    private static int piece(long position, int left) {
        return left >= 4 && position % 4 == 0 ? 4 : left >= 2 && position % 2 == 0 ? 2 : 1;
    }

    private boolean isMemory(long position, int length) {
        return position >= MEMORY_OFFSET && position + length <= (long) MEMORY_OFFSET + memory.sizeBytes();
    }

    /**
     * mdev_access() counts from the registers' region rather than from the memory's: everything is two pages further on, and the last
     * two pages are found by pointers from behind the end of a table.
     */
    private int place(long position, int length) throws KernelError {
        long place = position - MMIO_OFFSET;
        if (place + length > memory.sizeBytes()) {
            forbidden++;
            throw new KernelError(Errno.EFAULT);
        }
        return (int) place;
    }

    /** mdev_access(), by 4, 2 or 1 bytes; what is wrong in detail goes unnoticed, and reads as zero here. */
    private void access(long position, byte[] bytes, boolean write) throws KernelError {
        long end = position + bytes.length;
        if (position >= 0 && position < CONFIG_SIZE) {
            accessConfig((int) position, bytes, write);
        } else if (position >= MMIO_OFFSET && end <= EDID_OFFSET) {
            accessRegisters((int) position - MMIO_OFFSET, bytes, write);
        } else if (position >= EDID_OFFSET && end <= MEMORY_OFFSET) {
            edid.access((int) position - EDID_OFFSET, bytes, write);
        } else {
            throw new KernelError(Errno.EFAULT);
        }
    }

    /** handle_pci_cfg_write(): the BARs can be sized and placed. */
    private void accessConfig(int offset, byte[] bytes, boolean write) {
        if (!write) {
            config.get(offset, bytes);
        } else if ((offset == BAR0 || offset == BAR2) && bytes.length == Integer.BYTES) {
            int address = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
            int size = offset == BAR0 ? memory.sizeBytes() : UserSpace.PAGE;
            int placed = address == -1 ? -size : address & ADDRESS_MASK;
            config.putInt(offset, placed | config.getInt(offset) & ~ADDRESS_MASK);
        }
    }

    /** handle_mmio_write(), handle_mmio_read(): the EDID in front, then the display interface, by 2 bytes. */
    private void accessRegisters(int offset, byte[] bytes, boolean write) {
        if (offset < EDID_END) {
            if (!write) {
                edid.show(offset, bytes);
            }
        } else if (offset >= DISPI && offset < DISPI_END && bytes.length == Short.BYTES) {
            ByteBuffer value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            int index = (offset - DISPI) / Short.BYTES;
            if (write) {
                registers.write(index, value.getShort(0));
                registersChanged();
            } else {
                value.putShort(0, (short) registers.read(index));
            }
        }
    }

    @Override
    public OpenFile.MappedBytes map(long position, int length, Access access) throws KernelError {
        if (position != MEMORY_OFFSET || length > memory.sizeBytes()) {
            throw new KernelError(Errno.EINVAL);
        }
        return new OpenFile.MappedBytes(memory.map().slice(0, length), memory::unmap);
    }
}
