package io.vfio4j.vfio;

import io.vfio4j.kvm.KvmVm;
import java.util.Optional;

/**
 * How a device is to be opened.
 *
 * @param path the only path to try; empty for the device's own node where it is there and may be used, else the group
 * @param vm the VM that the device is to belong to, of this process; stays the caller's, who closes it after the device
 */
public record AttachOptions(Optional<AttachPath> path, Optional<KvmVm> vm) {
    /** By whichever path works, for no VM. */
    public static final AttachOptions DEFAULTS = new AttachOptions(Optional.empty(), Optional.empty());

    /**
     * By this path or not at all.
     *
     * @param only the path
     * @return a changed copy
     */
    public AttachOptions withPath(AttachPath only) {
        return new AttachOptions(Optional.of(only), vm);
    }

    /**
     * As part of a VM. GVT-g requires it.
     *
     * @param owner the VM, of this process
     * @return a changed copy
     */
    public AttachOptions withVm(KvmVm owner) {
        return new AttachOptions(path, Optional.of(owner));
    }
}
