package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.util.Optional;

/** A device as the VFIO core sees it: drivers/vfio/vfio_main.c. */
final class VfioDevice {
    private final Kernel kernel;
    private final String name;
    private final int index;
    private final VfioGroup group;
    private final VgpuProfile profile;
    private final DeviceDriver driver;
    private Optional<KvmVm> vm = Optional.empty();
    private Optional<DeviceNode> boundNode = Optional.empty();
    private Runnable whenUnused = () -> {};
    private String fdinfo = "";
    private int opens;
    /** Descriptors of any kind, for which a removal waits: a node that is open but not bound is none of the opens. */
    private int registrations;

    VfioDevice(Kernel kernel, String name, int index, VfioGroup group, VgpuProfile profile, DeviceDriver driver) {
        this.kernel = kernel;
        this.name = name;
        this.index = index;
        this.group = group;
        this.profile = profile;
        this.driver = driver;
    }

    /** The name that VFIO_GROUP_GET_DEVICE_FD wants: the mediated device's UUID. */
    String name() {
        return name;
    }

    /** Its number among all VFIO devices: that of {@code vfioN}. */
    int index() {
        return index;
    }

    /** Where it has a node of its own. */
    String node() {
        return "/dev/vfio/devices/vfio" + index;
    }

    VfioGroup group() {
        return group;
    }

    VgpuProfile profile() {
        return profile;
    }

    DeviceDriver driver() {
        return driver;
    }

    boolean isOpen() {
        return opens > 0;
    }

    /** Whether somebody has a descriptor for it, be it of use or not. */
    boolean isHeld() {
        return registrations > 0;
    }

    /** vfio_device_show_fdinfo(), since Linux 6.18. */
    void showInFdinfo(String sysfsPath) {
        fdinfo = "vfio-device-syspath: " + sysfsPath + "\n";
    }

    String fdinfo() {
        return fdinfo;
    }

    /** Runs an action when the last descriptor is closed, or now if there is none. */
    void whenUnused(Runnable action) {
        if (isHeld()) {
            whenUnused = action;
        } else {
            action.run();
        }
    }

    /** What the device reaches by DMA, or its driver in its name; empty where it is not attached to anything. */
    Optional<IovaMap> dma() {
        if (boundNode.isPresent()) {
            return boundNode.get().ioas().map(Ioas::areas);
        }
        return isOpen() ? group.type1().map(Type1::areas) : Optional.empty();
    }

    /** VFIO_GROUP_GET_DEVICE_FD. */
    OpenFile open() throws KernelError {
        if (!group.isUsable()) {
            throw new KernelError(Errno.EINVAL);
        }
        firstOpen(group.vm());
        register();
        return new File();
    }

    /** open(2) of the device's own node, which gives a descriptor that is good for binding only. */
    OpenFile openNode() {
        register();
        return new DeviceNode(kernel, this);
    }

    /** Opening by VFIO_DEVICE_BIND_IOMMUFD: only one may have it open then. */
    void open(DeviceNode node, Optional<KvmVm> owner) throws KernelError {
        if (opens > 0) {
            throw new KernelError(Errno.EINVAL);
        }
        firstOpen(owner);
        boundNode = Optional.of(node);
    }

    private void firstOpen(Optional<KvmVm> owner) throws KernelError {
        if (opens == 0) {
            vm = attachVm(owner);
            driver.open();
        }
        opens++;
    }

    /** intel_vgpu_open_device(): a VM of this process, and none that has a vGPU already. */
    private Optional<KvmVm> attachVm(Optional<KvmVm> given) throws KernelError {
        if (!profile.kvmRequired()) {
            return Optional.empty();
        }
        KvmVm owner = given.filter(KvmVm::isOfThisProcess).orElseThrow(() -> new KernelError(Errno.ESRCH));
        owner.claim(this);
        return Optional.of(owner);
    }

    void close() {
        boundNode = Optional.empty();
        if (--opens > 0) {
            return;
        }
        driver.close();
        vm.ifPresent(owner -> owner.leave(this));
        vm = Optional.empty();
    }

    private void register() {
        registrations++;
    }

    void unregister() {
        if (--registrations > 0) {
            return;
        }
        Runnable action = whenUnused;
        whenUnused = () -> {};
        action.run();
        kernel.signalChange();
    }

    /** A descriptor for the device. It keeps the group's file, so that the group stays busy. */
    final class File extends OpenFile {
        private final VfioGroup.File groupFile = group.openedFile().orElseThrow();

        File() {
            groupFile.get();
        }

        @Override
        String name() {
            return "anon_inode:[vfio-device]";
        }

        @Override
        String fdinfo() {
            return fdinfo;
        }

        VfioDevice device() {
            return VfioDevice.this;
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            if (request == Vfio.VFIO_DEVICE_BIND_IOMMUFD.number()
                    && profile.nodes().hasCdev()) {
                throw new KernelError(Errno.EINVAL);
            }
            return driver.ioctl(request, argument);
        }

        @Override
        int read(long address, int length, long position) throws KernelError {
            return driver.read(address, length, position);
        }

        @Override
        int write(long address, int length, long position) throws KernelError {
            return driver.write(address, length, position);
        }

        @Override
        MappedBytes map(long position, int length, Access access) throws KernelError {
            return driver.map(position, length, access);
        }

        @Override
        void release() {
            close();
            unregister();
            groupFile.put();
        }
    }
}
