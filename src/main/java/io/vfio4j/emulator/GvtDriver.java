package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;

/** drivers/gpu/drm/i915/gvt/kvmgt.c, in mainline and with each version of the display irq. */
final class GvtDriver extends VgpuDriver {
    /** {@code offsetofend(struct vfio_device_info, num_irqs)}. */
    private static final int DEVICE_INFO_MINSZ = Vfio.DeviceInfo.CAP_OFFSET;

    private final IrqInfo irqInfo;
    private final IrqSettings irqSettings;
    private final EdidRegion edid;
    private final GvtRegions regions;
    private final GvtPlanes planes;

    GvtDriver(Kernel kernel, VgpuProfile profile) {
        super(kernel, profile, new GuestDisplay(GraphicsMemory.ofGpu(), Picture.SCREEN, profile));
        irqInfo = new IrqInfo(kernel.memory(), profile);
        irqSettings = new IrqSettings(kernel, profile, irqInfo, trigger(), this::vblanksRunning);
        edid = new EdidRegion(profile, this::take);
        regions = new GvtRegions(kernel.memory(), edid);
        planes = new GvtPlanes(kernel, profile, display());
    }

    @Override
    boolean monitorIsConnected() {
        return edid.isUp();
    }

    @Override
    int forbiddenCalls() {
        return irqSettings.forbidden();
    }

    @Override
    int hastyDisarms() {
        return irqSettings.hasty();
    }

    @Override
    int leakedContexts() {
        return irqSettings.leaked();
    }

    @Override
    int framebuffers() {
        return planes.objects();
    }

    @Override
    public void close() {
        super.close();
        irqSettings.close();
        planes.close();
    }

    @Override
    public boolean request() {
        irqSettings.request();
        return profile().requestIrq();
    }

    @Override
    public int ioctl(long request, long argument) throws KernelError {
        if (request == Vfio.VFIO_DEVICE_GET_INFO.number()) {
            return getInfo(argument);
        }
        if (request == Vfio.VFIO_DEVICE_GET_REGION_INFO.number()) {
            return regions.getInfo(argument);
        }
        if (request == Vfio.VFIO_DEVICE_GET_IRQ_INFO.number()) {
            return irqInfo.get(argument);
        }
        if (request == Vfio.VFIO_DEVICE_SET_IRQS.number()) {
            return irqSettings.set(argument);
        }
        if (request == Vfio.VFIO_DEVICE_RESET.number()) {
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

    private int getInfo(long address) throws KernelError {
        ByteBuffer info = kernel().memory().struct(address, DEVICE_INFO_MINSZ);
        if (Integer.compareUnsigned(info.getInt(Vfio.DeviceInfo.ARGSZ), DEVICE_INFO_MINSZ) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        info.putInt(Vfio.DeviceInfo.FLAGS, Vfio.VFIO_DEVICE_FLAGS_PCI | Vfio.VFIO_DEVICE_FLAGS_RESET);
        info.putInt(Vfio.DeviceInfo.NUM_REGIONS, GvtRegions.COUNT);
        info.putInt(Vfio.DeviceInfo.NUM_IRQS, irqInfo.irqs());
        kernel().memory().write(address, info.array());
        return 0;
    }

    @Override
    public int read(long address, int length, long position) throws KernelError {
        return regions.read(address, length, position);
    }

    @Override
    public int write(long address, int length, long position) throws KernelError {
        return regions.write(address, length, position);
    }

    @Override
    public OpenFile.MappedBytes map(long position, int length, Access access) throws KernelError {
        return regions.map(position, length);
    }
}
