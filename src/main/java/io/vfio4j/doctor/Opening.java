package io.vfio4j.doctor;

import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;

/**
 * An attempt to open a mediated device that nobody else has, to see what it says of itself. Nothing is armed, and no dma-buf is
 * fetched.
 *
 * @param attempted whether it was tried
 * @param device the open device; empty where it cannot be had
 * @param vm a bare VM that was made because the driver insists on one
 * @param needsKvm whether the driver has refused the device to a process without a VM
 * @param refusal why it cannot be had
 */
record Opening(
        boolean attempted,
        Optional<VfioDevice> device,
        Optional<KvmVm> vm,
        boolean needsKvm,
        Optional<IOException> refusal)
        implements AutoCloseable {

    static Opening attempt(SystemCalls calls, HostDevice host) {
        try {
            VfioDevice device = VfioDevice.open(calls, host, AttachOptions.DEFAULTS);
            return new Opening(true, Optional.of(device), Optional.empty(), false, Optional.empty());
        } catch (LinuxException e) {
            return e.errno() == Errno.ESRCH ? withBareVm(calls, host) : refused(e, false);
        } catch (IOException e) {
            return refused(e, false);
        }
    }

    private static Opening withBareVm(SystemCalls calls, HostDevice host) {
        KvmVm vm;
        try {
            vm = KvmVm.createBare(calls);
        } catch (IOException e) {
            return refused(e, true);
        }
        try {
            VfioDevice device = VfioDevice.open(calls, host, AttachOptions.DEFAULTS.withVm(vm));
            return new Opening(true, Optional.of(device), Optional.of(vm), true, Optional.empty());
        } catch (IOException e) {
            vm.close();
            return refused(e, true);
        }
    }

    static Opening notAttempted(String why) {
        return new Opening(false, Optional.empty(), Optional.empty(), false, Optional.of(new IOException(why)));
    }

    private static Opening refused(IOException e, boolean needsKvm) {
        return new Opening(true, Optional.empty(), Optional.empty(), needsKvm, Optional.of(e));
    }

    /** The device before its VM. */
    @Override
    public void close() {
        device.ifPresent(VfioDevice::close);
        vm.ifPresent(KvmVm::close);
    }
}
