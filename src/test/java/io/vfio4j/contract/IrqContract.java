package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.IrqEvent;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.IrqOptions;
import io.vfio4j.vfio.IrqOptions.Unmasking;
import io.vfio4j.vfio.IrqSubscription;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.RemovalWatch;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What listeners get of a device's INTx and MSI, counted exactly, and how subscriptions end. The same on every kernel and for every
 * device that raises interrupts by a write to a register; a subclass says which.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class IrqContract {
    private final List<String> errors = new ArrayList<>();
    private final IrqOptions options = IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what));
    private TestIrqDevice fixture;
    private EventLoop loop;
    private VfioDevice device;
    private long descriptorsBefore;

    abstract TestIrqDevice openDevice() throws IOException;

    @BeforeEach
    void open() throws IOException {
        fixture = openDevice();
        descriptorsBefore = fixture.openDescriptors();
        loop = EventLoop.stepped(fixture.systemCalls());
        device = VfioDevice.open(fixture.systemCalls(), fixture.host(), AttachOptions.DEFAULTS);
        fixture.registers().prepare(device);
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        device.close();
        loop.close();
        assertEquals(descriptorsBefore, fixture.openDescriptors(), "open descriptors");
        fixture.close();
        assertEquals(List.of(), List.copyOf(errors), "errors");
        errors.clear();
    }

    private Irq irq(PciIrq which) throws IOException {
        return device.irq(which);
    }

    private void raise() throws IOException {
        fixture.registers().raise(device);
    }

    private void acknowledge() {
        try {
            fixture.registers().acknowledge(device);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void settle() {
        boolean worked = true;
        while (worked) {
            worked = loop.step();
        }
    }

    /** Has the device take its interrupt back, as a driver's handler does. */
    private final class Handler extends IrqNotes {
        @Override
        public void onInterrupt(IrqEvent event) {
            acknowledge();
            super.onInterrupt(event);
        }
    }

    private Handler subscribed(PciIrq which) throws IOException {
        Handler handler = new Handler();
        irq(which).subscribe(loop, handler, options);
        return handler;
    }

    @Test
    void theIrqsAreDescribed() throws Exception {
        IrqInfo line = irq(PciIrq.INTX).info();
        assertTrue(line.eventFd() && line.maskable() && line.autoMasked());
        assertFalse(line.noResize());
        assertEquals(1, line.count());
        IrqInfo messages = irq(PciIrq.MSI).info();
        assertTrue(messages.eventFd() && messages.noResize());
        assertFalse(messages.maskable() || messages.autoMasked());
        assertSame(irq(PciIrq.INTX), device.irq(PciIrq.INTX.index()));
        assertNotSame(irq(PciIrq.INTX), irq(PciIrq.MSI));
    }

    @Test
    void anIrqThatTheDeviceLacksIsRefusedWithAReason() {
        LinuxException e = assertThrows(LinuxException.class, () -> irq(PciIrq.ERROR));
        assertEquals(Errno.EINVAL, e.errno());
        assertTrue(e.advice().contains("PCI Express"), e.advice());
    }

    @Test
    void anInterruptLineReachesTheListenerEachTimeItIsRaised() throws Exception {
        Handler handler = subscribed(PciIrq.INTX);
        for (int i = 1; i <= 5; i++) {
            raise();
            loop.await(handler.total(i));
        }
        settle();
        assertEquals(5, handler.count());
        assertEquals(5, handler.events.size());
        assertTrue(handler.events.stream().allMatch(event -> event.vector() == 0));
        long now = fixture.systemCalls().nanoTime();
        assertTrue(handler.events.stream().allMatch(event -> now - event.timeNanos() >= 0));
    }

    @Test
    void messagesReachTheListenerEachTimeTheyAreSent() throws Exception {
        Handler handler = subscribed(PciIrq.MSI);
        for (int i = 1; i <= 5; i++) {
            // One at a time: the processor takes messages that come at once for one.
            raise();
            loop.await(handler.total(i));
        }
        assertEquals(5, handler.count());
        assertThrows(IllegalStateException.class, () -> irq(PciIrq.MSI).mask());
        assertThrows(IllegalStateException.class, () -> irq(PciIrq.MSI).unmask());
    }

    @Test
    void whatIsSignalledWhileNobodyReadsIsCounted() throws Exception {
        Handler handler = subscribed(PciIrq.MSI);
        for (int i = 0; i < 7; i++) {
            irq(PciIrq.MSI).trigger(0);
        }
        loop.await(handler.total(7));
        assertEquals(1, handler.events.size());
        assertEquals(7, handler.events.get(0).count());
    }

    @Test
    void aMaskedLineIsSilentAndOneThatIsStillAssertedComesWhenItIsUnmasked() throws Exception {
        Handler handler = subscribed(PciIrq.INTX);
        irq(PciIrq.INTX).mask();
        raise();
        settle();
        assertEquals(0, handler.count());
        irq(PciIrq.INTX).unmask();
        if (!fixture.registers().keepsItsLine()) {
            settle();
            assertEquals(0, handler.count(), "what came meanwhile is dropped");
            raise();
        }
        loop.await(handler.total(1));
        raise();
        loop.await(handler.total(2));
        assertEquals(2, handler.count());
    }

    @Test
    void aLineThatTheListenerMasksIsNotUnmaskedAfterIt() throws Exception {
        Irq line = irq(PciIrq.INTX);
        IrqNotes masking = new IrqNotes() {
            @Override
            public void onInterrupt(IrqEvent event) {
                acknowledge();
                try {
                    line.mask();
                } catch (LinuxException e) {
                    throw new java.io.UncheckedIOException(e);
                }
                super.onInterrupt(event);
            }
        };
        line.subscribe(loop, masking, options);
        raise();
        loop.await(masking.total(1));
        raise();
        settle();
        assertEquals(1, masking.count());
        acknowledge();
        line.unmask();
        raise();
        loop.await(masking.total(2));
    }

    @Test
    void whoUnmasksByHimselfHearsOnceUntilHeDoes() throws Exception {
        Handler handler = new Handler();
        irq(PciIrq.INTX).subscribe(loop, handler, options.withUnmasking(Unmasking.BY_CALLER));
        raise();
        loop.await(handler.total(1));
        raise();
        settle();
        assertEquals(1, handler.count());
        irq(PciIrq.INTX).unmask();
        if (!fixture.registers().keepsItsLine()) {
            raise();
        }
        loop.await(handler.total(2));
        assertEquals(2, handler.count());
    }

    @Test
    void anInterruptThatIsNotTakenBackComesAgainWhereTheLineIsALevel() throws Exception {
        int expected = fixture.registers().keepsItsLine() ? 3 : 1;
        IrqNotes slow = new IrqNotes() {
            @Override
            public void onInterrupt(IrqEvent event) {
                super.onInterrupt(event);
                if (events.size() == 3) {
                    acknowledge();
                }
            }
        };
        irq(PciIrq.INTX).subscribe(loop, slow, options);
        raise();
        loop.await(slow.total(expected));
        settle();
        assertEquals(expected, slow.count());
    }

    @Test
    void aListenerThatThrowsIsReportedAndTheLineStaysMaskedUntilItIsUnmasked() throws Exception {
        IrqNotes failing = new IrqNotes() {
            @Override
            public void onInterrupt(IrqEvent event) {
                super.onInterrupt(event);
                if (events.size() == 1) {
                    throw new IllegalStateException("on purpose");
                }
                acknowledge();
            }
        };
        irq(PciIrq.INTX).subscribe(loop, failing, options);
        raise();
        loop.await(failing.total(1));
        settle();
        assertEquals(1, failing.count());
        assertEquals(1, errors.size());
        assertTrue(errors.get(0).contains("stays masked"), errors.get(0));
        errors.clear();
        irq(PciIrq.INTX).unmask();
        if (!fixture.registers().keepsItsLine()) {
            raise();
        }
        loop.await(failing.total(2));
    }

    @Test
    void anEventFdUnmasksTheLineOrTheDriverSaysThatItCannot() throws Exception {
        Irq line = irq(PciIrq.INTX);
        IrqNotes notes = new IrqNotes();
        assertThrows(IllegalStateException.class, () -> unmaskBy(line));
        IrqSubscription subscription = line.subscribe(loop, notes, options.withUnmasking(Unmasking.BY_CALLER));
        if (!fixture.registers().isUnmaskedByEventFd()) {
            LinuxException e = assertThrows(LinuxException.class, () -> unmaskBy(line));
            assertEquals(Errno.ENOTTY, e.errno());
            assertTrue(e.advice().contains("cannot unmask by an eventfd"), e.advice());
            return;
        }
        try (Descriptor resample = fixture.systemCalls().eventFd("resample")) {
            line.unmaskBy(resample);
            assertThrows(IllegalStateException.class, () -> line.unmaskBy(resample));
            raise();
            loop.await(notes.total(1));
            // It is still asserted, so it comes again.
            fixture.systemCalls().signal(resample, 1);
            loop.await(notes.total(2));
            acknowledge();
            fixture.systemCalls().signal(resample, 1);
            assertEquals(0, fixture.systemCalls().drain(resample), "the kernel has taken it");
            settle();
            assertEquals(2, notes.count());
            raise();
            loop.await(notes.total(3));
            acknowledge();
            subscription.close();
            fixture.systemCalls().signal(resample, 1);
            assertEquals(1, fixture.systemCalls().drain(resample), "disarming has ended that, too");
        }
    }

    private void unmaskBy(Irq line) throws LinuxException {
        try (Descriptor resample = fixture.systemCalls().eventFd("resample")) {
            line.unmaskBy(resample);
        }
    }

    @Test
    void loopBackSignalsAsTheDeviceWould() throws Exception {
        for (PciIrq which : List.of(PciIrq.INTX, PciIrq.MSI)) {
            IrqNotes notes = new IrqNotes();
            assertThrows(IllegalStateException.class, () -> irq(which).trigger(0));
            try (IrqSubscription subscription = irq(which).subscribe(loop, notes, options)) {
                subscription.irq().trigger(0);
                loop.await(notes.total(1));
                subscription.irq().trigger(0);
                loop.await(notes.total(2));
                settle();
                assertEquals(2, notes.count());
                assertThrows(IllegalArgumentException.class, () -> irq(which).trigger(1));
                assertThrows(IllegalArgumentException.class, () -> irq(which).trigger(-1));
            }
        }
    }

    @Test
    void ofInterruptLineAndMessagesADeviceHasOneAtATime() throws Exception {
        IrqSubscription line = irq(PciIrq.INTX).subscribe(loop, new IrqNotes(), options);
        long before = fixture.openDescriptors();
        LinuxException e = assertThrows(LinuxException.class, () -> subscribed(PciIrq.MSI));
        assertEquals(Errno.EINVAL, e.errno());
        assertTrue(e.advice().contains("one of them at a time"), e.advice());
        assertEquals(before, fixture.openDescriptors());
        assertFalse(irq(PciIrq.MSI).armed());
        line.close();
        Handler messages = subscribed(PciIrq.MSI);
        raise();
        loop.await(messages.total(1));
    }

    @Test
    void anIrqIsSubscribedToOnceAtATimeAndOnlyToTheVectorsThatItHas() throws Exception {
        subscribed(PciIrq.INTX);
        assertThrows(IllegalStateException.class, () -> subscribed(PciIrq.INTX));
        assertThrows(
                IllegalArgumentException.class,
                () -> irq(PciIrq.MSI).subscribe(loop, new IrqNotes(), options.withVectors(1, 1)));
        assertThrows(
                IllegalArgumentException.class,
                () -> irq(PciIrq.MSI).subscribe(loop, new IrqNotes(), options.withVectors(0, 2)));
        assertThrows(IllegalArgumentException.class, () -> options.withVectors(0, 0));
        assertThrows(IllegalArgumentException.class, () -> options.withVectors(-1, 1));
        try (Descriptor eventFd = fixture.systemCalls().eventFd("counter")) {
            assertThrows(IllegalStateException.class, () -> irq(PciIrq.INTX).arm(eventFd));
            assertThrows(IllegalArgumentException.class, () -> irq(PciIrq.MSI).arm(0, List.of()));
            assertThrows(
                    IllegalArgumentException.class, () -> irq(PciIrq.MSI).arm(Integer.MAX_VALUE, List.of(eventFd)));
        }
    }

    @Test
    void aSubscriptionEndsOnceAndTheIrqCanBeSubscribedToAgain() throws Exception {
        for (int round = 0; round < 3; round++) {
            Handler handler = new Handler();
            IrqSubscription subscription = irq(PciIrq.INTX).subscribe(loop, handler, options);
            assertTrue(irq(PciIrq.INTX).armed());
            raise();
            loop.await(handler.total(1));
            subscription.close();
            subscription.close();
            assertFalse(irq(PciIrq.INTX).armed());
            assertEquals(List.of(Optional.empty()), handler.closes);
            raise();
            settle();
            assertEquals(1, handler.count());
            acknowledge();
        }
    }

    @Test
    void whatWasSignalledBeforeTheEndIsDeliveredBeforeTheEnd() throws Exception {
        Handler handler = new Handler();
        IrqSubscription subscription = irq(PciIrq.MSI).subscribe(loop, handler, options);
        irq(PciIrq.MSI).trigger(0);
        irq(PciIrq.MSI).trigger(0);
        subscription.close();
        assertEquals(2, handler.count());
        assertEquals(1, handler.closes.size());
    }

    @Test
    void aSubscriptionCanBeClosedInItsOwnCallback() throws Exception {
        List<IrqSubscription> own = new ArrayList<>();
        IrqNotes leaving = new IrqNotes() {
            @Override
            public void onInterrupt(IrqEvent event) {
                super.onInterrupt(event);
                acknowledge();
                own.get(0).close();
                assertEquals(0, closes.size(), "not within the callback");
            }
        };
        own.add(irq(PciIrq.INTX).subscribe(loop, leaving, options));
        raise();
        loop.await(leaving.total(1));
        assertEquals(1, leaving.closes.size());
        assertFalse(irq(PciIrq.INTX).armed());
        own.get(0).close();
    }

    @Test
    void theDeviceCanBeClosedInACallback() throws Exception {
        IrqNotes leaving = new IrqNotes() {
            @Override
            public void onInterrupt(IrqEvent event) {
                acknowledge();
                device.close();
                super.onInterrupt(event);
            }
        };
        irq(PciIrq.INTX).subscribe(loop, leaving, options);
        raise();
        loop.await(leaving.total(1));
        assertEquals(List.of(Optional.empty()), leaving.closes);
        assertThrows(ClosedException.class, () -> device.irq(PciIrq.INTX.index()));
    }

    @Test
    void closingTheDeviceEndsItsSubscriptionsAndDisarmsWhatElseIsArmed() throws Exception {
        Handler handler = subscribed(PciIrq.MSI);
        Irq irq = irq(PciIrq.MSI);
        device.close();
        assertEquals(List.of(Optional.empty()), handler.closes);
        assertFalse(irq.armed());
        device = VfioDevice.open(fixture.systemCalls(), fixture.host(), AttachOptions.DEFAULTS);
        try (Descriptor eventFd = fixture.systemCalls().eventFd("counter")) {
            Irq again = irq(PciIrq.INTX);
            again.arm(eventFd);
            device.close();
            assertFalse(again.armed());
            assertThrows(ClosedException.class, () -> again.arm(eventFd));
        }
    }

    @Test
    void closingTheLoopEndsItsSubscriptions() throws Exception {
        Handler handler = subscribed(PciIrq.INTX);
        loop.close();
        assertEquals(List.of(Optional.empty()), handler.closes);
        assertFalse(irq(PciIrq.INTX).armed());
        assertThrows(ClosedException.class, () -> subscribed(PciIrq.INTX));
    }

    @Test
    void anEventFdOfTheCallersIsSignalledWithoutALoop() throws Exception {
        try (Descriptor eventFd = fixture.systemCalls().eventFd("counter")) {
            Irq irq = irq(PciIrq.MSI);
            irq.arm(eventFd);
            irq.trigger(0);
            irq.trigger(0);
            assertEquals(2, fixture.systemCalls().drain(eventFd));
            irq.disarm();
            assertEquals(0, fixture.systemCalls().drain(eventFd));
            assertThrows(IllegalStateException.class, () -> irq.trigger(0));
        }
    }

    @Test
    void whatIsNoEventFdCannotBeArmed() throws Exception {
        try (Descriptor timer = fixture.systemCalls().timerFd("no eventfd")) {
            LinuxException e =
                    assertThrows(LinuxException.class, () -> irq(PciIrq.MSI).arm(timer));
            assertEquals(Errno.EINVAL, e.errno());
            assertFalse(irq(PciIrq.MSI).armed());
        }
        Handler handler = subscribed(PciIrq.MSI);
        raise();
        loop.await(handler.total(1));
    }

    @Test
    void aRemovalIsNoticedAndFinishesWhenTheDeviceIsClosed() throws Exception {
        Handler handler = subscribed(PciIrq.INTX);
        CountDownLatch removed = new CountDownLatch(1);
        RemovalWatch watch = RemovalWatch.start(loop, device, () -> {
            device.close();
            removed.countDown();
        });
        raise();
        loop.await(handler.total(1));
        fixture.beginRemoval();
        assertFalse(fixture.isRemoved());
        loop.await(removed);
        assertEquals(List.of(Optional.empty()), handler.closes);
        watch.close();
        fixture.close();
        assertTrue(fixture.isRemoved());
    }

    @Test
    void aRemovalFromWithinACallbackFinishesToo() throws Exception {
        CountDownLatch removed = new CountDownLatch(1);
        RemovalWatch.start(loop, device, () -> {
            device.close();
            removed.countDown();
        });
        IrqNotes removing = new IrqNotes() {
            @Override
            public void onInterrupt(IrqEvent event) {
                acknowledge();
                try {
                    fixture.beginRemoval();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
                super.onInterrupt(event);
            }
        };
        irq(PciIrq.INTX).subscribe(loop, removing, options);
        raise();
        loop.await(removing.total(1));
        loop.await(removed);
        assertEquals(1, removing.closes.size());
        fixture.close();
        assertTrue(fixture.isRemoved());
    }

    @Test
    void aWatchThatIsClosedNoticesNothing() throws Exception {
        List<String> noticed = new ArrayList<>();
        RemovalWatch watch = RemovalWatch.start(loop, device, () -> noticed.add("removed"));
        watch.close();
        watch.close();
        fixture.beginRemoval();
        settle();
        device.close();
        fixture.close();
        assertTrue(fixture.isRemoved());
        assertEquals(List.of(), noticed);
    }

    @Test
    void anActionThatThrowsIsReported() throws Exception {
        CountDownLatch removed = new CountDownLatch(1);
        List<Throwable> causes = new ArrayList<>();
        RemovalWatch.start(
                loop,
                device,
                () -> {
                    throw new IllegalStateException("on purpose");
                },
                (what, cause) -> {
                    causes.add(cause);
                    removed.countDown();
                });
        fixture.beginRemoval();
        loop.await(removed);
        assertInstanceOf(IllegalStateException.class, causes.get(0));
        device.close();
        fixture.close();
        assertTrue(fixture.isRemoved());
    }
}
