package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A VM whose guest does not run: what /dev/kvm makes, as far as a VFIO driver, an eventfd and a reader of statistics are concerned
 * with it (virt/kvm/kvm_main.c, virt/kvm/vfio.c). It lives as long as its descriptor, those of its VFIO device, vCPUs and
 * statistics, or an open device that belongs to it.
 */
final class KvmVm {
    private static final int KVM_CREATE_DEVICE_TEST = 1;

    private final Kernel kernel;
    private final Task creator;
    private final KvmInterrupts interrupts;
    private final KvmStats statistics;
    private final List<KvmVcpu> vcpus = new ArrayList<>();
    /** Groups and devices; each is a {@link VmMember}. */
    private final List<OpenFile> members = new ArrayList<>();

    private Optional<VfioDevice> claimed = Optional.empty();
    private boolean hasVfioDevice;
    private int references;
    private int number;

    KvmVm(Kernel kernel) {
        this.kernel = kernel;
        this.creator = kernel.processes().current();
        this.interrupts = new KvmInterrupts(kernel);
        this.statistics = KvmStats.ofVm(statisticsId());
    }

    String statisticsId() {
        return "kvm-" + creator.pid();
    }

    /** Who made it, and what its descriptor was called there. */
    String debugfsName() {
        return creator.pid() + "-" + number;
    }

    List<KvmVcpu> vcpus() {
        return vcpus;
    }

    KvmInterrupts interrupts() {
        return interrupts;
    }

    KvmStats statistics() {
        return statistics;
    }

    Optional<KvmVcpu> vcpu(int id) {
        return vcpus.stream().filter(vcpu -> vcpu.id() == id).findFirst();
    }

    /** kvm->mm is current->mm. */
    boolean isOfThisProcess() {
        return creator == kernel.processes().current();
    }

    /** KVM's descriptors are of use to their VM's process alone. */
    void checkProcess() throws KernelError {
        if (!isOfThisProcess()) {
            throw new KernelError(Errno.EIO);
        }
    }

    /** A vGPU is opened for this VM, which may have one. */
    void claim(VfioDevice device) throws KernelError {
        if (claimed.isPresent()) {
            throw new KernelError(Errno.EEXIST);
        }
        claimed = Optional.of(device);
        get();
    }

    void leave(VfioDevice device) {
        if (claimed.filter(device::equals).isPresent()) {
            claimed = Optional.empty();
            put();
        }
    }

    void get() {
        if (references++ == 0) {
            kernel.addVm(this);
        }
    }

    void put() {
        if (--references == 0) {
            List.copyOf(members).forEach(this::drop);
            kernel.removeVm(this);
        }
    }

    private void drop(OpenFile file) {
        members.remove(file);
        ((VmMember) file).setVm(Optional.empty());
        file.put();
    }

    /** The same answers for /dev/kvm and for a VM: kvm_vm_ioctl_check_extension_generic(). */
    private static int checkExtension(long capability) {
        if (capability == Kvm.KVM_CAP_IRQ_ROUTING) {
            return KvmInterrupts.MOST_ROUTES;
        }
        return capability == Kvm.KVM_CAP_IRQCHIP
                        || capability == Kvm.KVM_CAP_IRQFD
                        || capability == Kvm.KVM_CAP_IRQFD_RESAMPLE
                        || capability == Kvm.KVM_CAP_CHECK_EXTENSION_VM
                        || capability == Kvm.KVM_CAP_BINARY_STATS_FD
                ? 1
                : 0;
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
            if (request == Kvm.KVM_CHECK_EXTENSION.number()) {
                return checkExtension(argument);
            }
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
                KvmVm vm = new KvmVm(kernel);
                vm.number = kernel.descriptors().install(vm.new File(), "KVM VM");
                return vm.number;
            }
            throw new KernelError(Errno.EINVAL);
        }
    }

    /** The VM's own descriptor. */
    final class File extends OpenFile {
        File() {
            KvmVm.this.get();
        }

        @Override
        String name() {
            return "anon_inode:kvm-vm";
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            checkProcess();
            if (request == Kvm.KVM_CHECK_EXTENSION.number()) {
                return checkExtension(argument);
            }
            if (request == Kvm.KVM_CREATE_DEVICE.number()) {
                return createDevice(argument);
            }
            if (request == Kvm.KVM_CREATE_VCPU.number()) {
                return createVcpu((int) argument);
            }
            if (request == Kvm.KVM_CREATE_IRQCHIP.number()) {
                interrupts.create(!vcpus.isEmpty());
                return 0;
            }
            if (request == Kvm.KVM_SET_GSI_ROUTING.number()) {
                interrupts.setRouting(argument);
                return 0;
            }
            if (request == Kvm.KVM_IRQFD.number()) {
                interrupts.irqfd(argument);
                return 0;
            }
            if (request == Kvm.KVM_GET_STATS_FD.number()) {
                return kernel.descriptors()
                        .install(new StatisticsFile("anon_inode:kvm-vm-stats", statistics), "statistics of a VM");
            }
            throw new KernelError(Errno.ENOTTY);
        }

        @Override
        void release() {
            interrupts.release();
            KvmVm.this.put();
        }
    }

    private int createDevice(long address) throws KernelError {
        ByteBuffer device = kernel.memory().struct(address, Kvm.CreateDevice.SIZE);
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
        kernel.memory().write(address, device.array());
        return 0;
    }

    private int createVcpu(int id) throws KernelError {
        if (Integer.compareUnsigned(id, KvmVcpu.MOST_IDS) >= 0 || vcpus.size() >= KvmVcpu.MOST) {
            throw new KernelError(Errno.EINVAL);
        }
        if (vcpu(id).isPresent()) {
            throw new KernelError(Errno.EEXIST);
        }
        kernel.descriptors().reserve();
        KvmVcpu vcpu = new KvmVcpu(kernel, this, id);
        int number = kernel.descriptors().install(vcpu.new File(), "vCPU " + id);
        vcpus.add(vcpu);
        return number;
    }

    /** What KVM_GET_STATS_FD returns. It keeps the VM (from 6.5 on; before, it is read after it was freed). */
    final class StatisticsFile extends OpenFile {
        private final String name;
        private final KvmStats content;

        StatisticsFile(String name, KvmStats content) throws KernelError {
            kernel.descriptors().reserve();
            this.name = name;
            this.content = content;
            KvmVm.this.get();
        }

        @Override
        String name() {
            return name;
        }

        @Override
        int read(long address, int length, long position) throws KernelError {
            byte[] part = content.read(position, length);
            kernel.memory().write(address, part);
            return part.length;
        }

        @Override
        void release() {
            KvmVm.this.put();
        }
    }

    /** The pseudo device that tells VFIO files which VM they belong to. */
    final class VfioFile extends OpenFile {
        VfioFile() {
            KvmVm.this.get();
        }

        @Override
        String name() {
            return "anon_inode:kvm-vfio";
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            checkProcess();
            if (request != Kvm.KVM_SET_DEVICE_ATTR.number()) {
                throw new KernelError(Errno.ENOTTY);
            }
            ByteBuffer attribute = kernel.memory().struct(argument, Kvm.DeviceAttr.SIZE);
            long address = attribute.getLong(Kvm.DeviceAttr.ADDR);
            if (attribute.getInt(Kvm.DeviceAttr.GROUP) != Kvm.KVM_DEV_VFIO_FILE) {
                throw new KernelError(Errno.ENXIO);
            }
            long which = attribute.getLong(Kvm.DeviceAttr.ATTR);
            if (which == Kvm.KVM_DEV_VFIO_FILE_ADD) {
                add(kernel.descriptors().file(kernel.memory().readInt(address)));
            } else if (which == Kvm.KVM_DEV_VFIO_FILE_DEL) {
                delete(kernel.descriptors().file(kernel.memory().readInt(address)));
            } else {
                throw new KernelError(Errno.ENXIO);
            }
            return 0;
        }

        /** The last close of a VFIO device drops its files (from 6.5 on; before, the end of the VM does). */
        @Override
        void release() {
            hasVfioDevice = false;
            List.copyOf(members).forEach(KvmVm.this::drop);
            KvmVm.this.put();
        }
    }

    private void add(OpenFile file) throws KernelError {
        if (!(file instanceof VmMember member)) {
            throw new KernelError(Errno.EINVAL);
        }
        if (members.contains(file)) {
            throw new KernelError(Errno.EEXIST);
        }
        file.get();
        members.add(file);
        member.setVm(Optional.of(this));
    }

    private void delete(OpenFile file) throws KernelError {
        if (!members.contains(file)) {
            throw new KernelError(Errno.ENOENT);
        }
        drop(file);
    }
}
