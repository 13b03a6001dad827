package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Optional;

/** What KVM shows in debugfs: kvm_create_vm_debugfs() and kvm_create_vcpu_debugfs() of virt/kvm/kvm_main.c, as of 6.1. */
final class KvmDebugfs extends FileTree.Directory {
    static final String MOUNT_POINT = "/sys/kernel/debug";
    private static final String PATH = MOUNT_POINT + "/kvm";
    private static final int ROOTS_OWN = 0700;

    private final Kernel kernel;

    private KvmDebugfs(Kernel kernel) {
        this.kernel = kernel;
    }

    /** mount(2); what is not mounted is an empty directory. */
    static void mount(Kernel kernel) throws KernelError {
        kernel.files().put(PATH, new KvmDebugfs(kernel));
        kernel.files().own(PATH, FileTree.Ownership.ofRoot(ROOTS_OWN));
        kernel.files().own(MOUNT_POINT, FileTree.Ownership.ofRoot(ROOTS_OWN));
    }

    @Override
    Optional<FileTree.Node> madeUp(String name) {
        return kernel.vms().stream()
                .filter(vm -> vm.debugfsName().equals(name))
                .findFirst()
                .map(KvmDebugfs::directoryOf);
    }

    @Override
    List<String> madeUpNames() {
        return kernel.vms().stream().map(KvmVm::debugfsName).toList();
    }

    private static FileTree.Directory directoryOf(KvmVm vm) {
        FileTree.Directory directory = new FileTree.Directory();
        for (KvmStats.Field field : KvmStats.OF_VM) {
            directory.put(field.name(), file(field, () -> vm.statistics().first(field.name())));
        }
        for (KvmStats.Field field : KvmStats.OF_VCPU) {
            directory.put(
                    field.name(),
                    file(
                            field,
                            () -> vm.vcpus().stream()
                                    .mapToLong(vcpu -> vcpu.statistics().first(field.name()))
                                    .sum()));
        }
        for (KvmVcpu vcpu : vm.vcpus()) {
            FileTree.Directory its = new FileTree.Directory();
            its.put("pid", FileTree.Text.readOnly(() -> vcpu.thread() + "\n"));
            directory.put("vcpu" + vcpu.id(), its);
        }
        return directory;
    }

    private interface Value {
        long get();
    }

    /** Counters can be reset, by a write of 0; what is as it is cannot: kvm_stats_debugfs_mode(). */
    private static FileTree.Text file(KvmStats.Field field, Value value) {
        FileTree.Show show = () -> Long.toUnsignedString(value.get()) + "\n";
        return field.isNow()
                ? FileTree.Text.readOnly(show)
                : new FileTree.Text(Optional.of(show), Optional.of(text -> {
                    throw new KernelError(Errno.EINVAL);
                }));
    }
}
