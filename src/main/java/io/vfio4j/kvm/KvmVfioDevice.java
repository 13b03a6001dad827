package io.vfio4j.kvm;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The pseudo device that knows which VFIO files belong to a VM (virt/kvm/vfio.c). A VM can have one: it is made with the first
 * file and closed with the last.
 */
final class KvmVfioDevice {
    private static final System.Logger LOG = System.getLogger(KvmVfioDevice.class.getName());

    private final SystemCalls calls;
    private final Descriptor vm;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Member> members = new HashSet<>();
    private Optional<Descriptor> device = Optional.empty();

    /** A file that belongs to the VM. Its number is on loan: KVM knows it by that when it is taken away. */
    static final class Member {
        private final Descriptor file;
        private final int number;

        private Member(Descriptor file) {
            this.file = file;
            this.number = file.acquire();
        }
    }

    KvmVfioDevice(SystemCalls calls, Descriptor vm) {
        this.calls = calls;
        this.vm = vm;
    }

    Member add(Descriptor file, boolean isDevice) throws LinuxException {
        Member member = new Member(file);
        lock.lock();
        try {
            set(device(file), member, Kvm.KVM_DEV_VFIO_FILE_ADD, isDevice);
            members.add(member);
            return member;
        } finally {
            if (!members.contains(member)) {
                file.release();
                closeIfUnused();
            }
            lock.unlock();
        }
    }

    void remove(Member member) {
        lock.lock();
        try {
            if (!members.remove(member)) {
                return;
            }
            try {
                set(device.orElseThrow(), member, Kvm.KVM_DEV_VFIO_FILE_DEL, true);
            } catch (LinuxException e) {
                // Closing the KVM-VFIO device drops its files as well.
                LOG.log(System.Logger.Level.DEBUG, member.file.description() + " is not removed from the VM", e);
            }
            member.file.release();
            closeIfUnused();
        } finally {
            lock.unlock();
        }
    }

    private Descriptor device(Descriptor file) throws LinuxException {
        if (device.isEmpty()) {
            device = Optional.of(create(file));
        }
        return device.get();
    }

    private Descriptor create(Descriptor file) throws LinuxException {
        try (NativeMemory create = calls.allocate(Kvm.CreateDevice.SIZE)) {
            create.putInt(Kvm.CreateDevice.TYPE, Kvm.KVM_DEV_TYPE_VFIO);
            calls.ioctl(vm, Kvm.KVM_CREATE_DEVICE, create);
            return calls.adopt(create.getInt(Kvm.CreateDevice.FD), "KVM-VFIO device");
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EBUSY ->
                    e.withAdvice(
                            "The VM has a KVM-VFIO device already, and can have one: its owner, the VMM, has to add "
                                    + file.description() + ".");
                case Errno.ENODEV -> e.withAdvice("This kernel's KVM knows nothing of VFIO (CONFIG_KVM_VFIO).");
                default -> KvmVm.explained(e);
            };
        }
    }

    private void closeIfUnused() {
        if (members.isEmpty()) {
            device.ifPresent(Descriptor::close);
            device = Optional.empty();
        }
    }

    /** KVM_DEV_VFIO_GROUP before Linux 6.6; the numbers are the same. */
    private void set(Descriptor to, Member member, int attribute, boolean isDevice) throws LinuxException {
        try (NativeMemory pointer = calls.allocate(Integer.BYTES);
                NativeMemory set = calls.allocate(Kvm.DeviceAttr.SIZE)) {
            pointer.putInt(0, member.number);
            set.putInt(Kvm.DeviceAttr.GROUP, Kvm.KVM_DEV_VFIO_FILE);
            set.putLong(Kvm.DeviceAttr.ATTR, attribute);
            set.putAddress(Kvm.DeviceAttr.ADDR, pointer);
            calls.ioctl(to, Kvm.KVM_SET_DEVICE_ATTR, set);
        } catch (LinuxException e) {
            String file = member.file.description();
            throw switch (e.errno()) {
                case Errno.EINVAL ->
                    e.withAdvice(
                            isDevice
                                    ? file
                                            + " is no VFIO device, or the kernel is older than 6.6 and takes groups only:"
                                            + " attach through the group there."
                                    : file + " is no VFIO group.");
                case Errno.EEXIST -> e.withAdvice(file + " belongs to the VM already.");
                default -> KvmVm.explained(e);
            };
        }
    }
}
