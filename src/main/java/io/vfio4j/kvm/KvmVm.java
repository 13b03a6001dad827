package io.vfio4j.kvm;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;

/**
 * A KVM virtual machine of this process, as far as VFIO is concerned with it.
 *
 * <p>Safe for use by any thread.
 */
public final class KvmVm implements AutoCloseable {
    private final SystemCalls calls;
    private final Descriptor vm;

    private KvmVm(SystemCalls calls, Descriptor vm) {
        this.calls = calls;
        this.vm = vm;
    }

    /**
     * Creates a bare VM: no memory, no vCPU, and so no guest. A vGPU that is opened with it has an empty screen; it is good for
     * looking at what the device says of itself.
     *
     * @param calls where to create it
     * @return the VM; the caller closes it
     * @throws LinuxException when {@code /dev/kvm} cannot be used; with advice
     */
    public static KvmVm createBare(SystemCalls calls) throws LinuxException {
        try (Descriptor kvm = open(calls)) {
            return new KvmVm(calls, calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "KVM VM"));
        }
    }

    /**
     * Takes over a VM's descriptor. The VM must be of this process: GVT-g compares the address space.
     *
     * @param calls where the descriptor is from
     * @param vm what KVM_CREATE_VM returned; belongs to the result from now on
     * @return the VM; the caller closes it
     */
    public static KvmVm adopt(SystemCalls calls, Descriptor vm) {
        return new KvmVm(calls, vm);
    }

    private static Descriptor open(SystemCalls calls) throws LinuxException {
        try {
            return calls.open("/dev/kvm", Access.READ_WRITE);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOENT -> e.withAdvice("Load the module kvm-intel or kvm-amd.");
                case Errno.EACCES -> e.withAdvice("Add the user to the group that owns /dev/kvm, mostly kvm.");
                default -> e;
            };
        }
    }

    /**
     * Tells KVM, and through it the driver, that a VFIO group belongs to this VM.
     *
     * @param group the open group
     * @return the association; to be closed after the device and before the group
     * @throws LinuxException what KVM says
     */
    public Association associate(Descriptor group) throws LinuxException {
        Descriptor device;
        try (NativeMemory create = calls.allocate(Kvm.CreateDevice.SIZE)) {
            create.putInt(Kvm.CreateDevice.TYPE, Kvm.KVM_DEV_TYPE_VFIO);
            calls.ioctl(vm, Kvm.KVM_CREATE_DEVICE, create);
            device = calls.adopt(create.getInt(Kvm.CreateDevice.FD), "KVM-VFIO device");
        }
        boolean success = false;
        try {
            setGroup(device, group, Kvm.KVM_DEV_VFIO_GROUP_ADD);
            success = true;
        } finally {
            if (!success) {
                device.close();
            }
        }
        return new Association(this, device, group);
    }

    private void setGroup(Descriptor device, Descriptor group, int attribute) throws LinuxException {
        int number = group.acquire();
        try (NativeMemory pointer = calls.allocate(Integer.BYTES);
                NativeMemory set = calls.allocate(Kvm.DeviceAttr.SIZE)) {
            pointer.putInt(0, number);
            set.putInt(Kvm.DeviceAttr.GROUP, Kvm.KVM_DEV_VFIO_GROUP);
            set.putLong(Kvm.DeviceAttr.ATTR, attribute);
            set.putAddress(Kvm.DeviceAttr.ADDR, pointer);
            calls.ioctl(device, Kvm.KVM_SET_DEVICE_ATTR, set);
        } finally {
            group.release();
        }
    }

    /** Closes the VM. Associations must be closed before. */
    @Override
    public void close() {
        vm.close();
    }

    /** A group that belongs to a VM. */
    public static final class Association implements AutoCloseable {
        private static final System.Logger LOG = System.getLogger(Association.class.getName());

        private final KvmVm vm;
        private final Descriptor device;
        private final Descriptor group;

        private Association(KvmVm vm, Descriptor device, Descriptor group) {
            this.vm = vm;
            this.device = device;
            this.group = group;
        }

        /** Takes the group away from the VM. Further calls do nothing. */
        @Override
        public void close() {
            if (device.isClosed()) {
                return;
            }
            try {
                vm.setGroup(device, group, Kvm.KVM_DEV_VFIO_GROUP_DEL);
            } catch (LinuxException e) {
                // Closing the KVM-VFIO device drops its groups as well.
                LOG.log(System.Logger.Level.DEBUG, "group not removed from the VM", e);
            }
            device.close();
        }
    }
}
