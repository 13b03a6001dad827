package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * An open /dev/vfio/devices/vfioN: drivers/vfio/device_cdev.c. Anybody may open it; it is good for nothing until it is bound to an
 * iommufd, and only one descriptor can be.
 */
final class DeviceNode extends OpenFile implements VmMember {
    private final Kernel kernel;
    private final VfioDevice device;
    private Optional<KvmVm> vm = Optional.empty();
    private Optional<IommuFile> iommu = Optional.empty();
    private int boundId;
    private Optional<Ioas> ioas = Optional.empty();
    private int pageTable;

    DeviceNode(Kernel kernel, VfioDevice device) {
        this.kernel = kernel;
        this.device = device;
    }

    @Override
    String name() {
        return device.node();
    }

    /** The VM that the file was added to; the driver learns of it when the device is bound. */
    @Override
    public void setVm(Optional<KvmVm> owner) {
        vm = owner;
    }

    @Override
    String fdinfo() {
        return device.fdinfo();
    }

    Optional<Ioas> ioas() {
        return ioas;
    }

    private boolean isTranslated() {
        return device.profile().iommu();
    }

    @Override
    int ioctl(long request, long argument) throws KernelError {
        if (request == Vfio.VFIO_DEVICE_BIND_IOMMUFD.number()) {
            return bind(argument);
        }
        checkBound();
        if (request == Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT.number()) {
            return attach(argument);
        }
        if (request == Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT.number()) {
            return detach(argument);
        }
        return device.driver().ioctl(request, argument);
    }

    private void checkBound() throws KernelError {
        if (iommu.isEmpty()) {
            throw new KernelError(Errno.EINVAL);
        }
    }

    private int bind(long address) throws KernelError {
        ByteBuffer bind = kernel.memory().struct(address, Vfio.DeviceBindIommufd.MINSZ);
        int number = bind.getInt(Vfio.DeviceBindIommufd.IOMMUFD);
        if (Integer.compareUnsigned(bind.getInt(Vfio.DeviceBindIommufd.ARGSZ), Vfio.DeviceBindIommufd.MINSZ) < 0
                || bind.getInt(Vfio.DeviceBindIommufd.FLAGS) != 0
                || number < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        device.group().block();
        boolean success = false;
        try {
            if (iommu.isPresent()) {
                throw new KernelError(Errno.EINVAL);
            }
            if (!(kernel.descriptors().file(number) instanceof IommuFile file)) {
                throw new KernelError(Errno.EBADFD);
            }
            device.open(this, vm);
            iommu = Optional.of(file);
            boundId = file.bind(device);
            try {
                kernel.memory().writeInt(address + Vfio.DeviceBindIommufd.OUT_DEVID, boundId);
            } catch (KernelError error) {
                unbind();
                throw error;
            }
            success = true;
            return 0;
        } finally {
            if (!success) {
                device.group().unblock();
            }
        }
    }

    private void unbind() {
        leaveIoas();
        device.close();
        iommu.orElseThrow().unbind(boundId);
        iommu = Optional.empty();
    }

    /** vfio_iommufd_physical_attach_ioas() and its twin for mediated devices; attaching again replaces. */
    private int attach(long address) throws KernelError {
        ByteBuffer attach = kernel.memory().struct(address, Vfio.DeviceAttachIommufdPt.MINSZ);
        if (Integer.compareUnsigned(attach.getInt(Vfio.DeviceAttachIommufdPt.ARGSZ), Vfio.DeviceAttachIommufdPt.MINSZ)
                        < 0
                || attach.getInt(Vfio.DeviceAttachIommufdPt.FLAGS) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        Ioas wanted = iommu.orElseThrow().ioas(attach.getInt(Vfio.DeviceAttachIommufdPt.PT_ID));
        if (ioas.isEmpty() || ioas.get() != wanted) {
            wanted.attach(isTranslated());
            leaveIoas();
            ioas = Optional.of(wanted);
            pageTable = isTranslated() ? iommu.get().addPageTable(wanted) : 0;
        }
        if (isTranslated()) {
            kernel.memory().writeInt(address + Vfio.DeviceAttachIommufdPt.PT_ID, pageTable);
        }
        return 0;
    }

    private int detach(long address) throws KernelError {
        ByteBuffer detach = kernel.memory().struct(address, Vfio.DeviceDetachIommufdPt.MINSZ);
        if (Integer.compareUnsigned(detach.getInt(Vfio.DeviceDetachIommufdPt.ARGSZ), Vfio.DeviceDetachIommufdPt.MINSZ)
                        < 0
                || detach.getInt(Vfio.DeviceDetachIommufdPt.FLAGS) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        leaveIoas();
        return 0;
    }

    private void leaveIoas() {
        if (ioas.isEmpty()) {
            return;
        }
        ioas.get().detach(isTranslated());
        if (isTranslated()) {
            iommu.orElseThrow().removePageTable(pageTable);
        }
        ioas = Optional.empty();
    }

    @Override
    int read(long address, int length, long position) throws KernelError {
        checkBound();
        return device.driver().read(address, length, position);
    }

    @Override
    int write(long address, int length, long position) throws KernelError {
        checkBound();
        return device.driver().write(address, length, position);
    }

    @Override
    MappedBytes map(long position, int length, Access access) throws KernelError {
        checkBound();
        return device.driver().map(position, length, access);
    }

    @Override
    void release() {
        if (iommu.isPresent()) {
            unbind();
            device.group().unblock();
        }
        device.unregister();
    }
}
