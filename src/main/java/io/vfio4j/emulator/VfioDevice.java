package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import java.util.Optional;

/** A device as the VFIO core sees it: drivers/vfio/vfio_main.c. */
final class VfioDevice {
    private final Kernel kernel;
    private final String name;
    private final VfioGroup group;
    private final VgpuProfile profile;
    private final DeviceDriver driver;
    private Optional<KvmVm> vm = Optional.empty();
    private Runnable whenUnused = () -> {};
    private String fdinfo = "";
    private int opens;

    VfioDevice(Kernel kernel, String name, VfioGroup group, VgpuProfile profile, DeviceDriver driver) {
        this.kernel = kernel;
        this.name = name;
        this.group = group;
        this.profile = profile;
        this.driver = driver;
    }

    /** The name that VFIO_GROUP_GET_DEVICE_FD wants: the mediated device's UUID. */
    String name() {
        return name;
    }

    VfioGroup group() {
        return group;
    }

    DeviceDriver driver() {
        return driver;
    }

    boolean isOpen() {
        return opens > 0;
    }

    /** vfio_device_show_fdinfo(), since Linux 6.18. */
    void showInFdinfo(String sysfsPath) {
        fdinfo = "vfio-device-syspath: " + sysfsPath + "\n";
    }

    /** Runs an action when the last descriptor is closed, or now if there is none. */
    void whenUnused(Runnable action) {
        if (isOpen()) {
            whenUnused = action;
        } else {
            action.run();
        }
    }

    OpenFile open() throws KernelError {
        if (!group.isUsable()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (opens == 0) {
            vm = attachVm();
            driver.open();
        }
        opens++;
        return new File();
    }

    /** intel_vgpu_open_device(): a VM of this process, and none that has a vGPU already. */
    private Optional<KvmVm> attachVm() throws KernelError {
        if (!profile.kvmRequired()) {
            return Optional.empty();
        }
        KvmVm owner = group.vm().filter(KvmVm::isOfThisProcess).orElseThrow(() -> new KernelError(Errno.ESRCH));
        owner.claim(this);
        return Optional.of(owner);
    }

    private void close() {
        if (--opens > 0) {
            return;
        }
        driver.close();
        vm.ifPresent(owner -> owner.leave(this));
        vm = Optional.empty();
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
            groupFile.put();
        }
    }
}
