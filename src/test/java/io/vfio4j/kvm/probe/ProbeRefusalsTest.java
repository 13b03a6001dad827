package io.vfio4j.kvm.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On hosts that cannot do it; the emulated one runs no guests. */
class ProbeRefusalsTest {
    private static final LatencySetup SETUP = new LatencySetup(GuestWork.BUSY, 0, 1, 1, 0, 42);

    private final EmulatedHost host = EmulatedHost.builder().build();

    @AfterEach
    void close() {
        host.close();
    }

    private void refused(int errno, String advice) throws Exception {
        SystemCalls calls = host.systemCalls();
        List<Integer> before = calls.allowedProcessors();
        for (Executable probe : List.<Executable>of(
                () -> LatencyProbe.run(calls, SETUP, signals -> true),
                () -> PauseProbe.run(calls, false, 1, Duration.ofSeconds(1), () -> true),
                () -> YieldProbe.run(calls, YieldProbe.Target.HALTED, 1, 0, Duration.ofSeconds(1), () -> true),
                () -> YieldProbe.obstacle(calls))) {
            LinuxException refusal = assertThrows(LinuxException.class, probe);
            assertEquals(errno, refusal.errno(), refusal::getMessage);
            assertTrue(refusal.getMessage().contains(advice), refusal::getMessage);
        }
        assertEquals(before, calls.allowedProcessors());
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void aHostThatRunsNoGuestsSaysSo() throws Exception {
        refused(Errno.EINVAL, "runs no guests");
    }

    @Test
    void aHostWithoutKvmSaysWhatToDo() throws Exception {
        host.files().remove("/dev/kvm");
        refused(Errno.ENOENT, "kvm-amd");
    }

    @ParameterizedTest
    @CsvSource({
        "kvm_intel, ple_gap,            128, true",
        "kvm_intel, ple_gap,              0, false",
        "kvm_amd,   pause_filter_count, 3000, true",
        "kvm_amd,   pause_filter_count,   0, false"
    })
    void theModulesParameterTellsWhetherSpinningIsNoticed(
            String module, String parameter, String value, boolean noticed) {
        host.files().remove("/sys/module/kvm_intel");
        host.files().put("/sys/module/" + module + "/parameters/" + parameter, value + "\n");
        PauseExitReport report = PauseExitReport.of(host.systemCalls());
        assertEquals(noticed, report.noticed());
        assertTrue(report.text().startsWith(module + " has " + parameter + "=" + value), report::text);
    }

    @Test
    void anotherKvmNoticesNothing() {
        host.files().remove("/sys/module/kvm_intel");
        PauseExitReport report = PauseExitReport.of(host.systemCalls());
        assertFalse(report.noticed());
        assertTrue(report.text().contains("neither kvm_intel nor kvm_amd"), report::text);
    }

    @Test
    void aParameterThatCannotBeReadTellsNothing() {
        PauseExitReport report = PauseExitReport.of(host.systemCalls());
        assertFalse(report.noticed());
        assertTrue(report.text().contains("ple_gap"), report::text);
    }
}
