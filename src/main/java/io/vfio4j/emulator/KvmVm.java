package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A VM without a guest: what /dev/kvm makes, as far as a VFIO driver needs it (virt/kvm/kvm_main.c, virt/kvm/vfio.c). It
 * lives as long as its descriptor, its VFIO device's descriptor, or an open device that belongs to it.
 */
final class KvmVm {
    private static final int KVM_CREATE_DEVICE_TEST = 1;

    private final Kernel kernel;
    private final Task creator;
    private final List<VfioGroup.File> groups = new ArrayList<>();
    private Optional<VfioDevice> claimed = Optional.empty();
    private boolean hasVfioDevice;
    private int references;

    KvmVm(Kernel kernel) {
        this.kernel = kernel;
        this.creator = kernel.processes().current();
    }

    /** kvm->mm is current->mm. */
    boolean isOfThisProcess() {
        return creator == kernel.processes().current();
    }

    /** A vGPU is opened for this VM, which may have one. */
    void claim(VfioDevice device) throws KernelError {
        if (claimed.isPresent()) {
            throw new KernelError(Errno.EEXIST);
        }
        claimed = Optional.of(device);
        references++;
    }

    void leave(VfioDevice device) {
        if (claimed.filter(device::equals).isPresent()) {
            claimed = Optional.empty();
            put();
        }
    }

    private void put() {
        if (--references == 0) {
            List.copyOf(groups).forEach(this::drop);
        }
    }

    private void drop(VfioGroup.File file) {
        groups.remove(file);
        file.group().setVm(Optional.empty());
        file.put();
    }

    /** An open /dev/kvm. */
    static final class Node extends OpenFile {
        private final Kernel kernel;

        Node(Kernel kernel) {
            this.kernel = kernel;
        }

        @Override
        String name() {
            return "/dev/kvm";
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            if (request == Kvm.KVM_GET_API_VERSION.number()) {
                if (argument != 0) {
                    throw new KernelError(Errno.EINVAL);
                }
                return Kvm.KVM_API_VERSION;
            }
            if (request == Kvm.KVM_CREATE_VM.number()) {
                if (argument != 0) {
                    throw new KernelError(Errno.EINVAL);
                }
                kernel.descriptors().reserve();
                return kernel.descriptors().install(new KvmVm(kernel).new File(), "KVM VM");
            }
            throw new KernelError(Errno.EINVAL);
        }
    }

    /** The VM's own descriptor. */
    final class File extends OpenFile {
        File() {
            references++;
        }

        @Override
        String name() {
            return "anon_inode:kvm-vm";
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            if (request != Kvm.KVM_CREATE_DEVICE.number()) {
                throw new KernelError(Errno.ENOTTY);
            }
            ByteBuffer device = kernel.memory().struct(argument, Kvm.CreateDevice.SIZE);
            if (device.getInt(Kvm.CreateDevice.TYPE) != Kvm.KVM_DEV_TYPE_VFIO) {
                throw new KernelError(Errno.ENODEV);
            }
            if ((device.getInt(Kvm.CreateDevice.FLAGS) & KVM_CREATE_DEVICE_TEST) != 0) {
                return 0;
            }
            if (hasVfioDevice) {
                throw new KernelError(Errno.EBUSY);
            }
            kernel.descriptors().reserve();
            int number = kernel.descriptors().install(new VfioFile(), "KVM VFIO device");
            hasVfioDevice = true;
            device.putInt(Kvm.CreateDevice.FD, number);
            kernel.memory().write(argument, device.array());
            return 0;
        }

        @Override
        void release() {
            KvmVm.this.put();
        }
    }

    /** The pseudo device that tells VFIO groups which VM they belong to. */
    final class VfioFile extends OpenFile {
        VfioFile() {
            references++;
        }

        @Override
        String name() {
            return "anon_inode:kvm-vfio";
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            if (request != Kvm.KVM_SET_DEVICE_ATTR.number()) {
                throw new KernelError(Errno.ENOTTY);
            }
            ByteBuffer attribute = kernel.memory().struct(argument, Kvm.DeviceAttr.SIZE);
            long address = attribute.getLong(Kvm.DeviceAttr.ADDR);
            if (attribute.getInt(Kvm.DeviceAttr.GROUP) != Kvm.KVM_DEV_VFIO_GROUP) {
                throw new KernelError(Errno.ENXIO);
            }
            long which = attribute.getLong(Kvm.DeviceAttr.ATTR);
            if (which == Kvm.KVM_DEV_VFIO_GROUP_ADD) {
                add(kernel.descriptors().file(kernel.memory().readInt(address)));
            } else if (which == Kvm.KVM_DEV_VFIO_GROUP_DEL) {
                delete(kernel.descriptors().file(kernel.memory().readInt(address)));
            } else {
                throw new KernelError(Errno.ENXIO);
            }
            return 0;
        }

        /** The last close of a VFIO device drops its groups (from 6.5 on; before, the end of the VM does). */
        @Override
        void release() {
            hasVfioDevice = false;
            List.copyOf(groups).forEach(KvmVm.this::drop);
            KvmVm.this.put();
        }
    }

    private void add(OpenFile file) throws KernelError {
        if (!(file instanceof VfioGroup.File group)) {
            throw new KernelError(Errno.EINVAL);
        }
        if (groups.contains(group)) {
            throw new KernelError(Errno.EEXIST);
        }
        group.get();
        groups.add(group);
        group.group().setVm(Optional.of(this));
    }

    private void delete(OpenFile file) throws KernelError {
        if (!(file instanceof VfioGroup.File group) || !groups.contains(group)) {
            throw new KernelError(Errno.ENOENT);
        }
        drop(group);
    }
}
