package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An open /dev/vfio/vfio: drivers/vfio/container.c. */
final class VfioContainer extends OpenFile {
    private final Kernel kernel;
    private final List<VfioGroup> groups = new ArrayList<>();
    private Optional<Type1> iommu = Optional.empty();

    VfioContainer(Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    String name() {
        return "/dev/vfio/vfio";
    }

    Optional<Type1> type1() {
        return iommu;
    }

    void attach(VfioGroup group) throws KernelError {
        if (iommu.isPresent()) {
            iommu.get().attach(group.isTranslated());
        }
        groups.add(group);
    }

    /** The last group takes the iommu driver with it. */
    void detach(VfioGroup group) {
        groups.remove(group);
        if (iommu.isEmpty()) {
            return;
        }
        if (groups.isEmpty()) {
            iommu.get().release();
            iommu = Optional.empty();
        } else {
            iommu.get().detach(group.isTranslated());
        }
    }

    @Override
    int ioctl(long request, long argument) throws KernelError {
        if (request == Vfio.VFIO_GET_API_VERSION.number()) {
            return Vfio.VFIO_API_VERSION;
        }
        if (request == Vfio.VFIO_CHECK_EXTENSION.number()) {
            return isSupported(argument) ? 1 : 0;
        }
        if (request == Vfio.VFIO_SET_IOMMU.number()) {
            return setIommu(argument);
        }
        // Everything else is the iommu driver's.
        return iommu.orElseThrow(() -> new KernelError(Errno.EINVAL)).ioctl(request, argument);
    }

    private int setIommu(long type) throws KernelError {
        // An unprivileged container may not choose before it has a group; and only once.
        if (groups.isEmpty() || iommu.isPresent()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (!isSupported(type)) {
            throw new KernelError(Errno.ENODEV);
        }
        Type1 chosen = new Type1(
                kernel, type, groups.stream().anyMatch(group -> group.profile().isModern()));
        for (VfioGroup group : groups) {
            chosen.attach(group.isTranslated());
        }
        iommu = Optional.of(chosen);
        return 0;
    }

    /** The module may have been unloaded. */
    private boolean isSupported(long type) {
        return kernel.files().exists("/sys/module/vfio_iommu_type1")
                && (type == Vfio.VFIO_TYPE1_IOMMU || type == Vfio.VFIO_TYPE1v2_IOMMU);
    }
}
