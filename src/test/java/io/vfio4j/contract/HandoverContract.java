package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.DeviceOwnerGoneException;
import io.vfio4j.display.DeviceRemovedException;
import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.Notes;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.handover.DeviceSocket;
import io.vfio4j.handover.Handover;
import io.vfio4j.handover.HandoverException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device beside its owner: what holds on every kernel, and with every owner. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class HandoverContract {
    private final List<AutoCloseable> opened = new ArrayList<>();
    private TestHost host;
    private SystemCalls calls;

    abstract TestHost openHost() throws IOException;

    /** The best dialect that the kernel's test vGPU speaks. */
    abstract String dialect();

    /** Starts a VMM that knows nothing of us, and waits until it has the devices open. */
    abstract TestOwner startVmm(TestHost on, List<TestVgpu> devices) throws Exception;

    /** Starts a program that opens a device and offers it on a socket, and waits until it listens. */
    abstract TestOwner startOffering(TestHost on, TestVgpu device, String socket) throws Exception;

    /** A path for a socket, which does not exist. */
    abstract String socketPath();

    /** A loop that goes on while the test waits for it in a system call. */
    abstract EventLoop loopBesideTheTest(TestHost on) throws IOException;

    @BeforeEach
    void open() throws IOException {
        host = openHost();
        calls = host.systemCalls();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        host.close();
    }

    private <T extends AutoCloseable> T closedLater(T resource) {
        opened.add(0, resource);
        return resource;
    }

    private TestVgpu create(String dialect) throws IOException {
        return closedLater(host.create(dialect));
    }

    private TestOwner vmm(TestVgpu... devices) throws Exception {
        return closedLater(startVmm(host, List.of(devices)));
    }

    private static String name(TestVgpu vgpu) throws IOException {
        return vgpu.mdev().uuid().toString();
    }

    private void assertOnlyOwnersHaveDevices(TestOwner owner, long before) throws IOException {
        assertTrue(owner.goesOn());
        assertEquals(before, host.openDescriptors());
    }

    @Test
    void theDeviceOfAVmmAnswersBesideIt() throws Exception {
        TestVgpu vgpu = create(dialect());
        TestOwner vmm = vmm(vgpu);
        long before = host.openDescriptors();
        assertThrows(LinuxException.class, () -> VfioDevice.open(calls, vgpu.mdev()), "its group is open once");
        assertEquals(List.of(name(vgpu)), Handover.devicesOf(calls, vmm.pid()));
        for (int i = 0; i < 3; i++) {
            try (VfioDevice device = Handover.fromProcess(calls, vmm.pid())) {
                assertTrue(device.shared());
                assertEquals(name(vgpu), device.name());
                assertEquals(vgpu.mdev(), device.mdev().orElseThrow());
                assertEquals(6, device.info().irqs());
                assertFalse(device.planeAccess().isEmpty());
                assertFalse(device.owner().orElseThrow().isGone());
            }
            assertOnlyOwnersHaveDevices(vmm, before);
        }
        assertFalse(vgpu.armed());
        assertEquals(0, vgpu.forbiddenCalls());
    }

    @Test
    void ofTwoDevicesOfAVmmOneIsChosenByItsName() throws Exception {
        TestVgpu with = create(dialect());
        TestVgpu without = create("none");
        TestOwner vmm = vmm(with, without);
        long before = host.openDescriptors();
        HandoverException e = assertThrows(HandoverException.class, () -> Handover.fromProcess(calls, vmm.pid()));
        assertEquals(Stream.of(name(with), name(without)).sorted().toList(), e.choices());
        for (String choice : e.choices()) {
            assertTrue(e.getMessage().contains("pid:" + vmm.pid() + "/" + choice), e.getMessage());
        }
        try (VfioDevice first = Handover.fromProcess(calls, vmm.pid(), name(with));
                VfioDevice second = Handover.fromProcess(calls, vmm.pid(), name(without))) {
            assertTrue(first.irqs().stream().anyMatch(irq -> irq.index() == 5));
            assertEquals(
                    List.of(),
                    second.irqs().stream()
                            .map(IrqInfo::index)
                            .filter(index -> index == 5)
                            .toList());
            assertEquals(name(with), first.mdev().orElseThrow().uuid().toString());
            assertEquals(name(without), second.mdev().orElseThrow().uuid().toString());
        }
        assertOnlyOwnersHaveDevices(vmm, before);
    }

    /** Opens when enough events of a kind have come, and when the display has ended. */
    private static final class Counting extends Notes {
        private final RefreshSource source;
        private final CountDownLatch seen;
        private final CountDownLatch ended = new CountDownLatch(1);

        Counting(RefreshSource source, int count) {
            this.source = source;
            this.seen = new CountDownLatch(count);
        }

        @Override
        public void onRefresh(RefreshEvent event) {
            super.onRefresh(event);
            if (event.source() == source) {
                seen.countDown();
            }
        }

        @Override
        public void onClosed(Optional<Throwable> cause) {
            super.onClosed(cause);
            ended.countDown();
        }
    }

    @Test
    void aDisplayBesideAVmmLooksByTimerAndArmsNothing() throws Exception {
        TestVgpu vgpu = create(dialect());
        TestOwner vmm = vmm(vgpu);
        long before = host.openDescriptors();
        Counting notes = new Counting(RefreshSource.TIMER, 5);
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, Handover.fromProcess(calls, vmm.pid()))) {
            display.subscribe(notes);
            loop.await(notes.seen);
            assertFalse(vgpu.armed());
            assertEquals(0, display.stats().reads());
            assertEquals(0, display.stats().errors());
        }
        assertEquals(List.of(Optional.empty()), notes.closes);
        assertEquals(0, vgpu.signalled().total());
        assertOnlyOwnersHaveDevices(vmm, before);
    }

    @Test
    void aDisplayThatTakesTheIrqGetsItAndLeavesItDisarmed() throws Exception {
        TestVgpu vgpu = create(dialect());
        TestOwner vmm = vmm(vgpu);
        long before = host.openDescriptors();
        Counting notes = new Counting(RefreshSource.RESYNC, 1);
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(
                        loop, Handover.fromProcess(calls, vmm.pid()), DisplayOptions.DEFAULTS.takingIrq())) {
            display.subscribe(notes);
            loop.await(notes.seen);
            assertTrue(vgpu.armed());
            vgpu.flip();
            vgpu.vblank(1);
            while (loop.step()) {
                continue;
            }
            RefreshEvent event = notes.last();
            assertEquals(RefreshSource.IRQ, event.source());
            assertEquals(1, event.signals().orElseThrow());
        }
        assertFalse(vgpu.armed());
        assertEquals(1, vgpu.signalled().total());
        assertEquals(0, vgpu.forbiddenCalls());
        assertOnlyOwnersHaveDevices(vmm, before);
    }

    @Test
    void theEndOfTheVmmEndsTheDisplayAndFreesTheGroup() throws Exception {
        TestVgpu vgpu = create(dialect());
        TestOwner vmm = vmm(vgpu);
        long before = host.openDescriptors();
        Counting notes = new Counting(RefreshSource.TIMER, 2);
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, Handover.fromProcess(calls, vmm.pid()))) {
            display.subscribe(notes);
            loop.await(notes.seen);
            vmm.close();
            assertThrows(LinuxException.class, () -> VfioDevice.open(calls, vgpu.mdev()), "it is ours still");
            loop.await(notes.ended);
            assertInstanceOf(DeviceOwnerGoneException.class, notes.closes.get(0).orElseThrow());
        }
        assertEquals(before, host.openDescriptors());
        VfioDevice.open(calls, vgpu.mdev()).close();
        assertThrows(LinuxException.class, () -> Handover.fromProcess(calls, vmm.pid()));
    }

    @Test
    void theRemovalOfTheDeviceEndsTheDisplayAndIsCompleteWithTheVmm() throws Exception {
        TestVgpu vgpu = create(dialect());
        TestOwner vmm = vmm(vgpu);
        Counting notes = new Counting(RefreshSource.TIMER, 2);
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, Handover.fromProcess(calls, vmm.pid()))) {
            display.subscribe(notes);
            loop.await(notes.seen);
            vgpu.beginRemoval();
            loop.await(notes.ended);
            assertInstanceOf(DeviceRemovedException.class, notes.closes.get(0).orElseThrow());
        }
        assertFalse(vgpu.isRemoved(), "the VMM has it");
        LinuxException e = assertThrows(LinuxException.class, () -> Handover.fromProcess(calls, vmm.pid()));
        assertTrue(e.getMessage().contains("removed"), e.getMessage());
        vmm.close();
        vgpu.close();
        assertTrue(vgpu.isRemoved());
    }

    @Test
    void aProcessWithoutDevicesIsToldFromOneThatIsNot() throws Exception {
        HandoverException e = assertThrows(HandoverException.class, () -> Handover.fromProcess(calls, 1));
        assertTrue(e.getMessage().startsWith("process 1 ("), e.getMessage());
        assertTrue(e.getMessage().contains("has no VFIO device open"), e.getMessage());
        assertEquals(List.of(), Handover.devicesOf(calls, 1));
        LinuxException gone = assertThrows(LinuxException.class, () -> Handover.fromProcess(calls, 4_194_303));
        assertEquals("ESRCH", gone.errnoName());
    }

    @Test
    void whatIsOfferedOnASocketIsSharedByAsManyAsConnect() throws Exception {
        TestVgpu vgpu = create(dialect());
        String path = socketPath();
        TestOwner owner = closedLater(startOffering(host, vgpu, path));
        long before = host.openDescriptors();
        try (VfioDevice first = Handover.fromSocket(calls, path);
                VfioDevice second = Handover.fromSocket(calls, path)) {
            for (VfioDevice device : List.of(first, second)) {
                assertTrue(device.shared());
                assertEquals(name(vgpu), device.name());
                assertEquals(vgpu.mdev(), device.mdev().orElseThrow());
                assertEquals(6, device.info().irqs());
                assertFalse(device.owner().orElseThrow().isGone());
            }
        }
        assertOnlyOwnersHaveDevices(owner, before);
        Counting notes = new Counting(RefreshSource.TIMER, 3);
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, Handover.fromSocket(calls, path))) {
            display.subscribe(notes);
            loop.await(notes.seen);
            assertTrue(owner.goesOn());
            // It asks its device once more, and says so, before it ends.
            owner.close();
            loop.await(notes.ended);
            assertInstanceOf(DeviceOwnerGoneException.class, notes.closes.get(0).orElseThrow());
        }
        assertFalse(vgpu.armed());
        assertThrows(LinuxException.class, () -> Handover.fromSocket(calls, path));
        assertEquals(before, host.openDescriptors());
        VfioDevice.open(calls, vgpu.mdev()).close();
    }

    @Test
    void aDeviceOfThisProcessIsOfferedAndShared() throws Exception {
        TestVgpu vgpu = create(dialect());
        String path = socketPath();
        long before = host.openDescriptors();
        try (VfioDevice device = VfioDevice.open(calls, vgpu.mdev());
                EventLoop loop = loopBesideTheTest(host)) {
            DeviceSocket offer = DeviceSocket.listen(loop, device, path);
            VfioDevice shared = Handover.fromSocket(calls, path);
            assertEquals(device.name(), shared.name());
            assertEquals(device.info().irqs(), shared.info().irqs());
            offer.close();
            assertTrue(shared.owner().orElseThrow().isGone());
            assertFalse(calls.exists(path));
            shared.close();
            int own = Integer.parseInt(calls.readLink("/proc/self"));
            try (VfioDevice again = Handover.fromProcess(calls, own)) {
                assertEquals(name(vgpu), again.name());
                assertEquals(device.regions().size(), again.regions().size());
            }
            assertEquals(6, device.info().irqs());
        }
        assertEquals(before, host.openDescriptors());
    }
}
