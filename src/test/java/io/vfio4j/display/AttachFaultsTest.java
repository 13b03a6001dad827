package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each system call of attaching fails in turn: everything that was opened is closed again, and the error names the call. */
class AttachFaultsTest {

    static Stream<VgpuProfile> profiles() {
        return Stream.of(
                VgpuProfile.V2,
                VgpuProfile.V3,
                VgpuProfile.V4,
                VgpuProfile.V5,
                VgpuProfile.V6,
                VgpuProfile.PAGE_FLIP,
                VgpuProfile.PORT,
                VgpuProfile.PORT_DISPLAY,
                VgpuProfile.MAINLINE,
                VgpuProfile.MDPY,
                VgpuProfile.PORT.withNodes(DeviceNodes.CDEV),
                VgpuProfile.PORT_DISPLAY.withNodes(DeviceNodes.CDEV).withRequestIrq(true),
                VgpuProfile.V6.withRequestIrq(true),
                VgpuProfile.V5.withKvmRequired(true).withRequestIrq(true));
    }

    /** Everything that a program does to get a display. */
    private static final class Attached implements AutoCloseable {
        private final EventLoop loop;
        private final Display display;
        private final Optional<KvmVm> vm;

        Attached(EmulatedHost host) throws IOException {
            SystemCalls calls = host.systemCalls();
            MdevDevice mdev = MdevDevice.find(calls, host.vgpu().uuid());
            vm = host.vgpu().profile().name().equals("v5") ? Optional.of(KvmVm.createBare(calls)) : Optional.empty();
            boolean success = false;
            EventLoop opened = null;
            try {
                opened = EventLoop.stepped(calls);
                loop = opened;
                VfioDevice device =
                        vm.isPresent() ? VfioDevice.open(calls, mdev, vm.get()) : VfioDevice.open(calls, mdev);
                display = Display.attach(loop, device);
                success = true;
            } finally {
                if (!success) {
                    if (opened != null) {
                        opened.close();
                    }
                    vm.ifPresent(KvmVm::close);
                }
            }
        }

        @Override
        public void close() {
            display.close();
            loop.close();
            vm.ifPresent(KvmVm::close);
        }
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void whicheverCallFailsNothingStaysOpenAndTheErrorNamesIt(VgpuProfile profile) throws Exception {
        Set<String> failed = new HashSet<>();
        long calls = callsOf(profile);
        assertTrue(calls > 15, "only " + calls + " calls");
        for (int nth = 1; nth <= calls; nth++) {
            for (int errno : new int[] {Errno.EMFILE, Errno.EIO}) {
                failed.add(attachWithFailure(profile, nth, errno));
            }
        }
        assertTrue(failed.containsAll(Set.of("open", "epoll_ctl", "VFIO_DEVICE_GET_INFO")), () -> "" + failed);
    }

    private static long callsOf(VgpuProfile profile) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(profile)) {
            long before = host.faults().calls();
            Attached attached = new Attached(host);
            long calls = host.faults().calls() - before;
            attached.close();
            return calls;
        }
    }

    /** Attaching arms no other irq, and does without this one. */
    private static String assertOnlyTheRequestIrqWasRefused(EmulatedHost host, int nth) {
        List<String> calls = host.trace().stream()
                .filter(call -> call.startsWith("VFIO_DEVICE_SET_IRQS"))
                .toList();
        assertEquals(1, calls.size(), () -> "call " + nth + " failed, yet attaching did not: " + calls);
        assertTrue(calls.get(0).startsWith("VFIO_DEVICE_SET_IRQS arm index 4"), calls.get(0));
        assertEquals(List.of(), host.openFiles());
        return "VFIO_DEVICE_SET_IRQS";
    }

    private static String attachWithFailure(VgpuProfile profile, int nth, int errno) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(profile)) {
            host.faults().fail(Faults.ANY, nth, errno);
            LinuxException e;
            try {
                new Attached(host).close();
                return assertOnlyTheRequestIrqWasRefused(host, nth);
            } catch (LinuxException refused) {
                e = refused;
            }
            assertEquals(errno, e.errno());
            assertFalse(e.operation().isEmpty());
            assertFalse(e.target().isEmpty());
            String context = "after call " + nth + " failed: " + e.getMessage();
            assertEquals(List.of(), host.openFiles(), context);
            assertFalse(host.vgpu().armed(), context);
            new Attached(host).close();
            assertEquals(List.of(), host.openFiles(), "after attaching again, " + context);
            assertEquals(0, host.vgpu().forbiddenCalls(), context);
            assertEquals(0, host.vgpu().leakedContexts(), context);
            return e.operation();
        }
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void howeverFewDescriptorsThereAreAttachingSucceedsOrLeavesNothing(VgpuProfile profile) throws Exception {
        boolean succeeded = false;
        for (int limit = 3; !succeeded; limit++) {
            try (EmulatedHost host =
                    EmulatedHost.builder().vgpu(profile).descriptorLimit(limit).build()) {
                try (Attached attached = new Attached(host)) {
                    assertEquals(host.vgpu().uuid().toString(), attached.display.name());
                    succeeded = true;
                    assertEquals(limit - 3, host.openDescriptors(), "the limit is just enough");
                } catch (LinuxException e) {
                    assertEquals(Errno.EMFILE, e.errno());
                }
                assertEquals(List.of(), host.openFiles(), "with at most " + limit + " descriptors");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void whicheverCallOfTheFirstSubscriptionFailsTheListenerGoesOnOrIsTold(VgpuProfile profile) throws Exception {
        for (String operation : List.of(
                "VFIO_DEVICE_GET_INFO",
                "VFIO_DEVICE_GET_IRQ_INFO",
                "VFIO_DEVICE_SET_IRQS",
                "VFIO_DEVICE_QUERY_GFX_PLANE",
                "VFIO_DEVICE_GET_GFX_DMABUF",
                "eventfd",
                "epoll_ctl",
                "timerfd_settime",
                "epoll_wait")) {
            for (int nth = 1; nth <= 3; nth++) {
                subscribeWithFailure(profile.withKvmRequired(false), operation, nth);
            }
        }
    }

    private static void subscribeWithFailure(VgpuProfile profile, String operation, int nth) throws IOException {
        String context = "after " + operation + " " + nth + " failed";
        try (EmulatedHost host = EmulatedHost.of(profile)) {
            EventLoop loop = EventLoop.stepped(host.systemCalls());
            MdevDevice mdev = MdevDevice.find(host.systemCalls(), host.vgpu().uuid());
            Display display = Display.attach(
                    loop,
                    VfioDevice.open(host.systemCalls(), mdev),
                    DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> {}));
            Notes notes = new Notes();
            display.subscribe(notes);
            host.faults().fail(operation, nth, Errno.EIO);
            host.clock().advance(Duration.ofMillis(20));
            host.faults().clear();
            int before = notes.events.size();
            host.vgpu().guest().flip();
            host.clock().advance(Duration.ofMillis(1_100));
            if (notes.closes.isEmpty()) {
                assertTrue(notes.events.size() > before, () -> "silence " + context);
            } else {
                assertTrue(operation.equals("timerfd_settime") || operation.equals("epoll_wait"), context);
                assertTrue(notes.closes.get(0).isPresent(), context);
            }
            display.close();
            loop.close();
            assertEquals(1, notes.closes.size(), context);
            assertEquals(List.of(), host.openFiles(), context);
            assertFalse(host.vgpu().armed(), context);
            assertEquals(0, host.vgpu().forbiddenCalls(), context);
            assertEquals(0, host.vgpu().leakedContexts(), context);
        }
    }
}
