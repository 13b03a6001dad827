package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;

/** {@code /dev/vfio/vfio}: an IOMMU context that groups are put into. */
public final class VfioContainer implements AutoCloseable {
    private static final String NODE = "/dev/vfio/vfio";

    private final SystemCalls calls;
    private final Descriptor descriptor;

    private VfioContainer(SystemCalls calls, Descriptor descriptor) {
        this.calls = calls;
        this.descriptor = descriptor;
    }

    /**
     * Opens a container and checks that its API is the one we speak.
     *
     * @param calls the host
     * @return the container; the caller closes it
     * @throws IOException when it cannot be opened, with advice, or speaks another API
     */
    public static VfioContainer open(SystemCalls calls) throws IOException {
        VfioContainer container = new VfioContainer(calls, openNode(calls));
        boolean success = false;
        try {
            int version = container.apiVersion();
            if (version != Vfio.VFIO_API_VERSION) {
                throw new IOException(NODE + " speaks VFIO API " + version + ", not " + Vfio.VFIO_API_VERSION);
            }
            success = true;
            return container;
        } finally {
            if (!success) {
                container.close();
            }
        }
    }

    private static Descriptor openNode(SystemCalls calls) throws LinuxException {
        try {
            return calls.open(NODE, Access.READ_WRITE);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                    e.withAdvice(
                            "Load the module vfio (modprobe vfio); a kernel without CONFIG_VFIO_GROUP has no containers.");
                case Errno.EACCES -> e.withAdvice("The node is mostly open to everybody: see its mode and owner.");
                case Errno.EPERM -> e.withAdvice(VfioGroup.DEVICE_CGROUP);
                default -> e;
            };
        }
    }

    /**
     * The API's version.
     *
     * @return 0 on every kernel so far
     * @throws LinuxException what the kernel says
     */
    public int apiVersion() throws LinuxException {
        return calls.ioctl(descriptor, Vfio.VFIO_GET_API_VERSION, 0);
    }

    /**
     * Whether the kernel has an extension, for example an IOMMU type.
     *
     * @param extension for example {@link Vfio#VFIO_TYPE1v2_IOMMU}
     * @return whether it does
     * @throws LinuxException what the kernel says
     */
    public boolean hasExtension(int extension) throws LinuxException {
        return calls.ioctl(descriptor, Vfio.VFIO_CHECK_EXTENSION, extension) > 0;
    }

    /**
     * Chooses the IOMMU, the newer type 1 where there is one. Needs a group in the container.
     *
     * @throws LinuxException what the kernel says, with advice
     */
    public void setIommu() throws LinuxException {
        int type = hasExtension(Vfio.VFIO_TYPE1v2_IOMMU) ? Vfio.VFIO_TYPE1v2_IOMMU : Vfio.VFIO_TYPE1_IOMMU;
        try {
            calls.ioctl(descriptor, Vfio.VFIO_SET_IOMMU, type);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENODEV -> e.withAdvice("Load the module vfio_iommu_type1.");
                case Errno.EPERM ->
                    e.withAdvice("The platform does not isolate interrupts (no interrupt remapping); the parameter"
                            + " allow_unsafe_interrupts of the module vfio_iommu_type1 accepts that.");
                case Errno.EINVAL -> e.withAdvice("The container has no group, or has an IOMMU already.");
                default -> e;
            };
        }
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /** Closes the container. Its groups and devices must be closed before. */
    @Override
    public void close() {
        descriptor.close();
    }
}
