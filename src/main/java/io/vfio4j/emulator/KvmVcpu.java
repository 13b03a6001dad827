package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;

/** A vCPU, which is there to be counted: it runs nothing, and KVM_RUN is EINVAL like all else that it does not know. */
final class KvmVcpu {
    /** KVM_MAX_VCPUS of x86, and four identities for each. */
    static final int MOST = 1024;

    static final int MOST_IDS = 4 * MOST;

    private final Kernel kernel;
    private final KvmVm vm;
    private final int id;
    private final KvmStats statistics;
    private int thread;

    KvmVcpu(Kernel kernel, KvmVm vm, int id) {
        this.kernel = kernel;
        this.vm = vm;
        this.id = id;
        this.statistics = KvmStats.ofVcpu(vm.statisticsId() + "/vcpu-" + id);
    }

    int id() {
        return id;
    }

    KvmStats statistics() {
        return statistics;
    }

    /** The number of the thread that ran it last; 0 where none did. */
    int thread() {
        return thread;
    }

    /** The vCPU's descriptor; the vCPU itself stays as long as the VM. */
    final class File extends OpenFile {
        File() {
            vm.get();
        }

        /** vcpu->pid. */
        void ranOn(TaskThread current) {
            thread = current.number();
        }

        @Override
        String name() {
            return "anon_inode:kvm-vcpu:" + id;
        }

        @Override
        int ioctl(long request, long argument) throws KernelError {
            vm.checkProcess();
            if (request == Kvm.KVM_GET_STATS_FD.number()) {
                return kernel.descriptors()
                        .install(
                                vm.new StatisticsFile("anon_inode:kvm-vcpu-stats:" + id, statistics),
                                "statistics of a vCPU");
            }
            throw new KernelError(Errno.EINVAL);
        }

        @Override
        void release() {
            vm.put();
        }
    }
}
