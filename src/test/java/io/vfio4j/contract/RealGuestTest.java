package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.Irqfd;
import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Interrupts that a guest takes, on a real kernel: signalled here or by a VFIO device, counted on both sides. Each is signalled
 * when the guest has counted the one before.
 */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
@Timeout(value = 150, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealGuestTest {
    private static final int SIGNALS = 100;
    private static final int PIC_PIN = 5;
    private static final int PIC_VECTOR = GuestCode.PIC_BASE + PIC_PIN;
    private static final int IOAPIC_PIN = 20;
    private static final int IOAPIC_VECTOR = 0x35;
    private static final int MESSAGE_VECTOR = 0x31;
    private static final int OTHER_VECTOR = 0x32;

    private final SystemCalls calls = JnaLinux.open();
    private final TestHost host = new RealHost(calls);
    private long descriptorsBefore;

    @BeforeEach
    void countDescriptors() throws IOException {
        descriptorsBefore = host.openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, host.openDescriptors(), "open descriptors");
    }

    private static Message message(int vector) {
        return new Message(GuestCode.LOCAL_APIC, vector);
    }

    private static GuestCode picPin(KvmGuest guest, boolean level) {
        guest.handlePicInterrupt(PIC_VECTOR);
        return new GuestCode().setUpPic(PIC_PIN, level);
    }

    private static GuestCode ioapicPin(KvmGuest guest, boolean level) {
        guest.handleApicInterrupt(IOAPIC_VECTOR);
        return new GuestCode().setUpIoapic(IOAPIC_PIN, IOAPIC_VECTOR, level);
    }

    private void signal(KvmGuest guest, Irqfd irqfd, int vector) throws IOException {
        int before = guest.count(vector);
        for (int i = 1; i <= SIGNALS; i++) {
            calls.signal(irqfd.eventFd(), i % 2 == 0 ? i : 1L << 56);
            guest.awaitCount(vector, before + i);
        }
        assertEquals(0, calls.drain(irqfd.eventFd()));
    }

    @Test
    void aSignalReachesTheGuestThroughThePic() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls);
                Irqfd irqfd = guest.vm().irqfd(PIC_PIN, calls.eventFd("a pin of the PIC"))) {
            guest.start(picPin(guest, false));
            long before = guest.statistics().value("irq_injections");
            signal(guest, irqfd, PIC_VECTOR);
            // An injection that the processor could not finish is repeated, and counted again.
            assertTrue(guest.statistics().value("irq_injections") - before >= SIGNALS);
            assertTrue(guest.statistics().value("halt_exits") > 0);
            assertTrue(guest.statistics().histogram("halt_wait_hist").total() > 0);
        }
    }

    @Test
    void aSignalReachesTheGuestThroughTheIoapic() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls);
                Irqfd irqfd = guest.vm().irqfd(IOAPIC_PIN, calls.eventFd("a pin of the IOAPIC"))) {
            guest.start(ioapicPin(guest, false));
            signal(guest, irqfd, IOAPIC_VECTOR);
        }
    }

    @Test
    void aSignalReachesTheGuestAsAMessage() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls)) {
            int gsi = guest.vm().routing().routeFree(message(MESSAGE_VECTOR));
            guest.handleApicInterrupt(MESSAGE_VECTOR);
            guest.start(new GuestCode());
            try (Irqfd irqfd = guest.vm().irqfd(gsi, calls.eventFd("a message"))) {
                signal(guest, irqfd, MESSAGE_VECTOR);
            }
        }
    }

    @Test
    void aRouteMoreLeavesTheOthersAndAMovedOneGoesElsewhere() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls);
                Irqfd pin = guest.vm().irqfd(PIC_PIN, calls.eventFd("a pin of the PIC"))) {
            guest.handleApicInterrupt(MESSAGE_VECTOR);
            guest.handleApicInterrupt(OTHER_VECTOR);
            guest.start(picPin(guest, false));
            signal(guest, pin, PIC_VECTOR);
            int gsi = guest.vm().routing().routeFree(message(MESSAGE_VECTOR));
            try (Irqfd moving = guest.vm().irqfd(gsi, calls.eventFd("a message"))) {
                signal(guest, pin, PIC_VECTOR);
                signal(guest, moving, MESSAGE_VECTOR);
                int other = guest.vm().routing().routeFree(message(OTHER_VECTOR));
                try (Irqfd second = guest.vm().irqfd(other, calls.eventFd("another message"))) {
                    signal(guest, second, OTHER_VECTOR);
                    signal(guest, moving, MESSAGE_VECTOR);
                }
                guest.vm().routing().route(gsi, message(OTHER_VECTOR));
                signal(guest, moving, OTHER_VECTOR);
                assertEquals(2 * SIGNALS, guest.count(MESSAGE_VECTOR));
            }
            guest.vm().routing().route(gsi);
            signal(guest, pin, PIC_VECTOR);
            assertEquals(
                    List.of(3 * SIGNALS, 2 * SIGNALS, 2 * SIGNALS),
                    List.of(guest.count(PIC_VECTOR), guest.count(MESSAGE_VECTOR), guest.count(OTHER_VECTOR)));
        }
    }

    @Test
    void whatWasSignalledBeforeIsOneInterrupt() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls)) {
            guest.start(picPin(guest, false));
            Descriptor eventFd = calls.eventFd("a pin of the PIC");
            calls.signal(eventFd, 3);
            try (Irqfd irqfd = guest.vm().irqfd(PIC_PIN, eventFd)) {
                guest.awaitCount(PIC_VECTOR, 1);
                calls.signal(irqfd.eventFd(), 1);
                guest.awaitCount(PIC_VECTOR, 2);
            }
        }
    }

    @Test
    void afterItsEndAnIrqfdInterruptsNobody() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls);
                Irqfd pin = guest.vm().irqfd(PIC_PIN, calls.eventFd("a pin of the PIC"))) {
            guest.handleApicInterrupt(MESSAGE_VECTOR);
            guest.start(picPin(guest, false));
            guest.vm().routing().route(30, message(MESSAGE_VECTOR));
            try (Irqfd irqfd = guest.vm().irqfd(30, calls.eventFd("a message"))) {
                calls.signal(irqfd.eventFd(), 1);
                guest.awaitCount(MESSAGE_VECTOR, 1);
            }
            try (Irqfd unrouted = guest.vm().irqfd(31, calls.eventFd("a message to nobody"))) {
                calls.signal(unrouted.eventFd(), 1);
            }
            signal(guest, pin, PIC_VECTOR);
            assertEquals(1, guest.count(MESSAGE_VECTOR));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theGuestsEndOfALevelIsSignalledBack(boolean byPic) throws Exception {
        int gsi = byPic ? PIC_PIN : IOAPIC_PIN;
        int vector = byPic ? PIC_VECTOR : IOAPIC_VECTOR;
        try (KvmGuest guest = new KvmGuest(calls);
                Irqfd irqfd = guest.vm().irqfd(gsi, calls.eventFd("a level"), calls.eventFd("end of interrupt"))) {
            guest.start(byPic ? picPin(guest, true) : ioapicPin(guest, true));
            signalAndAwaitEnds(guest, irqfd, vector, () -> calls.signal(irqfd.eventFd(), 1), () -> {});
        }
    }

    private interface Step {
        void take() throws IOException;
    }

    private void signalAndAwaitEnds(KvmGuest guest, Irqfd irqfd, int vector, Step signal, Step afterEnd)
            throws IOException {
        Descriptor ended = irqfd.resampleFd().orElseThrow();
        long[] counter = new long[1];
        long ends = 0;
        try (Poller poller = calls.openPoller()) {
            poller.add(ended, 1);
            for (int i = 1; i <= SIGNALS; i++) {
                signal.take();
                guest.awaitCount(vector, i);
                assertEquals(1, poller.poll(new long[1], counter, true));
                ends += counter[0];
                afterEnd.take();
            }
            poller.remove(ended);
        }
        assertEquals(SIGNALS, ends);
        assertEquals(SIGNALS, guest.count(vector));
    }

    @Test
    void theDisplayIrqOfAVgpuReachesTheGuest() throws Exception {
        // The dialect whose counter goes up by one, as on kernels that cannot signal another value.
        try (TestVgpu vgpu = host.create("port");
                KvmGuest guest = new KvmGuest(calls)) {
            int gsi = guest.vm().routing().routeFree(message(MESSAGE_VECTOR));
            guest.handleApicInterrupt(MESSAGE_VECTOR);
            guest.start(new GuestCode());
            try (VfioDevice device = VfioDevice.open(calls, vgpu.mdev(), guest.vm());
                    Irqfd irqfd = guest.vm().irqfd(gsi, calls.eventFd("display irq"))) {
                Irq display = device.irq(5);
                display.arm(irqfd.eventFd());
                for (int flip = 1; flip <= SIGNALS; flip++) {
                    vgpu.flip();
                    vgpu.vblank(1);
                    guest.awaitCount(MESSAGE_VECTOR, flip);
                }
                assertEquals(SIGNALS, vgpu.signalled().total());
                display.mask();
                vgpu.flip();
                vgpu.vblank(1);
                display.disarm();
            }
            assertEquals(SIGNALS, guest.count(MESSAGE_VECTOR));
        }
    }

    /** Interrupt enable register of the 16550 (offset 1): "transmitter holding register empty" (bit 1), as it is. */
    private void interruptByMtty(VfioDevice device, RegionInfo port, NativeMemory byteOut) throws IOException {
        byteOut.putByte(0, 2);
        device.write(port, 1, byteOut, 1);
    }

    @Test
    void anInterruptOfMttyReachesTheGuest() throws Exception {
        UUID uuid = UUID.randomUUID();
        RealHost.write(Path.of("/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create"), uuid.toString());
        Path node = Path.of(MdevDevice.BUS, uuid.toString());
        try (KvmGuest guest = new KvmGuest(calls);
                VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid), guest.vm());
                NativeMemory byteOut = calls.allocate(1)) {
            int gsi = guest.vm().routing().routeFree(message(MESSAGE_VECTOR));
            guest.handleApicInterrupt(MESSAGE_VECTOR);
            guest.start(picPin(guest, true));
            RegionInfo port = device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX);
            try (Irqfd irqfd =
                    guest.vm().irqfd(PIC_PIN, calls.eventFd("INTx of mtty"), calls.eventFd("end of INTx of mtty"))) {
                Irq intx = device.irq(Vfio.VFIO_PCI_INTX_IRQ_INDEX);
                intx.arm(irqfd.eventFd());
                // From 6.9 on it masks itself with each interrupt, until the guest has ended it.
                signalAndAwaitEnds(
                        guest, irqfd, PIC_VECTOR, () -> interruptByMtty(device, port, byteOut), intx::unmask);
                intx.disarm();
            }
            try (Irqfd irqfd = guest.vm().irqfd(gsi, calls.eventFd("MSI of mtty"))) {
                Irq msi = device.irq(Vfio.VFIO_PCI_MSI_IRQ_INDEX);
                msi.arm(irqfd.eventFd());
                for (int i = 1; i <= SIGNALS; i++) {
                    interruptByMtty(device, port, byteOut);
                    guest.awaitCount(MESSAGE_VECTOR, i);
                }
                msi.disarm();
            }
            assertEquals(SIGNALS, guest.count(PIC_VECTOR));
        } finally {
            RealHost.write(node.resolve("remove"), "1");
        }
        assertTrue(Files.notExists(node));
    }
}
