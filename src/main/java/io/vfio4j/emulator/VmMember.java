package io.vfio4j.emulator;

import java.util.Optional;

/** A file that can belong to a VM: what vfio_file_is_group() or, from 6.6 on, vfio_file_is_valid() accepts. */
interface VmMember {
    /** vfio_file_set_kvm(). */
    void setVm(Optional<KvmVm> owner);
}
