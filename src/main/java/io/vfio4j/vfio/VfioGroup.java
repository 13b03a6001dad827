package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** {@code /dev/vfio/N}: the devices that can only be given away together. One process at a time may have it open. */
public final class VfioGroup implements AutoCloseable {
    /** devcg: what a container was not given cannot be opened, whatever the node's mode. */
    static final String DEVICE_CGROUP =
            "The device cgroup forbids it: give the node to the container, for example by --device.";

    private final SystemCalls calls;
    private final int number;
    private final Descriptor descriptor;

    private VfioGroup(SystemCalls calls, int number, Descriptor descriptor) {
        this.calls = calls;
        this.number = number;
        this.descriptor = descriptor;
    }

    /**
     * Opens a group.
     *
     * @param calls the host
     * @param number its number
     * @return the group; the caller closes it
     * @throws LinuxException when it cannot be opened, with advice
     */
    public static VfioGroup open(SystemCalls calls, int number) throws LinuxException {
        String node = "/dev/vfio/" + number;
        try {
            return new VfioGroup(calls, number, calls.open(node, Access.READ_WRITE));
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EBUSY ->
                    e.withAdvice(
                            "Another process has the group open, most likely the VMM that the vGPU belongs to; `fuser "
                                    + node + "` names it. A group can be open only once.");
                case Errno.EACCES ->
                    e.withAdvice("Give the user access to " + node + ", for example by the udev rule"
                            + " SUBSYSTEM==\"vfio\", GROUP=\"kvm\", MODE=\"0660\".");
                case Errno.EPERM -> e.withAdvice("A group without an IOMMU needs CAP_SYS_RAWIO. " + DEVICE_CGROUP);
                case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                    e.withAdvice("No VFIO driver is bound to the devices of this group.");
                default -> e;
            };
        }
    }

    /**
     * Takes over a group that somebody else opened, such as a copy of a VMM's.
     *
     * @param calls where the descriptor is from
     * @param number its number
     * @param group the group's descriptor; belongs to the result from now on
     * @return the group; the caller closes it
     */
    public static VfioGroup adopt(SystemCalls calls, int number, Descriptor group) {
        return new VfioGroup(calls, number, group);
    }

    /**
     * Whether all devices of the group are free to be given away.
     *
     * @return whether the group is viable
     * @throws IOException what the kernel says
     */
    public boolean viable() throws IOException {
        try (NativeMemory status = calls.allocate(Vfio.GroupStatus.SIZE)) {
            status.putInt(Vfio.GroupStatus.ARGSZ, status.size());
            calls.ioctl(descriptor, Vfio.VFIO_GROUP_GET_STATUS, status);
            return (status.getInt(Vfio.GroupStatus.FLAGS) & Vfio.VFIO_GROUP_FLAGS_VIABLE) != 0;
        }
    }

    /**
     * Puts the group into a container.
     *
     * @param container stays the caller's
     * @throws IOException when the group is not viable, or the kernel refuses; with advice
     */
    public void setContainer(VfioContainer container) throws IOException {
        if (!viable()) {
            throw new GroupNotViableException(number, devices());
        }
        int fd = container.descriptor().acquire();
        try (NativeMemory pointer = calls.allocate(Integer.BYTES)) {
            pointer.putInt(0, fd);
            calls.ioctl(descriptor, Vfio.VFIO_GROUP_SET_CONTAINER, pointer);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EBUSY ->
                    e.withAdvice("A driver of the host, or another process by iommufd, has a device of this group: "
                            + devices() + ".");
                case Errno.EPERM -> e.withAdvice("A group without an IOMMU needs CAP_SYS_RAWIO.");
                case Errno.ENODEV -> e.withAdvice("The group has lost its devices.");
                default -> e;
            };
        } finally {
            container.descriptor().release();
        }
    }

    /**
     * Opens one of the group's devices.
     *
     * @param name its name in sysfs: a UUID for a mediated device
     * @return the device's descriptor; the caller closes it, before the group
     * @throws LinuxException what the driver says, with advice
     */
    public Descriptor openDevice(String name) throws LinuxException {
        byte[] text = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        try (NativeMemory pointer = calls.allocate(text.length)) {
            pointer.putBytes(0, text);
            return calls.adopt(calls.ioctl(descriptor, Vfio.VFIO_GROUP_GET_DEVICE_FD, pointer), name);
        } catch (LinuxException e) {
            throw e.errno() == Errno.EINVAL
                    ? e.withAdvice("The group is in no container, or the container has no IOMMU yet.")
                    : openAdvice(e, name);
        }
    }

    /** What a driver says when its device is opened, by whichever path. */
    static LinuxException openAdvice(LinuxException e, String name) {
        return switch (e.errno()) {
            case Errno.ESRCH ->
                e.withAdvice(
                        "The driver opens this vGPU only for a process that has the KVM VM it belongs to (GVT-g does):"
                                + " attach with the VM's descriptor, from the process that created the VM.");
            case Errno.EEXIST -> e.withAdvice("This VM has another vGPU of the same kind already.");
            case Errno.ENODEV ->
                e.withAdvice("There is no device named " + name + " any more, or it is being removed.");
            case Errno.EBUSY -> e.withAdvice("The device is open already.");
            default -> e;
        };
    }

    private String devices() {
        try {
            return String.join(", ", calls.list("/sys/kernel/iommu_groups/" + number + "/devices"));
        } catch (LinuxException e) {
            return "unknown (" + e.getMessage() + ")";
        }
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /** Closes the group. Its devices must be closed before. */
    @Override
    public void close() {
        descriptor.close();
    }
}
