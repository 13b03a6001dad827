package io.vfio4j.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.EmulatedThread;
import io.vfio4j.emulator.EmulatedVm;
import io.vfio4j.kvm.KvmSource.Kind;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import io.vfio4j.proc.SchedulerTimes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The VM of another process, by every way that there is to it, and without. */
class KvmProcessTest {
    private EmulatedHost host = EmulatedHost.builder().build();
    private EmulatedProcess vmm = host.process("qemu-system-x86_64");
    private final List<Descriptor> vcpus = new ArrayList<>();

    private void host(UnaryOperator<EmulatedHost.Builder> described) {
        host.close();
        host = described.apply(EmulatedHost.builder()).build();
        vmm = host.process("qemu-system-x86_64");
    }

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    private static Descriptor createVm(SystemCalls calls) throws IOException {
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
            return calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "VM");
        }
    }

    /** A VM with vCPUs; as QEMU before 8.1 it keeps no statistics open. */
    private Descriptor startVm(int... numbers) throws IOException {
        SystemCalls calls = vmm.systemCalls();
        Descriptor vm = createVm(calls);
        for (int number : numbers) {
            vcpus.add(calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, number), "vCPU"));
        }
        return vm;
    }

    private void openStatistics(Descriptor owner) throws IOException {
        vmm.systemCalls().ioctl(owner, Kvm.KVM_GET_STATS_FD, 0);
    }

    private EmulatedThread sleeping(String name, int vcpu) {
        EmulatedThread thread = vmm.thread(name);
        thread.sleepInGuest(vcpus.get(vcpu));
        return thread;
    }

    private KvmProcess open() throws IOException {
        return KvmProcess.open(host.systemCalls(), vmm.pid());
    }

    private static Optional<String> obstacle(KvmProcess process, Kind kind) {
        return process.sources().stream()
                .filter(source -> source.kind() == kind)
                .findFirst()
                .orElseThrow()
                .obstacle();
    }

    private static SchedulerTimes times(long run, long wait, long slices) {
        return new SchedulerTimes(run, wait, slices);
    }

    @Test
    void statisticsDescriptorsOfTheProcessAreCopied() throws Exception {
        openStatistics(startVm(0, 4));
        openStatistics(vcpus.get(0));
        openStatistics(vcpus.get(1));
        sleeping("a", 0);
        sleeping("b", 1);
        EmulatedVm vm = host.vms().get(0);
        vm.setVcpuStatistic(4, "halt_wakeup", 40);
        vm.setVcpuStatistic(4, "halt_wait_hist", 1, 2);
        int before = vmm.openDescriptors();
        try (KvmProcess process = open()) {
            assertTrue(process.sources().get(0).available());
            KvmSample first = process.sample();
            vm.setVcpuStatistic(4, "halt_wakeup", 47);
            vm.setVcpuStatistic(4, "halt_wait_hist", 1, 5, 3);
            vm.setVcpuStatistic(0, "halt_wakeup", 1);
            vm.setStatistic("remote_tlb_flush", 9);
            vm.setStatistic("pages_4k", 12);
            KvmInterval interval = process.sample().since(first);
            assertEquals(
                    List.of("vCPU 0", "vCPU 4"),
                    interval.vcpus().stream().map(VcpuSample::label).toList());
            KvmCounts ofFour = interval.vcpus().get(1).counts();
            assertEquals(OptionalLong.of(7), ofFour.counter("halt_wakeup"));
            assertEquals(
                    "halt_wait_hist: 1 3, 2 3",
                    ofFour.histogram("halt_wait_hist").orElseThrow().toString());
            assertEquals(OptionalLong.of(8), interval.total().counter("halt_wakeup"));
            assertEquals(OptionalLong.of(9), interval.total().counter("remote_tlb_flush"));
            assertEquals(12, interval.total().levels().get("pages_4k"));
            assertEquals(OptionalLong.empty(), interval.total().counter("pages_4k"));
            assertEquals(
                    6,
                    interval.total().histogram("halt_wait_hist").orElseThrow().total());
            assertEquals(before, vmm.openDescriptors());
        }
    }

    @Test
    void debugfsTellsTheSumsWhereTheProcessKeepsNoStatisticsOpen() throws Exception {
        host(EmulatedHost.Builder::debugfs);
        startVm(0, 1);
        EmulatedVm vm = host.vms().get(0);
        vm.setVcpuStatistic(0, "halt_wakeup", 40);
        vm.setVcpuStatistic(0, "halt_wait_hist", 9);
        try (KvmProcess process = open()) {
            assertEquals(Optional.empty(), obstacle(process, Kind.DEBUGFS));
            assertTrue(obstacle(process, Kind.DESCRIPTORS).orElseThrow().contains("keeps none open"));
            KvmSample first = process.sample();
            vm.setVcpuStatistic(1, "halt_wakeup", 2);
            vm.setVcpuStatistic(1, "blocking", 1);
            vm.setStatistic("max_mmu_rmap_size", 3);
            KvmInterval interval = process.sample().since(first);
            assertEquals(OptionalLong.of(2), interval.total().counter("halt_wakeup"));
            assertEquals(1, interval.total().levels().get("blocking"));
            assertEquals(3, interval.total().levels().get("max_mmu_rmap_size"));
            // debugfs shows the first bucket of a histogram, which would be taken for a number.
            assertEquals(java.util.Map.of(), interval.total().histograms());
            assertFalse(interval.total().counters().containsKey("halt_wait_hist"));
            assertEquals(KvmCounts.NONE, interval.vcpus().get(0).counts());
        }
    }

    @Test
    void whereDebugfsIsNotMountedOrNotOursTheAdviceSaysSo() throws Exception {
        startVm(0);
        try (KvmProcess process = open()) {
            assertEquals(
                    "It is not mounted. As root: mount -t debugfs debugfs /sys/kernel/debug",
                    obstacle(process, Kind.DEBUGFS).orElseThrow());
            assertEquals(KvmCounts.NONE, process.sample().total());
        }
        host.files().remove("/sys/kernel/debug");
        try (KvmProcess process = open()) {
            assertEquals(
                    "This kernel does not have it (CONFIG_DEBUG_FS).",
                    obstacle(process, Kind.DEBUGFS).orElseThrow());
        }
    }

    @Test
    void otherUsersSeeTheTimesOfTheirOwnVmWithoutDebugfs() throws Exception {
        host.close();
        vcpus.clear();
        host = EmulatedHost.builder().user(1000).debugfs().build();
        vmm = host.process("qemu", 1000);
        host.files().own("/dev/kvm", 0666, 0, 0);
        startVm(0);
        EmulatedThread thread = sleeping("x", 0);
        thread.setTimes(1, 2, 3);
        try (KvmProcess process = open()) {
            assertEquals(
                    "It is for root alone: run this as root.",
                    obstacle(process, Kind.DEBUGFS).orElseThrow());
            assertEquals(
                    Optional.of(times(1, 2, 3)), process.sample().vcpus().get(0).times());
        }
    }

    @Test
    void theSchedulersTimesAreThoseOfTheThreadThatSleepsInTheGuest() throws Exception {
        startVm(0, 1);
        vmm.thread("worker").setTimes(5, 5, 5);
        EmulatedThread zero = sleeping("x", 0);
        EmulatedThread one = sleeping("y", 1);
        zero.setTimes(100, 10, 1);
        one.setTimes(200, 20, 2);
        try (KvmProcess process = open()) {
            assertEquals(Optional.empty(), obstacle(process, Kind.SCHEDULER));
            KvmSample first = process.glance();
            zero.setTimes(100, 10, 1);
            one.setTimes(250, 27, 5);
            // It stays the vCPU's thread while it runs.
            one.run();
            KvmInterval interval = process.glance().since(first);
            assertEquals(
                    List.of(times(0, 0, 0), times(50, 7, 3)),
                    interval.vcpus().stream()
                            .map(vcpu -> vcpu.times().orElseThrow())
                            .toList());
            assertEquals(
                    List.of(OptionalInt.of(zero.number()), OptionalInt.of(one.number())),
                    interval.vcpus().stream().map(VcpuSample::thread).toList());
            assertEquals(KvmCounts.NONE, interval.total());
        }
    }

    @Test
    void aThreadThatNeverSleepsIsToldByDebugfs() throws Exception {
        host(EmulatedHost.Builder::debugfs);
        startVm(0, 1);
        EmulatedThread zero = sleeping("x", 0);
        EmulatedThread one = sleeping("y", 1);
        zero.run();
        one.run();
        try (KvmProcess process = open()) {
            assertEquals(
                    List.of(OptionalInt.of(zero.number()), OptionalInt.of(one.number())),
                    process.sample().vcpus().stream().map(VcpuSample::thread).toList());
        }
    }

    @Test
    void namesTellOnlyWhereTheyAreTheNumbersThatKvmHas() throws Exception {
        startVm(0, 1);
        EmulatedThread zero = vmm.thread("CPU 0/KVM");
        EmulatedThread one = vmm.thread("CPU 1/KVM");
        try (KvmProcess process = open()) {
            assertEquals(
                    List.of(OptionalInt.of(zero.number()), OptionalInt.of(one.number())),
                    process.sample().vcpus().stream().map(VcpuSample::thread).toList());
        }
        zero.end();
        EmulatedThread two = vmm.thread("CPU 2/KVM");
        one.setTimes(1, 1, 1);
        two.setTimes(2, 2, 2);
        try (KvmProcess process = open()) {
            assertEquals(
                    List.of("vCPU 0", "vCPU 1", "thread " + one.number(), "thread " + two.number()),
                    process.sample().vcpus().stream().map(VcpuSample::label).toList());
            assertTrue(obstacle(process, Kind.SCHEDULER)
                    .orElseThrow()
                    .startsWith("Which thread runs vCPU 0, 1 is not known"));
        }
    }

    private EmulatedThread busy(int ticks) {
        EmulatedThread thread = vmm.thread("qemu-system-x86");
        thread.setGuestTime(ticks);
        thread.setTimes(7, 8, 9);
        return thread;
    }

    @Test
    void threadsThatWereInAGuestRunSomeVcpu() throws Exception {
        startVm(0, 1, 2);
        vmm.thread("other");
        EmulatedThread one = busy(1);
        EmulatedThread two = busy(2);
        try (KvmProcess process = open()) {
            KvmSample sample = process.sample();
            assertEquals("thread " + one.number(), sample.vcpus().get(3).label());
            assertEquals(Optional.of(times(7, 8, 9)), sample.vcpus().get(3).times());
            // When it sleeps for the first time, it is known which.
            two.sleepInGuest(vcpus.get(1));
            KvmInterval interval = process.glance().since(sample);
            assertEquals("vCPU 1", interval.vcpus().get(1).label());
            assertEquals(OptionalInt.of(two.number()), interval.vcpus().get(1).thread());
            assertEquals(Optional.of(times(0, 0, 0)), interval.vcpus().get(1).times());
            assertTrue(obstacle(process, Kind.SCHEDULER).orElseThrow().startsWith("Which thread runs vCPU 0, 2"));
        }
    }

    @Test
    void theLastThreadRunsTheLastVcpu() throws Exception {
        startVm(0, 1);
        vmm.thread("other");
        sleeping("x", 0);
        EmulatedThread last = busy(1);
        try (KvmProcess process = open()) {
            assertEquals(
                    OptionalInt.of(last.number()),
                    process.sample().vcpus().get(1).thread());
            assertEquals(Optional.empty(), obstacle(process, Kind.SCHEDULER));
        }
    }

    @Test
    void aThreadOfTheKernelThatLooksLikeItsMakerIsNoVcpu() throws Exception {
        startVm(0);
        EmulatedThread real = sleeping("x", 0);
        int fake = vmm.thread("kvm-nx-lpage-re").number();
        // Without a stack: as vhost's and KVM's own workers show it.
        String path = "/proc/" + vmm.pid() + "/task/" + fake + "/syscall";
        SystemCalls calls = new Overlay(host.systemCalls())
                .text(path, "16 0x4 0xae80 0x0 0x0 0x55aa 0x0 0x0 0x0\n")
                .calls();
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            assertEquals(1, process.sample().vcpus().size());
            assertEquals(
                    OptionalInt.of(real.number()),
                    process.sample().vcpus().get(0).thread());
        }
    }

    @Test
    void vcpusAndThreadsComeAndGo() throws Exception {
        Descriptor vm = startVm(0);
        openStatistics(vcpus.get(0));
        EmulatedThread zero = sleeping("x", 0);
        try (KvmProcess process = open()) {
            KvmSample first = process.sample();
            SystemCalls calls = vmm.systemCalls();
            vcpus.add(calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, 1), "vCPU"));
            openStatistics(vcpus.get(1));
            EmulatedThread one = sleeping("y", 1);
            one.setTimes(9, 9, 9);
            KvmSample second = process.sample();
            KvmInterval interval = second.since(first);
            assertEquals(2, interval.vcpus().size());
            // What it had counted before is not known to belong to the interval.
            assertEquals(Optional.empty(), interval.vcpus().get(1).times());
            assertTrue(second.vcpus().get(1).counts().counters().containsKey("exits"));
            zero.end();
            KvmInterval later = process.sample().since(second);
            assertEquals(OptionalInt.empty(), later.vcpus().get(0).thread());
            assertEquals(Optional.empty(), later.vcpus().get(0).times());
            assertEquals(Optional.of(times(0, 0, 0)), later.vcpus().get(1).times());
            // Another thread has taken the vCPU over; its times are not those of the first.
            EmulatedThread next = sleeping("z", 0);
            next.setTimes(1, 1, 1);
            KvmSample third = process.sample();
            assertEquals(OptionalInt.of(next.number()), third.vcpus().get(0).thread());
            assertEquals(Optional.empty(), third.since(second).vcpus().get(0).times());
        }
    }

    @Test
    void theEndOfTheProcessIsSaid() throws Exception {
        openStatistics(startVm(0));
        openStatistics(vcpus.get(0));
        sleeping("x", 0);
        try (KvmProcess process = open()) {
            process.sample();
            vmm.end();
            for (int i = 0; i < 2; i++) {
                LinuxException gone = assertThrows(LinuxException.class, process::sample);
                assertEquals(Errno.ESRCH, gone.errno());
                assertTrue(gone.getMessage().contains("The process has ended meanwhile."), gone.getMessage());
            }
            assertThrows(LinuxException.class, process::glance);
            // What was copied keeps the VM until it is closed.
            assertEquals(1, host.vms().size());
        }
        assertEquals(List.of(), host.vms());
    }

    @Test
    void aProcessWithoutVmIsNamedAndSoAreThoseThatHaveOne() throws Exception {
        startVm(0);
        EmulatedProcess shell = host.process("bash");
        NoVmException none = assertThrows(NoVmException.class, () -> KvmProcess.open(host.systemCalls(), shell.pid()));
        assertEquals(
                "process " + shell.pid() + " (bash) has no KVM VM. These processes have one: " + vmm.pid()
                        + " (qemu-system-x86).",
                none.getMessage());
        EmulatedProcess emulating = host.process("qemu-system-arm");
        none = assertThrows(NoVmException.class, () -> KvmProcess.open(host.systemCalls(), emulating.pid()));
        assertTrue(none.getMessage().contains("runs its guest without KVM"), none.getMessage());
        emulating.systemCalls().open("/dev/kvm", Access.READ_WRITE);
        none = assertThrows(NoVmException.class, () -> KvmProcess.open(host.systemCalls(), emulating.pid()));
        assertTrue(none.getMessage().contains("/dev/kvm is open"), none.getMessage());
    }

    @Test
    void whatIsNoProcessIsSaidToBeSo() {
        EmulatedThread thread = vmm.thread("CPU 0/KVM");
        LinuxException e =
                assertThrows(LinuxException.class, () -> KvmProcess.open(host.systemCalls(), thread.number()));
        assertTrue(
                e.getMessage()
                        .contains(thread.number() + " is a thread of process " + vmm.pid() + " (qemu-system-x86)."),
                e.getMessage());
        e = assertThrows(LinuxException.class, () -> KvmProcess.open(host.systemCalls(), 99_999));
        assertTrue(e.getMessage().contains("There is no such process"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> KvmProcess.open(host.systemCalls(), 0));
    }

    @Test
    void whoMayNotLookIntoTheProcessIsToldWhatIsMissing() throws Exception {
        host.close();
        host = EmulatedHost.builder().user(1000).build();
        vmm = host.process("qemu", 0);
        startVm(0);
        LinuxException e = assertThrows(LinuxException.class, this::open);
        assertTrue(e.getMessage().contains("It needs CAP_SYS_PTRACE"), e.getMessage());
    }

    @Test
    void whereDescriptorsMayNotBeCopiedTheRestIsReadAllTheSame() throws Exception {
        host(builder -> builder.ptraceScope(3).debugfs());
        Descriptor vm = startVm(0);
        openStatistics(vm);
        host.vms().get(0).setVcpuStatistic(0, "exits", 3);
        try (KvmProcess process = open()) {
            assertTrue(obstacle(process, Kind.DESCRIPTORS).orElseThrow().contains("ptrace_scope is 3"));
            assertEquals(OptionalLong.of(3), process.sample().total().counter("exits"));
        }
    }

    @Test
    void aKernelThatDoesNotCountWaitsIsSaidToBeSo() throws Exception {
        startVm(0);
        EmulatedThread thread = sleeping("x", 0);
        String path = "/proc/" + vmm.pid() + "/task/" + thread.number() + "/schedstat";
        SystemCalls calls = new Overlay(host.systemCalls()).absent(path).calls();
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            assertEquals(Optional.empty(), process.sample().vcpus().get(0).times());
            assertTrue(obstacle(process, Kind.SCHEDULER).orElseThrow().contains("CONFIG_SCHED_INFO"));
        }
    }

    @Test
    void twoVmsOfOneProcessAreNotMixedUp() throws Exception {
        startVm(0, 1);
        openStatistics(vcpus.get(0));
        startVm(0, 1);
        EmulatedThread first = sleeping("x", 0);
        EmulatedThread second = sleeping("y", 2);
        first.setTimes(1, 1, 1);
        second.setTimes(2, 2, 2);
        try (KvmProcess process = open()) {
            assertTrue(obstacle(process, Kind.DESCRIPTORS).orElseThrow().contains("several VMs"));
            assertEquals(
                    List.of(Optional.of(times(1, 1, 1)), Optional.of(times(2, 2, 2)), Optional.empty()),
                    process.sample().vcpus().stream().map(VcpuSample::times).toList());
            assertEquals(KvmCounts.NONE, process.sample().total());
        }
    }

    @Test
    void twoVmsOfOneProcessAreNotMixedUpInDebugfs() throws Exception {
        host(EmulatedHost.Builder::debugfs);
        startVm(0, 1);
        startVm(0, 1);
        sleeping("x", 0);
        sleeping("y", 2);
        try (KvmProcess process = open()) {
            assertEquals(KvmCounts.NONE, process.sample().total());
            assertTrue(obstacle(process, Kind.DEBUGFS).orElseThrow().contains("several"));
        }
    }

    @Test
    void whatWasSetBackHasNoDifference() throws Exception {
        openStatistics(startVm(0));
        openStatistics(vcpus.get(0));
        sleeping("a", 0);
        EmulatedVm vm = host.vms().get(0);
        vm.setVcpuStatistic(0, "halt_wakeup", 40);
        vm.setVcpuStatistic(0, "exits", 40);
        vm.setVcpuStatistic(0, "halt_wait_hist", 1, 2);
        try (KvmProcess process = open()) {
            KvmSample first = process.sample();
            vm.setVcpuStatistic(0, "halt_wakeup", 39);
            vm.setVcpuStatistic(0, "exits", 41);
            vm.setVcpuStatistic(0, "halt_wait_hist", 2, 1);
            KvmCounts total = process.sample().since(first).total();
            assertEquals(OptionalLong.empty(), total.counter("halt_wakeup"));
            assertEquals(OptionalLong.of(1), total.counter("exits"));
            assertEquals(Optional.empty(), total.histogram("halt_wait_hist"));
        }
    }

    @Test
    void aDescriptorThatIsNotTheVmsAnyMoreKeepsNoStatistics() throws Exception {
        openStatistics(startVm(0));
        openStatistics(vcpus.get(0));
        SystemCalls calls = new Overlay(host.systemCalls())
                .linkTarget(VmFiles.VM, "/dev/null")
                .calls();
        try (KvmProcess process = KvmProcess.open(calls, vmm.pid())) {
            String obstacle = obstacle(process, Kind.DESCRIPTORS).orElseThrow();
            assertTrue(obstacle.contains("closed a descriptor meanwhile"), obstacle);
            vmm.thread("new");
            assertEquals(KvmCounts.NONE, process.sample().total());
            assertEquals(Optional.of(obstacle), obstacle(process, Kind.DESCRIPTORS));
        }
    }

    @Test
    void stealIsReadWhereItCanBe() throws Exception {
        startVm(0);
        host.files().put("/proc/stat", "cpu  1 2 3 4 5 6 7 80 9 10\ncpu0 1 2 3 4 5 6 7 80 9 10");
        try (KvmProcess process = open()) {
            KvmSample first = process.sample();
            assertEquals(OptionalLong.of(800_000_000), first.stealNanos());
            host.files().put("/proc/stat", "cpu  1 2 3 4 5 6 7 83 9 10\n");
            assertEquals(
                    OptionalLong.of(30_000_000), process.sample().since(first).stealNanos());
            for (String odd : List.of(
                    "cpu 1 2",
                    "cpu  1 2 3 4 5 6 7 -8 0",
                    "intr 5",
                    "cpu  1 2 3 4 5 6 7 99999999999999 0",
                    "cpu  1 2 3 4 5 6 7 999999999999 0\n")) {
                host.files().put("/proc/stat", odd);
                assertEquals(OptionalLong.empty(), process.sample().stealNanos());
            }
        }
    }

    @Test
    void whatIsClosedAnswersNobody() throws Exception {
        startVm(0);
        KvmProcess process = open();
        process.close();
        process.close();
        assertThrows(io.vfio4j.linux.ClosedException.class, process::sample);
    }
}
