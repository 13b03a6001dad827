package io.vfio4j.vfio;

import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import io.vfio4j.linux.uapi.Vfio;
import java.util.Optional;

/** Opens a device by its own node: iommufd, node, VM, binding, address space, attachment. */
final class CdevPath {
    private static final String IOMMU = "/dev/iommu";

    private final SystemCalls calls;
    private final HostDevice host;
    private final String node;

    private CdevPath(SystemCalls calls, HostDevice host, String node) {
        this.calls = calls;
        this.host = host;
        this.node = node;
    }

    static Attached attach(SystemCalls calls, HostDevice host, Optional<KvmVm> vm) throws LinuxException {
        String node = host.node().orElseThrow(() -> noNode(calls, host));
        return new CdevPath(calls, host, node).attach(vm);
    }

    private static LinuxException noNode(SystemCalls calls, HostDevice host) {
        // The core registers the device there since Linux 6.1; its node came later.
        boolean registered = calls.exists(host.path() + "/vfio-dev");
        return new LinuxException(Errno.ENOENT, "look up the node of", host.path())
                .withAdvice(
                        registered
                                ? "The device has no node in /dev/vfio/devices: the kernel is older than Linux 6.6, or built"
                                        + " without CONFIG_VFIO_DEVICE_CDEV, or this container was not given the node."
                                : "No VFIO driver is bound to the device, or the kernel is older than Linux 6.6, with which"
                                        + " nodes for single devices came.");
    }

    private Attached attach(Optional<KvmVm> vm) throws LinuxException {
        Attachment opened = new Attachment();
        boolean success = false;
        try {
            Descriptor iommufd = opened.add(openIommu());
            Descriptor device = opened.add(openNode());
            if (vm.isPresent()) {
                // Before the device is bound, which is when its driver looks for the VM.
                opened.add(vm.get().associateDevice(device));
            }
            bind(device, iommufd);
            int ioas = allocate(iommufd);
            opened.add(() -> destroy(iommufd, ioas));
            attach(device, ioas);
            opened.add(() -> detach(device));
            IoAddressSpace dma = new IoAddressSpace(calls, new IoasDma(calls, iommufd, ioas));
            opened.add(dma::close);
            opened.addLast(dma::releaseKept);
            success = true;
            return new Attached(AttachPath.CDEV, device, dma, opened);
        } finally {
            if (!success) {
                opened.close();
            }
        }
    }

    private Descriptor openIommu() throws LinuxException {
        try {
            return calls.open(IOMMU, Access.READ_WRITE);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                    e.withAdvice("Load the module iommufd (modprobe iommufd).");
                case Errno.EACCES ->
                    e.withAdvice("Give the user access to " + IOMMU + ", for example by the udev rule"
                            + " KERNEL==\"iommu\", SUBSYSTEM==\"misc\", GROUP=\"kvm\", MODE=\"0660\".");
                case Errno.EPERM -> e.withAdvice(VfioGroup.DEVICE_CGROUP);
                default -> e;
            };
        }
    }

    private Descriptor openNode() throws LinuxException {
        try {
            return calls.open(node, Access.READ_WRITE);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EACCES ->
                    e.withAdvice("Give the user access to " + node + ", for example by the udev rule"
                            + " SUBSYSTEM==\"vfio-dev\", GROUP=\"kvm\", MODE=\"0660\".");
                case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                    e.withAdvice("The device is being removed, or its VFIO driver was unbound.");
                case Errno.EPERM -> e.withAdvice(VfioGroup.DEVICE_CGROUP);
                default -> e;
            };
        }
    }

    private void bind(Descriptor device, Descriptor iommufd) throws LinuxException {
        int number = iommufd.acquire();
        try (NativeMemory bind = calls.allocate(Vfio.DeviceBindIommufd.MINSZ)) {
            bind.putInt(Vfio.DeviceBindIommufd.ARGSZ, bind.size());
            bind.putInt(Vfio.DeviceBindIommufd.IOMMUFD, number);
            calls.ioctl(device, Vfio.VFIO_DEVICE_BIND_IOMMUFD, bind);
        } catch (LinuxException e) {
            throw bindAdvice(e);
        } finally {
            iommufd.release();
        }
    }

    private LinuxException bindAdvice(LinuxException e) {
        return switch (e.errno()) {
            case Errno.EINVAL ->
                e.withAdvice(
                        "Another process has bound the device already, most likely the VMM that it belongs to; `fuser "
                                + node + "` names those that have it open. A device can be bound only once.");
            case Errno.EBUSY ->
                e.withAdvice(
                        "Another process has the device open, or its group, most likely the VMM that it belongs to; `fuser "
                                + (host.group().isPresent()
                                        ? "/dev/vfio/" + host.group().getAsInt() + " "
                                        : "") + node
                                + "` names it.");
            case Errno.EPERM ->
                e.withAdvice("The platform does not isolate interrupts (no interrupt remapping); the parameter"
                        + " allow_unsafe_interrupts of the module iommufd accepts that.");
            case Errno.ENOTTY ->
                e.withAdvice(
                        "This kernel is built without CONFIG_VFIO_DEVICE_CDEV: open the device through its group.");
            default -> VfioGroup.openAdvice(e, host.name());
        };
    }

    private int allocate(Descriptor iommufd) throws LinuxException {
        try (NativeMemory alloc = calls.allocate(Iommufd.IoasAlloc.SIZE)) {
            alloc.putInt(Iommufd.IoasAlloc.SIZE_MEMBER, alloc.size());
            calls.ioctl(iommufd, Iommufd.IOMMU_IOAS_ALLOC, alloc);
            return alloc.getInt(Iommufd.IoasAlloc.OUT_IOAS_ID);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOMEM -> e.withAdvice("The kernel has no memory left for an address space.");
                case Errno.ENOTTY, Errno.EOPNOTSUPP ->
                    e.withAdvice(IOMMU
                            + " does not speak as iommufd does since Linux 6.2: open the device through its group.");
                default -> e;
            };
        }
    }

    private void destroy(Descriptor iommufd, int id) throws LinuxException {
        try (NativeMemory destroy = calls.allocate(Iommufd.Destroy.SIZE)) {
            destroy.putInt(Iommufd.Destroy.SIZE_MEMBER, destroy.size());
            destroy.putInt(Iommufd.Destroy.ID, id);
            calls.ioctl(iommufd, Iommufd.IOMMU_DESTROY, destroy);
        }
    }

    /** Also for mediated devices: their drivers reach memory by the address space. */
    private void attach(Descriptor device, int ioas) throws LinuxException {
        try (NativeMemory attach = calls.allocate(Vfio.DeviceAttachIommufdPt.MINSZ)) {
            attach.putInt(Vfio.DeviceAttachIommufdPt.ARGSZ, attach.size());
            attach.putInt(Vfio.DeviceAttachIommufdPt.PT_ID, ioas);
            calls.ioctl(device, Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EINVAL ->
                    e.withAdvice(
                            "The device's IOMMU does not take the address space, or another device of its group has another.");
                case Errno.EBUSY ->
                    e.withAdvice("The device is attached, or was detached a moment ago and is not done with it yet.");
                case Errno.EADDRINUSE ->
                    e.withAdvice("Something is mapped at addresses that the device reserves for itself.");
                default -> e;
            };
        }
    }

    private void detach(Descriptor device) throws LinuxException {
        try (NativeMemory detach = calls.allocate(Vfio.DeviceDetachIommufdPt.MINSZ)) {
            detach.putInt(Vfio.DeviceDetachIommufdPt.ARGSZ, detach.size());
            calls.ioctl(device, Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT, detach);
        }
    }
}
