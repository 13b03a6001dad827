package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.PeripheralKind;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.PciRegs;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.IrqOptions;
import io.vfio4j.vfio.IrqSubscription;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.RemovalWatch;
import io.vfio4j.vfio.TooFewVectorsException;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Irqs of emulated devices beyond the contract: what a real kernel shows only by luck, or when something breaks. */
class EmulatorVfioPciTest {
    private final List<String> errors = new ArrayList<>();
    private final IrqOptions options =
            IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause.getMessage()));

    /** A device, opened, and a loop beside it. */
    private static final class Opened implements AutoCloseable {
        private final EmulatorIrqDevice fixture;
        private final EventLoop loop;
        private final VfioDevice device;

        Opened(PeripheralKind kind) throws Exception {
            boolean serial = kind == PeripheralKind.MTTY || kind == PeripheralKind.MTTY_6_1;
            fixture = new EmulatorIrqDevice(kind, serial ? new MttyRegisters() : new EduRegisters());
            loop = EventLoop.stepped(fixture.systemCalls());
            device = VfioDevice.open(fixture.systemCalls(), fixture.host(), AttachOptions.DEFAULTS);
        }

        void settle() {
            pass(Duration.ZERO);
        }

        void pass(Duration time) {
            fixture.emulated().clock().advance(time);
        }

        @Override
        public void close() {
            device.close();
            loop.close();
            assertEquals(List.of(), fixture.emulated().openFiles());
            fixture.close();
        }
    }

    @AfterEach
    void nothingElseWasReported() {
        assertEquals(List.of(), errors);
    }

    @Test
    void severalVectorsReachOneListener() throws Exception {
        try (Opened network = new Opened(PeripheralKind.E1000E)) {
            MsixChecks.severalVectorsReachOneListener(network.loop, network.device, errors);
            assertEquals(18, network.fixture.peripheral().signalled(PciIrq.MSIX.index()) - 2);
        }
    }

    @Test
    void moreVectorsThanTheHostHasAreRefusedWithTheirNumberAndNothingIsArmed() throws Exception {
        try (Opened network = new Opened(PeripheralKind.E1000E)) {
            network.fixture.peripheral().limitVectors(3);
            Irq irq = network.device.irq(PciIrq.MSIX);
            long before = network.fixture.openDescriptors();
            TooFewVectorsException e = assertThrows(
                    TooFewVectorsException.class,
                    () -> irq.subscribe(network.loop, new IrqNotes(), options.withVectors(1, 4)));
            assertEquals(3, e.available());
            assertTrue(e.getMessage().contains("3 vectors"), e.getMessage());
            assertFalse(irq.armed());
            assertEquals(before, network.fixture.openDescriptors());
            irq.subscribe(network.loop, new IrqNotes(), options.withVectors(0, e.available()));
            assertEquals(3, network.fixture.peripheral().armed(PciIrq.MSIX.index()));
        }
    }

    @Test
    void aDeviceThatReportsAnErrorTellsItsListener() throws Exception {
        try (Opened network = new Opened(PeripheralKind.E1000E)) {
            IrqNotes notes = new IrqNotes();
            IrqSubscription subscription = network.device.irq(PciIrq.ERROR).subscribe(network.loop, notes, options);
            network.fixture.peripheral().raiseError();
            network.settle();
            assertEquals(1, notes.count());
            subscription.close();
            network.fixture.peripheral().raiseError();
            network.settle();
            assertEquals(1, notes.count());
        }
    }

    @Test
    void aRequestTellsItsListenerAndAgainEveryTenSeconds() throws Exception {
        try (Opened network = new Opened(PeripheralKind.E1000E)) {
            IrqNotes notes = new IrqNotes();
            network.device.irq(PciIrq.REQUEST).subscribe(network.loop, notes, options);
            network.fixture.beginRemoval();
            network.settle();
            assertEquals(1, notes.count());
            network.pass(Duration.ofSeconds(20));
            assertEquals(3, notes.count());
            network.device.close();
            assertTrue(network.fixture.isRemoved());
            assertEquals(List.of(Optional.empty()), notes.closes);
        }
    }

    @ParameterizedTest
    @EnumSource(PeripheralKind.class)
    void aRemovalIsNoticedByTheRequestAtOnceAndByTheDriverLinkSoon(PeripheralKind kind) throws Exception {
        try (Opened opened = new Opened(kind)) {
            RemovalWatch.start(opened.loop, opened.device, opened.device::close);
            opened.pass(Duration.ofSeconds(1));
            assertFalse(opened.fixture.isRemoved());
            opened.fixture.beginRemoval();
            boolean signalled = kind == PeripheralKind.EDU || kind == PeripheralKind.E1000E;
            opened.settle();
            assertEquals(signalled, opened.fixture.isRemoved());
            opened.pass(Duration.ofMillis(250));
            assertTrue(opened.fixture.isRemoved());
        }
    }

    @Test
    void aWatchBesideAListenerOfTheRequestGoesByTheDriverLink() throws Exception {
        try (Opened network = new Opened(PeripheralKind.E1000E)) {
            IrqNotes notes = new IrqNotes();
            network.device.irq(PciIrq.REQUEST).subscribe(network.loop, notes, options);
            RemovalWatch.start(network.loop, network.device, network.device::close);
            network.fixture.beginRemoval();
            network.settle();
            assertEquals(1, notes.count());
            assertFalse(network.fixture.isRemoved());
            network.pass(Duration.ofMillis(250));
            assertTrue(network.fixture.isRemoved());
        }
    }

    @Test
    void aRefusedRequestIrqIsReportedAndDoesNotKeepTheWatchFromNoticing() throws Exception {
        try (Opened network = new Opened(PeripheralKind.E1000E)) {
            network.fixture.emulated().faults().fail(Vfio.VFIO_DEVICE_SET_IRQS.name(), 1, Errno.EINVAL);
            List<String> reported = new ArrayList<>();
            RemovalWatch.start(
                    network.loop, network.device, network.device::close, (what, cause) -> reported.add(what));
            assertEquals(1, reported.size());
            assertTrue(reported.get(0).contains("noticed all the same"), reported.get(0));
            network.fixture.beginRemoval();
            network.pass(Duration.ofMillis(250));
            assertTrue(network.fixture.isRemoved());
        }
    }

    @Test
    void messagesOfADeviceThatIsNotBusMasterDoNotArrive() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            IrqNotes notes = new IrqNotes();
            edu.device.irq(PciIrq.MSI).subscribe(edu.loop, notes, options);
            edu.fixture.registers().raise(edu.device);
            edu.settle();
            assertEquals(0, notes.count());
            edu.fixture.registers().prepare(edu.device);
            edu.fixture.registers().raise(edu.device);
            edu.settle();
            assertEquals(1, notes.count());
        }
    }

    @Test
    void aLineThatTheDeviceItselfDisablesIsSilentUntilItEnablesIt() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            IrqNotes notes = new IrqNotes();
            edu.device
                    .irq(PciIrq.INTX)
                    .subscribe(edu.loop, notes, options.withUnmasking(IrqOptions.Unmasking.BY_CALLER));
            EduRegisters.setCommand(edu.device, PciRegs.PCI_COMMAND_MEMORY | PciRegs.PCI_COMMAND_INTX_DISABLE);
            edu.fixture.registers().raise(edu.device);
            edu.device.irq(PciIrq.INTX).trigger(0);
            edu.settle();
            assertEquals(0, notes.count());
            EduRegisters.setCommand(edu.device, PciRegs.PCI_COMMAND_MEMORY);
            edu.settle();
            assertEquals(1, notes.count());
        }
    }

    @Test
    void aLineThatIsAssertedWhenItIsArmedComesAtOnce() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            edu.fixture.registers().raise(edu.device);
            IrqNotes notes = new IrqNotes();
            edu.device
                    .irq(PciIrq.INTX)
                    .subscribe(edu.loop, notes, options.withUnmasking(IrqOptions.Unmasking.BY_CALLER));
            edu.settle();
            assertEquals(1, notes.count());
            assertTrue(edu.fixture.peripheral().masked());
        }
    }

    @Test
    void anUnmaskThatTheDriverRefusesIsReported() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            IrqNotes notes = new IrqNotes();
            edu.device.irq(PciIrq.INTX).subscribe(edu.loop, notes, options);
            edu.fixture.registers().raise(edu.device);
            edu.fixture.emulated().faults().fail(Vfio.VFIO_DEVICE_SET_IRQS.name(), 1, Errno.EIO);
            edu.settle();
            assertEquals(1, notes.count());
            assertEquals(1, errors.size());
            assertTrue(errors.get(0).contains("stays masked"), errors.get(0));
            errors.clear();
        }
    }

    @Test
    void whicheverCallOfSubscribingFailsNothingStaysArmedOrOpen() throws Exception {
        int cases = 0;
        for (PeripheralKind kind : PeripheralKind.values()) {
            for (PciIrq which : List.of(PciIrq.INTX, PciIrq.MSI)) {
                boolean succeeded = false;
                for (int nth = 1; !succeeded; nth++) {
                    try (Opened opened = new Opened(kind)) {
                        List<String> before = opened.fixture.emulated().openFiles();
                        opened.fixture.emulated().faults().fail("*", nth, Errno.EIO);
                        try {
                            opened.device.irq(which).subscribe(opened.loop, new IrqNotes(), options);
                            succeeded = true;
                        } catch (LinuxException e) {
                            cases++;
                            assertEquals(Errno.EIO, e.errno());
                            assertEquals(before, opened.fixture.emulated().openFiles(), e.getMessage());
                            assertEquals(0, opened.fixture.peripheral().armed(which.index()), e.getMessage());
                            opened.device.irq(which).subscribe(opened.loop, new IrqNotes(), options);
                        }
                        opened.fixture.emulated().faults().clear();
                    }
                }
            }
        }
        assertTrue(cases >= 5 * 8, "only " + cases + " cases");
    }

    @ParameterizedTest
    @ValueSource(strings = {"VFIO_DEVICE_GET_INFO", "VFIO_DEVICE_GET_IRQ_INFO", "eventfd", "epoll_ctl"})
    void whicheverCallOfAWatchFailsNothingStaysOpen(String operation) throws Exception {
        boolean succeeded = false;
        int failed = 0;
        for (int nth = 1; !succeeded; nth++) {
            try (Opened network = new Opened(PeripheralKind.E1000E)) {
                List<String> before = network.fixture.emulated().openFiles();
                network.fixture.emulated().faults().fail(operation, nth, Errno.EIO);
                try {
                    RemovalWatch watch = RemovalWatch.start(network.loop, network.device, () -> {});
                    watch.close();
                    succeeded = true;
                } catch (LinuxException e) {
                    assertEquals(operation, e.operation());
                    failed++;
                }
                network.fixture.emulated().faults().clear();
                assertEquals(before, network.fixture.emulated().openFiles());
                assertEquals(0, network.fixture.peripheral().armed(PciIrq.REQUEST.index()));
            }
        }
        assertTrue(failed > 0);
    }

    @ParameterizedTest
    @CsvSource({"VFIO_DEVICE_SET_IRQS,1", "VFIO_DEVICE_SET_IRQS,2", "read,1", "epoll_ctl,1"})
    void whicheverCallOfTheEndFailsTheSubscriptionEnds(String operation, int nth) throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            IrqNotes notes = new IrqNotes();
            IrqSubscription subscription = edu.device.irq(PciIrq.INTX).subscribe(edu.loop, notes, options);
            edu.fixture.emulated().faults().fail(operation, nth, Errno.EIO);
            subscription.close();
            edu.fixture.emulated().faults().clear();
            assertEquals(List.of(Optional.empty()), notes.closes);
            assertEquals(1, errors.size());
            errors.clear();
        }
    }

    @Test
    void anIrqThatCouldNotBeDisarmedIsNotArmedAgain() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU);
                Descriptor eventFd = edu.fixture.systemCalls().eventFd("counter")) {
            Irq irq = edu.device.irq(PciIrq.MSI);
            irq.arm(eventFd);
            edu.fixture.emulated().faults().fail(Vfio.VFIO_DEVICE_SET_IRQS.name(), 1, Errno.EIO);
            assertThrows(LinuxException.class, irq::disarm);
            assertThrows(IllegalStateException.class, irq::disarm);
            assertThrows(IllegalStateException.class, () -> irq.arm(eventFd));
            assertThrows(IllegalStateException.class, () -> irq.subscribe(edu.loop, new IrqNotes(), options));
        }
    }

    @Test
    void aLoopThatFailsTellsTheListenerWhyAndDisarms() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            IrqNotes notes = new IrqNotes();
            edu.device.irq(PciIrq.MSI).subscribe(edu.loop, notes, options);
            RemovalWatch watch = RemovalWatch.start(edu.loop, edu.device, () -> {});
            edu.fixture.emulated().faults().fail("epoll_wait", 1, Errno.EIO);
            edu.loop.step();
            assertEquals(1, notes.closes.size());
            assertTrue(notes.closes.get(0).orElseThrow() instanceof LinuxException);
            assertEquals(0, edu.fixture.peripheral().armed(PciIrq.MSI.index()));
            assertEquals(0, edu.fixture.peripheral().armed(PciIrq.REQUEST.index()));
            watch.close();
        }
    }

    @Test
    void listenersAndHandlersThatThrowDoNotKeepTheSubscriptionFromEnding() throws Exception {
        try (Opened edu = new Opened(PeripheralKind.EDU)) {
            IrqNotes failing = new IrqNotes() {
                @Override
                public void onClosed(Optional<Throwable> cause) {
                    super.onClosed(cause);
                    throw new AssertionError("on purpose");
                }
            };
            IrqSubscription subscription = edu.device
                    .irq(PciIrq.MSI)
                    .subscribe(edu.loop, failing, IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> {
                        throw new IllegalStateException("on purpose");
                    }));
            subscription.close();
            assertEquals(1, failing.closes.size());
            assertFalse(edu.device.irq(PciIrq.MSI).armed());
        }
    }

    @Test
    void onALoopWithAThreadOfItsOwnClosingWaitsForTheCallback() throws Exception {
        EmulatorIrqDevice fixture = new EmulatorIrqDevice(PeripheralKind.EDU, new EduRegisters());
        try (EventLoop loop = EventLoop.start(fixture.systemCalls(), "irqs");
                VfioDevice device = VfioDevice.open(fixture.systemCalls(), fixture.host(), AttachOptions.DEFAULTS)) {
            java.util.concurrent.CountDownLatch entered = new java.util.concurrent.CountDownLatch(1);
            java.util.concurrent.CountDownLatch proceed = new java.util.concurrent.CountDownLatch(1);
            java.util.concurrent.atomic.AtomicInteger left = new java.util.concurrent.atomic.AtomicInteger();
            IrqSubscription subscription = device.irq(PciIrq.MSI)
                    .subscribe(
                            loop,
                            event -> {
                                entered.countDown();
                                try {
                                    proceed.await();
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                                left.incrementAndGet();
                            },
                            options);
            device.irq(PciIrq.MSI).trigger(0);
            entered.await();
            Thread closer = new Thread(() -> {
                subscription.close();
                left.addAndGet(10);
            });
            closer.start();
            assertEquals(0, left.get());
            proceed.countDown();
            closer.join();
            assertEquals(11, left.get());
            assertFalse(device.irq(PciIrq.MSI).armed());
        }
        fixture.close();
    }

    @Test
    void mttyOfLinux61IsArmedAndDisarmedOnceWithoutHarm() throws Exception {
        try (Opened serial = new Opened(PeripheralKind.MTTY_6_1)) {
            for (PciIrq which : List.of(PciIrq.INTX, PciIrq.MSI)) {
                IrqNotes notes = new IrqNotes();
                try (IrqSubscription subscription = serial.device.irq(which).subscribe(serial.loop, notes, options)) {
                    serial.fixture.registers().raise(serial.device);
                    serial.fixture.registers().raise(serial.device);
                    serial.settle();
                    assertEquals(2, notes.count(), "masks are ignored");
                    // Loop-back does nothing there, and so no harm.
                    subscription.irq().trigger(0);
                    serial.settle();
                    assertEquals(2, notes.count());
                }
            }
        }
    }
}
