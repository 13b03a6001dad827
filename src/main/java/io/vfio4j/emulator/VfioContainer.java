package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.util.ArrayList;
import java.util.List;

/**
 * An open /dev/vfio/vfio: drivers/vfio/container.c. Nothing is mapped for a mediated device, so of the iommu driver there is
 * only its choice.
 */
final class VfioContainer extends OpenFile {
    private final List<VfioGroup> groups = new ArrayList<>();
    private boolean iommuSet;

    @Override
    String name() {
        return "/dev/vfio/vfio";
    }

    boolean isIommuSet() {
        return iommuSet;
    }

    void attach(VfioGroup group) {
        groups.add(group);
    }

    /** The last group takes the iommu driver with it. */
    void detach(VfioGroup group) {
        groups.remove(group);
        if (groups.isEmpty()) {
            iommuSet = false;
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
            // An unprivileged container may not choose before it has a group; and only once.
            if (groups.isEmpty() || iommuSet) {
                throw new KernelError(Errno.EINVAL);
            }
            if (!isSupported(argument)) {
                throw new KernelError(Errno.ENODEV);
            }
            iommuSet = true;
            return 0;
        }
        // Everything else is the iommu driver's: EINVAL while there is none, then type1's ENOTTY.
        throw new KernelError(iommuSet ? Errno.ENOTTY : Errno.EINVAL);
    }

    private static boolean isSupported(long type) {
        return type == Vfio.VFIO_TYPE1_IOMMU || type == Vfio.VFIO_TYPE1v2_IOMMU;
    }
}
