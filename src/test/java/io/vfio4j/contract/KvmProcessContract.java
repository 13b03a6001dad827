package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.kvm.KvmCounts;
import io.vfio4j.kvm.KvmInterval;
import io.vfio4j.kvm.KvmProcess;
import io.vfio4j.kvm.KvmSample;
import io.vfio4j.kvm.KvmSource;
import io.vfio4j.kvm.NoVmException;
import io.vfio4j.kvm.VcpuSample;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import io.vfio4j.proc.SchedulerTimes;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What can be seen of the VM of another process, on any kernel. */
@Timeout(value = 150, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class KvmProcessContract {
    private static final int INTERRUPTS = 50;

    private TestVmm vmm;
    private SystemCalls calls;
    private long descriptorsBefore;

    abstract SystemCalls systemCalls();

    abstract long openDescriptors() throws IOException;

    /** Whether the kernel was built with it. */
    abstract boolean hasDebugfs() throws IOException;

    abstract TestVmm startVmm() throws IOException;

    /** Makes debugfs be there. */
    abstract void mountDebugfs() throws IOException;

    @BeforeEach
    void start() throws IOException {
        calls = systemCalls();
        vmm = startVmm();
        descriptorsBefore = openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, openDescriptors(), "open descriptors");
        vmm.close();
    }

    private static KvmSource source(KvmProcess process, KvmSource.Kind kind) {
        return process.sources().stream()
                .filter(source -> source.kind() == kind)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void kvmAnswersOnlyTheVmsOwnProcess() throws Exception {
        try (Descriptor process = calls.openProcess(vmm.pid());
                Descriptor vm = calls.copyDescriptor(process, vmm.vmDescriptor(), "VM")) {
            LinuxException refused = assertThrows(LinuxException.class, () -> calls.ioctl(vm, Kvm.KVM_GET_STATS_FD, 0));
            assertEquals(Errno.EIO, refused.errno());
        }
    }

    @Test
    void whatTheProcessKeepsOpenIsReadByName() throws Exception {
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            assertEquals(
                    Optional.empty(),
                    source(process, KvmSource.Kind.DESCRIPTORS).obstacle());
            KvmSample before = process.sample();
            vmm.interrupt(INTERRUPTS);
            KvmInterval interval = process.sample().since(before);
            assertEquals(
                    List.of("vCPU 0"),
                    interval.vcpus().stream().map(VcpuSample::label).toList());
            KvmCounts counts = interval.vcpus().get(0).counts();
            assertTrue(counts.counter("halt_wakeup").orElseThrow() > 0, counts.toString());
            assertTrue(counts.counter("exits").orElseThrow() >= INTERRUPTS, counts.toString());
            assertTrue(counts.histogram("halt_wait_hist").orElseThrow().total() > 0, counts.toString());
            assertEquals(0, counts.counter("directed_yield_attempted").orElseThrow());
            assertEquals(counts.counters(), interval.total().counters());
            assertTrue(interval.nanos() >= 0);
        }
    }

    @Test
    void theThreadThatRunsTheVcpuIsFoundAndItsTimesAreRead() throws Exception {
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            KvmSample before = process.glance();
            assertEquals(
                    Optional.empty(), source(process, KvmSource.Kind.SCHEDULER).obstacle());
            assertEquals(OptionalInt.of(vmm.vcpuThread()), before.vcpus().get(0).thread());
            vmm.interrupt(INTERRUPTS);
            SchedulerTimes times =
                    process.glance().since(before).vcpus().get(0).times().orElseThrow();
            assertTrue(times.slices() > 0 && times.runNanos() > 0, times.toString());
        }
    }

    @Test
    void debugfsTellsTheSameSums() throws Exception {
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            String obstacle = source(process, KvmSource.Kind.DEBUGFS).obstacle().orElseThrow();
            if (!hasDebugfs()) {
                assertTrue(obstacle.contains("CONFIG_DEBUG_FS"), obstacle);
                return;
            }
            assertTrue(obstacle.contains("mount -t debugfs"), obstacle);
        }
        mountDebugfs();
        vmm.interrupt(INTERRUPTS);
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            assertEquals(
                    Optional.empty(), source(process, KvmSource.Kind.DEBUGFS).obstacle());
            // Of the VM itself the process keeps no statistics open.
            assertTrue(process.sample().total().levels().containsKey("max_mmu_rmap_size"));
        }
    }

    @Test
    void theEndOfTheProcessIsSaid() throws Exception {
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            process.sample();
            vmm.close();
            LinuxException gone = assertThrows(LinuxException.class, process::sample);
            assertEquals(Errno.ESRCH, gone.errno());
            gone = assertThrows(LinuxException.class, process::glance);
            assertEquals(Errno.ESRCH, gone.errno());
        }
    }

    @Test
    void whatHasNoVmIsNamed() throws Exception {
        NoVmException none = assertThrows(NoVmException.class, () -> KvmProcess.open(calls, 1));
        assertTrue(none.getMessage().startsWith("process 1 ("), none.getMessage());
        assertTrue(none.getMessage().contains("These processes have one: " + vmm.pid() + " ("), none.getMessage());
        int thread = vmm.vcpuThread();
        LinuxException noProcess = assertThrows(LinuxException.class, () -> KvmProcess.open(calls, thread));
        assertTrue(
                noProcess.getMessage().contains(thread + " is a thread of process " + vmm.pid()),
                noProcess.getMessage());
    }
}
