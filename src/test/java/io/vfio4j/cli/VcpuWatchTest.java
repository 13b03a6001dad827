package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.EmulatedThread;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code vfio4j vcpu watch} on an emulated host. */
class VcpuWatchTest {
    private final EmulatedHost host =
            EmulatedHost.builder().debugfs().realTime().build();
    private final EmulatedProcess vmm = host.process("qemu-system-x86_64");
    private final List<Descriptor> vcpus = new ArrayList<>();
    private final List<EmulatedThread> threads = new ArrayList<>();
    private String pid;

    @BeforeEach
    void startVm() throws IOException {
        pid = Integer.toString(vmm.pid());
        SystemCalls calls = vmm.systemCalls();
        Descriptor vm;
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
            vm = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "VM");
        }
        for (int number = 0; number < 2; number++) {
            Descriptor vcpu = calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, number), "vCPU");
            vcpus.add(vcpu);
            EmulatedThread thread = vmm.thread("CPU " + number + "/KVM");
            thread.sleepInGuest(vcpu);
            threads.add(thread);
        }
    }

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    private void openStatistics() throws IOException {
        for (Descriptor vcpu : vcpus) {
            vmm.systemCalls().ioctl(vcpu, Kvm.KVM_GET_STATS_FD, 0);
        }
    }

    /** The host, and something that happens at each look at the list of threads, of which there is one a sample. */
    private LocalHost atEachSample(BiConsumer<Integer, EmulatedProcess> happens) {
        Map<String, Integer> looks = new HashMap<>();
        SystemCalls calls = (SystemCalls) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, args) -> {
                    if (method.getName().equals("list") && args[0].equals("/proc/" + pid + "/task")) {
                        happens.accept(looks.merge("", 1, Integer::sum), vmm);
                    }
                    try {
                        return method.invoke(host.systemCalls(), args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return () -> calls;
    }

    @Test
    void eachIntervalHasWhatWasAddedAndTheSummaryAllOfIt() throws Exception {
        openStatistics();
        // The first look is that of the start, the second the first sample's.
        LocalHost counting = atEachSample((look, process) -> {
            threads.get(1).setTimes(1_000L * look, 7_000_000L * look, look);
            host.vms().get(0).setVcpuStatistic(1, "halt_wakeup", 10L * look);
            host.vms().get(0).setVcpuStatistic(1, "halt_wait_hist", 0, 0, look);
        });
        CommandRun run =
                CommandRun.on(counting, false, "vcpu", "watch", pid, "--interval", "100ms", "--for", "350ms", "--json");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        Map<String, Object> begin = run.json("begin").get(0);
        assertEquals("process " + pid + " (qemu-system-x86)", begin.get("process"));
        assertEquals(2, begin.get("vcpus"));
        for (Map<String, Object> source : Json.members(begin, "sources")) {
            assertEquals(true, source.get("available"), source.toString());
        }
        List<Map<String, Object>> intervals = run.json("interval");
        assertTrue(intervals.size() >= 2, run.out());
        for (Map<String, Object> interval : intervals) {
            Map<String, Object> one = Json.members(interval, "vcpus").get(1);
            assertEquals(7_000_000, one.get("wait_ns"));
            assertEquals(7_000_000, one.get("longest_wait_at_least_ns"));
            assertEquals(7_000_000, one.get("longest_wait_at_most_ns"));
            assertEquals(10, Json.member(one, "counts").get("halt_wakeup"));
            assertEquals(10, Json.member(interval, "total").get("halt_wakeup"));
            assertEquals(0, Json.members(interval, "vcpus").get(0).get("wait_ns"));
        }
        Map<String, Object> one = Json.members(run.summary(), "vcpus").get(1);
        assertEquals(7_000_000 * intervals.size(), one.get("wait_ns"));
        assertEquals(7_000_000, one.get("longest_wait_at_most_ns"));
        assertEquals(Map.of("2", intervals.size()), Json.member(Json.member(one, "counts"), "halt_wait_hist"));
        assertEquals(List.of(), run.summary().get("missing"));
    }

    @Test
    void forPeopleThereIsALineForEachVcpuAndATable() throws Exception {
        openStatistics();
        LocalHost counting = atEachSample((look, process) -> {
            threads.get(0).setTimes(50_000_000L * look, 7_800_000L * look, look);
            host.vms().get(0).setVcpuStatistic(0, "halt_wait_hist", 0, 0, 0, look);
            host.vms().get(0).setVcpuStatistic(0, "directed_yield_attempted", look);
        });
        CommandRun run = CommandRun.on(counting, false, "vcpu", "watch", pid, "--interval", "100ms", "--for", "150ms");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(
                run.outLines().get(0).startsWith("watching process " + pid + " (qemu-system-x86): 2 vCPUs"), run.out());
        assertTrue(run.out().contains("statistics descriptors of the process: read"), run.out());
        assertTrue(run.out().contains("vCPU 0        run "), run.out());
        assertTrue(run.out().contains("wait    7.8 ms  longest 7.8 ms"), run.out());
        assertTrue(run.out().contains("--- process " + pid), run.out());
        assertTrue(
                run.out().matches("(?s).*halt_wait_hist +\\d samples, half below 0.0 us, 99 % below 0.0 us.*"),
                run.out());
        assertTrue(run.out().contains("yields after a pause exit (PLE)"), run.out());
        assertFalse(run.out().contains("missing"), run.out());
    }

    @Test
    void whatCannotBeReadIsNamedWithTheReason() {
        CommandRun run = CommandRun.on(host, "vcpu", "watch", pid, "--for", "20ms", "--interval", "10ms");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("The process keeps none open (QEMU does from 8.1 on)"), run.out());
        assertTrue(run.out().contains("debugfs: read"), run.out());
        assertTrue(
                run.out()
                        .contains("missing                    halt_wait_hist, halt_poll_success_hist,"
                                + " halt_poll_fail_hist"),
                run.out());
        host.files().remove("/sys/kernel/debug/kvm");
        run = CommandRun.on(host, "vcpu", "watch", pid, "--for", "20ms");
        assertTrue(run.out().contains("mount -t debugfs debugfs /sys/kernel/debug"), run.out());
        assertTrue(run.out().contains("all that KVM counts; see above why"), run.out());
    }

    @Test
    void whenTheProcessEndsTheSummaryIsPrintedAndTheExitCodeIs1() throws Exception {
        openStatistics();
        LocalHost ending = atEachSample((look, process) -> {
            if (look == 4) {
                process.end();
            }
        });
        CommandRun run = CommandRun.on(ending, false, "vcpu", "watch", pid, "--interval", "20ms", "--json");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("The process has ended meanwhile."), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertFalse(run.json("interval").isEmpty(), run.out());
        assertEquals(2, Json.members(run.summary(), "vcpus").size());
        assertEquals(List.of(), run.summary().get("missing"));
    }

    @Test
    void aProcessThatHasNoVmOrIsNoneIsOneSentence() {
        EmulatedProcess shell = host.process("bash");
        CommandRun run = CommandRun.on(host, "vcpu", "watch", Integer.toString(shell.pid()));
        assertEquals(1, run.exitCode());
        assertEquals(
                "vfio4j: process " + shell.pid() + " (bash) has no KVM VM. These processes have one: " + pid
                        + " (qemu-system-x86).\n",
                run.err());
        run = CommandRun.on(host, "vcpu", "watch", "4000000");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("There is no such process; it may have ended."), run.err());
        int thread = threads.get(0).number();
        run = CommandRun.on(host, "vcpu", "watch", Integer.toString(thread));
        assertTrue(run.err().contains(thread + " is a thread of process " + pid), run.err());
    }

    @Test
    void theRefreshesOfAVgpuAreHeldAgainstItsVblanks() {
        CommandRun run = CommandRun.on(
                host,
                "vcpu",
                "watch",
                pid,
                "--vgpu",
                "emulated:v5:flip",
                "--for",
                "1s",
                "--interval",
                "250ms",
                "--json");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("emulated:v5:flip", run.json("begin").get(0).get("vgpu"));
        assertEquals(0, run.json("begin").get(0).get("vgpu_resolution_ns"));
        Map<String, Object> refreshes = Json.member(run.summary(), "refreshes");
        assertEquals(1e9 / 60, ((Number) refreshes.get("period_ns")).doubleValue(), 1e6);
        int judged = ((Number) refreshes.get("on_time")).intValue() + ((Number) refreshes.get("late")).intValue();
        assertTrue(judged > 10, refreshes.toString());
        assertEquals(refreshes.get("late"), run.json("late").size());
    }

    @Test
    void aVgpuWithoutIrqIsLookedAtByATimerAndThatIsSaid() {
        CommandRun run = CommandRun.on(
                host, "vcpu", "watch", pid, "--vgpu", "emulated:none:flip", "--look", "3ms", "--for", "500ms");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("emulated:none:flip is looked at every 3.0 ms"), run.out());
        assertTrue(run.out().contains("resolution                 3.0 ms: the timer's period."), run.out());
    }

    @Test
    void aVgpuThatIsNotThereEndsItBeforeItBegins() {
        CommandRun run = CommandRun.on(host, "vcpu", "watch", pid, "--vgpu", "pid:" + pid);
        assertEquals(1, run.exitCode());
        assertEquals("", run.out());
        assertTrue(run.err().contains("has no VFIO device open"), run.err());
    }

    @Test
    void theVerdictIsASentence() {
        assertEquals(
                "late by 8.1 ms because vCPU 3 waited 7.8 ms for a processor",
                VcpuText.verdict(
                        LateRefresh.of(0, 8_100_000, 0, Optional.of(new WaitLog.Waited("vCPU 3", 7_800_000)))));
        assertEquals(
                "late by 24.1 ms (1 vblank missed); not the vCPUs: at most vCPU 0 waited 0.2 ms for a processor",
                VcpuText.verdict(LateRefresh.of(0, 24_100_000, 1, Optional.of(new WaitLog.Waited("vCPU 0", 200_000)))));
        assertEquals(
                "late by 41.0 ms (2 vblanks missed); nothing is known of the vCPUs at that time",
                VcpuText.verdict(LateRefresh.of(0, 41_000_000, 2, Optional.empty())));
    }
}
