package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.util.Optional;

/** An iommu group with one mediated device, and its node /dev/vfio/N: drivers/vfio/group.c. */
final class VfioGroup {
    private final Kernel kernel;
    private final int number;
    private final VgpuProfile profile;
    private Optional<VfioDevice> device = Optional.empty();
    private Optional<File> opened = Optional.empty();
    private Optional<VfioContainer> container = Optional.empty();
    private Optional<KvmVm> vm = Optional.empty();
    private boolean removed;
    /** Devices of the group that are bound by their own node, which keeps the group from being opened. */
    private int blocks;

    VfioGroup(Kernel kernel, int number, VgpuProfile profile) {
        this.kernel = kernel;
        this.number = number;
        this.profile = profile;
    }

    int number() {
        return number;
    }

    String node() {
        return "/dev/vfio/" + number;
    }

    void setDevice(VfioDevice member) {
        device = Optional.of(member);
    }

    /** No new descriptor for the device from now on. */
    void forgetDevice() {
        device = Optional.empty();
    }

    /** The group has lost its last device; its file may still be open. */
    void setRemoved() {
        removed = true;
    }

    /** The VM that the group was added to, which is how a driver learns of it. */
    Optional<KvmVm> vm() {
        return vm;
    }

    boolean isUsable() {
        return type1().isPresent();
    }

    Optional<Type1> type1() {
        return container.flatMap(VfioContainer::type1);
    }

    /** Whether an IOMMU translates what its devices do. */
    boolean isTranslated() {
        return profile.iommu();
    }

    VgpuProfile profile() {
        return profile;
    }

    /** vfio_device_block_group(). */
    void block() throws KernelError {
        if (opened.isPresent() || profile.busyGroup()) {
            throw new KernelError(Errno.EBUSY);
        }
        blocks++;
    }

    void unblock() {
        blocks--;
    }

    /** What an open device keeps: the group's file, and so the group's being busy. */
    Optional<File> openedFile() {
        return opened;
    }

    /** open(2) of the node. */
    OpenFile open() throws KernelError {
        if (removed) {
            throw new KernelError(Errno.ENODEV);
        }
        if (blocks > 0 || opened.isPresent() || profile.busyGroup()) {
            throw new KernelError(Errno.EBUSY);
        }
        File file = new File();
        opened = Optional.of(file);
        return file;
    }

    /** An open /dev/vfio/N. */
    final class File extends OpenFile implements VmMember {
        @Override
        String name() {
            return node();
        }

        @Override
        public void setVm(Optional<KvmVm> owner) {
            vm = owner;
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            if (request == Vfio.VFIO_GROUP_GET_STATUS.number()) {
                return getStatus(argument);
            }
            if (request == Vfio.VFIO_GROUP_SET_CONTAINER.number()) {
                return setContainer(argument);
            }
            if (request == Vfio.VFIO_GROUP_UNSET_CONTAINER.number()) {
                return unsetContainer();
            }
            if (request == Vfio.VFIO_GROUP_GET_DEVICE_FD.number()) {
                return getDevice(argument);
            }
            throw new KernelError(Errno.ENOTTY);
        }

        @Override
        void release() {
            opened = Optional.empty();
            leaveContainer();
        }
    }

    private int getStatus(long address) throws KernelError {
        ByteBuffer status = kernel.memory().struct(address, Vfio.GroupStatus.SIZE);
        if (Integer.compareUnsigned(status.getInt(Vfio.GroupStatus.ARGSZ), Vfio.GroupStatus.SIZE) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        checkPresent();
        int flags = profile.viableGroup() ? Vfio.VFIO_GROUP_FLAGS_VIABLE : 0;
        if (container.isPresent()) {
            flags |= Vfio.VFIO_GROUP_FLAGS_CONTAINER_SET;
        }
        status.putInt(Vfio.GroupStatus.FLAGS, flags);
        kernel.memory().write(address, status.array());
        return 0;
    }

    private int setContainer(long address) throws KernelError {
        OpenFile file = kernel.descriptors().file(kernel.memory().readInt(address));
        if (container.isPresent()) {
            throw new KernelError(Errno.EINVAL);
        }
        checkPresent();
        if (!(file instanceof VfioContainer wanted)) {
            throw new KernelError(Errno.EBADFD);
        }
        if (!profile.viableGroup()) {
            // iommu_group_claim_dma_owner(): a driver other than VFIO's has a device of the group.
            throw new KernelError(Errno.EBUSY);
        }
        wanted.attach(this);
        wanted.get();
        container = Optional.of(wanted);
        return 0;
    }

    private int unsetContainer() throws KernelError {
        if (container.isEmpty()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (device.isPresent() && device.get().isOpen()) {
            throw new KernelError(Errno.EBUSY);
        }
        leaveContainer();
        return 0;
    }

    private int getDevice(long address) throws KernelError {
        String name = kernel.memory().readString(address, UserSpace.PAGE);
        VfioDevice wanted =
                device.filter(member -> member.name().equals(name)).orElseThrow(() -> new KernelError(Errno.ENODEV));
        kernel.descriptors().reserve();
        return kernel.descriptors().install(wanted.open(), "device " + name);
    }

    private void leaveContainer() {
        container.ifPresent(left -> {
            left.detach(this);
            left.put();
        });
        container = Optional.empty();
    }

    private void checkPresent() throws KernelError {
        if (removed) {
            throw new KernelError(Errno.ENODEV);
        }
    }
}
