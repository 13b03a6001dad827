package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** samples/vfio-mdev/mdpy.c: a linear framebuffer in a region, and no irq. */
final class MdpyDriver extends VgpuDriver {
    private static final int DEVICE_INFO_MINSZ = Vfio.DeviceInfo.CAP_OFFSET;
    private static final int PLANE_INFO_MINSZ = Vfio.DeviceGfxPlaneInfo.REGION_INDEX + Integer.BYTES;
    private static final int CONFIG_SIZE = 0xff;
    private static final int MEMORY_OFFSET = UserSpace.PAGE;
    private static final int DISPLAY_REGION = 16;
    private static final int XRGB8888 = 0x3432_5258;

    private final ByteBuffer config =
            ByteBuffer.allocate(CONFIG_SIZE + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private int knownIrqs;

    MdpyDriver(Kernel kernel, VgpuProfile profile) {
        super(kernel, profile, new GuestDisplay(GraphicsMemory.ofSample(), Picture.SAMPLE, profile.withBuffers(1)));
        config.putInt(0, 0x000f_1b36).putInt(4, 0x0010_0003).putInt(8, 0x0380_0001);
    }

    @Override
    int forbiddenCalls() {
        return 0;
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
        return 0;
    }

    @Override
    public boolean request() {
        return false;
    }

    @Override
    boolean hasModes() {
        return false;
    }

    /** Pipes are ours, and mean nothing to this driver. */
    @Override
    Optional<Framebuffer> shown() {
        return Optional.of(screen());
    }

    private Framebuffer screen() {
        return display().primary(Pipe.A).front();
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
            display().wipe();
            return 0;
        }
        if (request == Vfio.VFIO_DEVICE_QUERY_GFX_PLANE.number()) {
            return queryPlane(argument);
        }
        throw new KernelError(Errno.ENOTTY);
    }

    private ByteBuffer struct(long address, int minsz) throws KernelError {
        ByteBuffer struct = kernel().memory().struct(address, minsz);
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
        kernel().memory().write(address, info.array());
        return 0;
    }

    private int getRegionInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, Vfio.RegionInfo.SIZE);
        int index = info.getInt(Vfio.RegionInfo.INDEX);
        if (Integer.compareUnsigned(index, Vfio.VFIO_PCI_NUM_REGIONS) >= 0 && index != DISPLAY_REGION) {
            throw new KernelError(Errno.EINVAL);
        }
        int readWrite = Vfio.VFIO_REGION_INFO_FLAG_READ | Vfio.VFIO_REGION_INFO_FLAG_WRITE;
        switch (index) {
            case Vfio.VFIO_PCI_CONFIG_REGION_INDEX -> putRegion(info, readWrite, CONFIG_SIZE, 0);
            case Vfio.VFIO_PCI_BAR0_REGION_INDEX, DISPLAY_REGION ->
                putRegion(
                        info,
                        profile().mappableRegions() ? readWrite | Vfio.VFIO_REGION_INFO_FLAG_MMAP : readWrite,
                        screen().capacityBytes(),
                        MEMORY_OFFSET);
            default -> putRegion(info, 0, 0, 0);
        }
        kernel().memory().write(address, info.array());
        return 0;
    }

    private static void putRegion(ByteBuffer info, int flags, long size, long offset) {
        info.putInt(Vfio.RegionInfo.FLAGS, flags);
        info.putLong(Vfio.RegionInfo.SIZE_MEMBER, size);
        info.putLong(Vfio.RegionInfo.OFFSET, offset);
    }

    /** Knows its irqs only from GET_INFO on, and reports none of any kind; the flags stay as they were passed. */
    private int getIrqInfo(long address) throws KernelError {
        ByteBuffer info = struct(address, Vfio.IrqInfo.SIZE);
        if (Integer.compareUnsigned(info.getInt(Vfio.IrqInfo.INDEX), knownIrqs) >= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        info.putInt(Vfio.IrqInfo.COUNT, 0);
        kernel().memory().write(address, info.array());
        return 0;
    }

    private int queryPlane(long address) throws KernelError {
        ByteBuffer info = struct(address, PLANE_INFO_MINSZ);
        int flags = info.getInt(Vfio.DeviceGfxPlaneInfo.FLAGS);
        if (flags != (Vfio.VFIO_GFX_PLANE_TYPE_PROBE | Vfio.VFIO_GFX_PLANE_TYPE_REGION)) {
            if (flags != Vfio.VFIO_GFX_PLANE_TYPE_REGION) {
                throw new KernelError(Errno.EINVAL);
            }
            info.putInt(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT, XRGB8888);
            info.putLong(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT_MOD, 0);
            info.putInt(Vfio.DeviceGfxPlaneInfo.WIDTH, screen().width());
            info.putInt(Vfio.DeviceGfxPlaneInfo.HEIGHT, screen().height());
            info.putInt(Vfio.DeviceGfxPlaneInfo.STRIDE, screen().strideBytes());
            info.putInt(Vfio.DeviceGfxPlaneInfo.SIZE_MEMBER, screen().capacityBytes());
            info.putLong(Vfio.DeviceGfxPlaneInfo.X_POS, 0);
            info.putLong(Vfio.DeviceGfxPlaneInfo.X_HOT, 0);
            info.putInt(Vfio.DeviceGfxPlaneInfo.REGION_INDEX, DISPLAY_REGION);
        }
        kernel().memory().write(address, info.array());
        return 0;
    }

    @Override
    public int read(long address, int length, long position) throws KernelError {
        if (!profile().mappableRegions() && isMemory(position, length)) {
            byte[] bytes = new byte[length];
            screen().bytes().get((int) position - MEMORY_OFFSET, bytes);
            kernel().memory().write(address, bytes);
            return length;
        }
        for (int done = 0; done < length; ) {
            int piece = piece(position + done, length - done);
            kernel().memory().write(address + done, read(position + done, piece));
            done += piece;
        }
        return length;
    }

    /** mdev_access(): copies from the start of the memory, whatever the position. */
    private byte[] read(long position, int length) throws KernelError {
        byte[] bytes = new byte[length];
        if (position < CONFIG_SIZE) {
            config.get((int) position, bytes);
        } else if (isMemory(position, length)) {
            screen().bytes().get(place(position), bytes);
        } else {
            throw new KernelError(Errno.EFAULT);
        }
        return bytes;
    }

    @Override
    public int write(long address, int length, long position) throws KernelError {
        for (int done = 0; done < length; ) {
            int piece = piece(position + done, length - done);
            byte[] bytes = kernel().memory().read(address + done, piece);
            if (isMemory(position + done, piece)) {
                screen().bytes().put(place(position + done), bytes);
            } else if (position + done >= CONFIG_SIZE) {
                throw new KernelError(Errno.EFAULT);
            }
            done += piece;
        }
        return length;
    }

    /** The sample forgets the position. */
    private int place(long position) {
        return profile().mappableRegions() ? 0 : (int) position - MEMORY_OFFSET;
    }

    private static int piece(long position, int left) {
        return left >= 4 && position % 4 == 0 ? 4 : left >= 2 && position % 2 == 0 ? 2 : 1;
    }

    private boolean isMemory(long position, int length) {
        return position >= MEMORY_OFFSET && position + length <= MEMORY_OFFSET + screen().capacityBytes();
    }

    @Override
    public OpenFile.MappedBytes map(long position, int length, Access access) throws KernelError {
        Framebuffer screen = screen();
        if (!profile().mappableRegions() || position != MEMORY_OFFSET || length > screen.capacityBytes()) {
            throw new KernelError(Errno.EINVAL);
        }
        return new OpenFile.MappedBytes(screen.map().slice(0, length), screen::unmap);
    }
}
