package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.kvm.guest.SmallGuest;
import io.vfio4j.kvm.guest.SmallGuest.PauseExits;
import io.vfio4j.kvm.guest.Vcpu;
import io.vfio4j.kvm.guest.VcpuEnd;
import io.vfio4j.kvm.probe.GuestWork;
import io.vfio4j.kvm.probe.LatencyProbe;
import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import io.vfio4j.kvm.probe.PauseProbe;
import io.vfio4j.kvm.probe.YieldProbe;
import io.vfio4j.kvm.probe.YieldProbe.Target;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the probes of the host's KVM do, on a real kernel: that it works, not how long it takes. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
@Timeout(value = 150, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealProbeTest {
    private static final int SIGNALS = 100;
    private static final Duration A_WHILE = Duration.ofSeconds(1);
    private static final Duration STOPPING = Duration.ofSeconds(20);

    private final SystemCalls calls = JnaLinux.open();
    private final TestHost host = new RealHost(calls);
    private long descriptorsBefore;
    private List<Integer> processors = List.of();

    @BeforeEach
    void lookAround() throws IOException {
        descriptorsBefore = host.openDescriptors();
        processors = calls.allowedProcessors();
        assertTrue(processors.size() >= 2, processors::toString);
    }

    @AfterEach
    void nothingStays() throws IOException {
        assertEquals(descriptorsBefore, host.openDescriptors(), "open descriptors");
        assertEquals(processors, calls.allowedProcessors());
    }

    private LatencySetup setup(GuestWork work, int hogs, int signals) {
        return new LatencySetup(work, hogs, signals, processors.get(1), processors.get(0), 42);
    }

    @ParameterizedTest
    @CsvSource({"HALTED, 0", "HALTED, 1", "BUSY, 0", "BUSY, 2"})
    void everySignalOfAnOpenLoopIsHandledOrMerged(GuestWork work, int hogs) throws Exception {
        LatencyResult result = LatencyProbe.run(calls, setup(work, hogs, SIGNALS), signals -> true);
        assertEquals(SIGNALS, result.signals());
        assertEquals(SIGNALS, result.answered());
        assertTrue(result.merged() <= result.pending(), result.merged() + " of " + result.pending());
        for (int i = 0; i < SIGNALS; i++) {
            assertTrue(result.latencyNanos(i).orElseThrow() > 0);
        }
        long handlerRuns = SIGNALS - result.merged() + result.unasked();
        OptionalLong wakeups = result.counted().haltWakeup();
        // KVM polls before it lets a vCPU sleep, so that not each was a wake-up.
        assertTrue(wakeups.orElseThrow() <= (work == GuestWork.HALTED ? 2 * handlerRuns : 0), wakeups::toString);
    }

    @Test
    void aProbeEndsEarlyWhenAskedTo() throws Exception {
        LatencyResult result = LatencyProbe.run(calls, setup(GuestWork.HALTED, 1, 1_000_000), signals -> signals < 3);
        assertEquals(3, result.signals());
        assertEquals(3, result.answered());
    }

    @Test
    void aProcessorThatIsNotThereIsRefusedAndNothingStays() {
        LatencySetup setup =
                new LatencySetup(GuestWork.BUSY, 0, 1, SystemCalls.MOST_PROCESSORS - 1, processors.get(0), 42);
        IOException refusal = assertThrows(IOException.class, () -> LatencyProbe.run(calls, setup, signals -> true));
        assertTrue(refusal.getMessage().contains("sched_setaffinity"), refusal::getMessage);
        LatencySetup other =
                new LatencySetup(GuestWork.BUSY, 0, 1, processors.get(0), SystemCalls.MOST_PROCESSORS - 1, 42);
        LinuxException refused =
                assertThrows(LinuxException.class, () -> LatencyProbe.run(calls, other, signals -> true));
        assertEquals(Errno.EINVAL, refused.errno());
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void aYieldSucceedsTowardsAReadyVcpuOnly(Target target) throws Exception {
        assertEquals(Optional.empty(), YieldProbe.obstacle(calls));
        YieldProbe.Outcome outcome =
                YieldProbe.run(calls, target, processors.get(1), processors.get(0), A_WHILE, () -> true);
        System.getLogger("io.vfio4j.report").log(System.Logger.Level.INFO, "yields: {0}", outcome);
        assertTrue(outcome.hypercalls() > 0, outcome::toString);
        assertTrue(outcome.attempted() > 0, outcome::toString);
        switch (target) {
            // The host wakes it some ten times a second, and has to find it ready only for that moment: on 6.12 once 2
            // of 29,690 did.
            case HALTED ->
                assertTrue(outcome.successful() <= outcome.targetWoken().orElseThrow(), outcome::toString);
            case PREEMPTED -> assertTrue(outcome.successful() > 0, outcome::toString);
            // The host may need the target's processor now and then.
            case RUNNING -> assertTrue(outcome.successful() < outcome.attempted(), outcome::toString);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void vcpusThatSpinHandOver(boolean exitsOff) throws Exception {
        PauseProbe.Outcome outcome = PauseProbe.run(calls, exitsOff, processors.get(1), A_WHILE, () -> true);
        System.getLogger("io.vfio4j.report").log(System.Logger.Level.INFO, "spinning: {0}", outcome);
        assertEquals(exitsOff, outcome.exitsOff());
        assertTrue(outcome.handOvers() > 0, outcome::toString);
    }

    @Test
    void theOtherProbesEndEarlyTooWhenAskedTo() throws Exception {
        Duration longer = Duration.ofHours(1);
        int first = processors.get(0);
        int second = processors.get(1);
        assertTrue(
                PauseProbe.run(calls, false, second, longer, () -> false).time().compareTo(longer) < 0);
        assertEquals(
                Target.HALTED,
                YieldProbe.run(calls, Target.HALTED, second, first, longer, () -> false)
                        .target());
    }

    private VcpuEnd endOf(SmallGuest guest, int vcpu) {
        long deadline = calls.nanoTime() + STOPPING.toNanos();
        while (guest.vcpu(vcpu).end().isEmpty()) {
            assertTrue(calls.nanoTime() - deadline < 0, "vCPU " + vcpu + " does not end");
            LockSupport.parkNanos(1_000_000);
        }
        return guest.vcpu(vcpu).end().get();
    }

    @Test
    void anyVcpuIsStoppedWhateverItIsAt() throws Exception {
        try (SmallGuest guest = SmallGuest.create(calls, 4, PauseExits.AS_THEY_ARE)) {
            guest.start(0, new GuestCode().waitForInterrupts(), processors, Vcpu.Ports.NONE);
            guest.start(1, new GuestCode().stop(), processors, Vcpu.Ports.NONE);
            guest.start(2, new GuestCode().loop(new GuestCode().count(SmallGuest.NOTES)), processors, Vcpu.Ports.NONE);
            while (guest.memory().getInt(SmallGuest.NOTES) == 0) {
                Thread.onSpinWait();
            }
            assertTrue(guest.stop(STOPPING));
            for (int i = 0; i < 3; i++) {
                assertEquals(
                        Optional.of(new VcpuEnd(true, "it was stopped")),
                        guest.vcpu(i).end());
            }
            assertEquals(Optional.empty(), guest.vcpu(3).end());
        }
    }

    @Test
    void aGuestWithoutEarsLosesItsMemory() throws Exception {
        try (SmallGuest guest = SmallGuest.create(calls, 1, PauseExits.AS_THEY_ARE)) {
            guest.handle(2, new GuestCode().mark(SmallGuest.NOTES).loop(new GuestCode()));
            int ready = SmallGuest.NOTES + 1;
            guest.start(0, new GuestCode().mark(ready).spin(), processors, Vcpu.Ports.NONE);
            while (guest.memory().getByte(ready) == 0) {
                Thread.onSpinWait();
            }
            assertTrue(guest.stop(Duration.ofSeconds(2)));
            assertEquals(1, guest.memory().getByte(SmallGuest.NOTES));
            VcpuEnd end = guest.vcpu(0).end().orElseThrow();
            assertFalse(end.asked());
            assertTrue(end.text().startsWith("KVM_EXIT_"), end::text);
            assertTrue(end.text().contains("rip 0x"), end::text);
        }
    }

    @Test
    void anInterruptThatNobodyExpectedEndsTheGuest() throws Exception {
        try (SmallGuest guest = SmallGuest.create(calls, 2, PauseExits.AS_THEY_ARE)) {
            GuestCode code = new GuestCode().mark(SmallGuest.NOTES).waitForInterrupts();
            guest.start(1, code, processors, Vcpu.Ports.NONE);
            while (guest.memory().getByte(SmallGuest.NOTES) == 0) {
                Thread.onSpinWait();
            }
            guest.send(1, 0x77);
            VcpuEnd end = endOf(guest, 1);
            assertFalse(end.asked());
            assertTrue(end.text().contains("rax 0x77"), end::text);
        }
    }

    @Test
    void whoListensIsToldOfPortsAndMayFail() throws Exception {
        try (SmallGuest guest = SmallGuest.create(calls, 1, PauseExits.AS_THEY_ARE)) {
            guest.start(0, new GuestCode().out(0xe1, 5).stop(), processors, Vcpu.Ports.NONE);
            VcpuEnd end = endOf(guest, 0);
            assertFalse(end.asked());
            assertTrue(end.text().contains("port 0xe1"), end::text);
        }
    }
}
