package io.vfio4j.cli;

import io.vfio4j.handover.Handover;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;

/**
 * A device that is open, and the VM that it may need.
 *
 * @param device closed by whoever takes it over, else with this
 * @param bareVm the VM that was made for the device, which has no guest; empty where it opened without
 */
record OpenedDevice(VfioDevice device, Optional<KvmVm> bareVm) implements AutoCloseable {

    static OpenedDevice open(SystemCalls calls, MdevDevice mdev, Optional<AttachPath> path) throws IOException {
        return new OpenedDevice(open(calls, mdev, path, Optional.empty()), Optional.empty());
    }

    /** By any name that the host knows. */
    static OpenedDevice open(SystemCalls calls, DeviceName name, Optional<AttachPath> path) throws IOException {
        return name instanceof DeviceName.Mdev mdev
                ? open(calls, MdevDevice.find(calls, mdev.uuid()), path)
                : share(calls, name);
    }

    private static VfioDevice open(SystemCalls calls, MdevDevice mdev, Optional<AttachPath> path, Optional<KvmVm> vm)
            throws IOException {
        return VfioDevice.open(calls, HostDevice.of(calls, mdev), new AttachOptions(path, vm));
    }

    /** By either of the names of what another process has open. */
    static OpenedDevice share(SystemCalls calls, DeviceName name) throws IOException {
        if (name instanceof DeviceName.OfProcess process) {
            return share(calls, process);
        }
        if (name instanceof DeviceName.OnSocket socket) {
            return share(calls, socket);
        }
        throw new IllegalArgumentException(name.text() + " is nobody else's");
    }

    /** A copy of what another process has open. */
    static OpenedDevice share(SystemCalls calls, DeviceName.OfProcess name) throws IOException {
        VfioDevice device = name.device().isPresent()
                ? Handover.fromProcess(calls, name.pid(), name.device().get())
                : Handover.fromProcess(calls, name.pid());
        return new OpenedDevice(device, Optional.empty());
    }

    static OpenedDevice share(SystemCalls calls, DeviceName.OnSocket name) throws IOException {
        return new OpenedDevice(Handover.fromSocket(calls, name.path()), Optional.empty());
    }

    /** With a VM of our own where the driver insists on one, as GVT-g does. */
    static OpenedDevice openWithBareVm(SystemCalls calls, MdevDevice mdev, Optional<AttachPath> path)
            throws IOException {
        try {
            return open(calls, mdev, path);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ESRCH) {
                throw e;
            }
        }
        KvmVm vm = KvmVm.createBare(calls);
        boolean success = false;
        try {
            OpenedDevice opened = new OpenedDevice(open(calls, mdev, path, Optional.of(vm)), Optional.of(vm));
            success = true;
            return opened;
        } finally {
            if (!success) {
                vm.close();
            }
        }
    }

    /** The device before its VM. */
    @Override
    public void close() {
        device.close();
        bareVm.ifPresent(KvmVm::close);
    }
}
