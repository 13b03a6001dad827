package io.vfio4j.contract;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.EmulatedThread;
import io.vfio4j.emulator.EmulatedVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;

class EmulatorKvmProcessTest extends KvmProcessContract {
    private final EmulatedHost host = EmulatedHost.builder().build();

    @Override
    SystemCalls systemCalls() {
        return host.systemCalls();
    }

    @Override
    long openDescriptors() {
        return host.openDescriptors();
    }

    @Override
    TestVmm startVmm() throws IOException {
        return new Vmm(host);
    }

    @Override
    boolean hasDebugfs() {
        return true;
    }

    @Override
    void mountDebugfs() {
        host.mountDebugfs();
    }

    @AfterEach
    void switchOff() {
        host.close();
    }

    private static final class Vmm implements TestVmm {
        private final EmulatedProcess process;
        private final EmulatedVm vm;
        private final int vmDescriptor;
        private final EmulatedThread thread;
        private long interrupts;

        Vmm(EmulatedHost host) throws IOException {
            process = host.process("vmm");
            SystemCalls calls = process.systemCalls();
            try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
                vmDescriptor = calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0);
            }
            Descriptor owned = calls.adopt(vmDescriptor, "VM");
            Descriptor vcpu = calls.adopt(calls.ioctl(owned, Kvm.KVM_CREATE_VCPU, 0), "vCPU");
            calls.ioctl(vcpu, Kvm.KVM_GET_STATS_FD, 0);
            thread = process.thread("vCPU 0");
            thread.sleepInGuest(vcpu);
            vm = host.vms().get(0);
        }

        @Override
        public int pid() {
            return process.pid();
        }

        @Override
        public int vmDescriptor() {
            return vmDescriptor;
        }

        @Override
        public int vcpuThread() {
            return thread.number();
        }

        @Override
        public void interrupt(int times) {
            interrupts += times;
            vm.setVcpuStatistic(0, "exits", 3 * interrupts);
            vm.setVcpuStatistic(0, "halt_wakeup", interrupts);
            vm.setVcpuStatistic(0, "halt_wait_hist", 0, interrupts);
            thread.setTimes(1000 * interrupts, 10 * interrupts, interrupts);
        }

        @Override
        public void close() {
            process.end();
        }
    }
}
