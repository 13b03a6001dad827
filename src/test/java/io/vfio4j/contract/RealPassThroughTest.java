package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.Irqfd;
import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest that has a device of its own, on a real kernel: edu's registers are in its memory, its interrupts reach it by irqfd, and
 * nobody here does anything between an interrupt and its end.
 */
@Tag("real-kernel-iommu")
@Tag("real-kernel-cdev-iommu")
@Timeout(value = 150, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealPassThroughTest {
    private static final int INTERRUPTS = 100;
    private static final int PAGE = 4096;
    private static final long REGISTERS = 0x1000_0000L;
    private static final int PIN = 5;
    private static final int PIN_VECTOR = GuestCode.PIC_BASE + PIN;
    private static final int MESSAGE_VECTOR = 0x31;

    private RealPciDevice edu;
    private SystemCalls calls;
    private long descriptorsBefore;

    @BeforeEach
    void open() throws IOException {
        edu = new RealPciDevice(0x1234, 0x11e8, new EduRegisters());
        calls = edu.systemCalls();
        descriptorsBefore = edu.openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, edu.openDescriptors(), "open descriptors");
        edu.close();
    }

    private VfioDevice open(KvmGuest guest) throws IOException {
        VfioDevice device = VfioDevice.open(calls, edu.host(), AttachOptions.DEFAULTS.withVm(guest.vm()));
        edu.registers().prepare(device);
        return device;
    }

    private Mapping registers(VfioDevice device) throws IOException {
        return device.map(device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX), 0, PAGE, Access.READ_WRITE);
    }

    private static GuestCode acknowledge() {
        return new GuestCode().store(REGISTERS + EduRegisters.INTERRUPT_ACKNOWLEDGE, 0xffff_ffffL);
    }

    private void raise(KvmGuest guest, VfioDevice device, int vector) throws IOException {
        for (int i = 1; i <= INTERRUPTS; i++) {
            edu.registers().raise(device);
            guest.awaitCount(vector, i);
            assertEquals(0, EduRegisters.read(device, EduRegisters.INTERRUPT_STATUS), "the guest has acknowledged it");
        }
    }

    @Test
    void anInterruptLineIsRaisedEndedAndUnmaskedWithoutUs() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls);
                VfioDevice device = open(guest);
                Mapping registers = registers(device);
                Irqfd irqfd = guest.vm().irqfd(PIN, calls.eventFd("INTx of edu"), calls.eventFd("its end"))) {
            guest.giveRegisters(REGISTERS, registers);
            guest.handlePicInterrupt(PIN_VECTOR, acknowledge());
            guest.start(new GuestCode().setUpPic(PIN, true));
            Irq line = device.irq(PciIrq.INTX);
            line.arm(irqfd.eventFd());
            line.unmaskBy(irqfd.resampleFd().orElseThrow());
            raise(guest, device, PIN_VECTOR);
            line.disarm();
        }
    }

    @Test
    void aMessageReachesTheGuestWhereItsRouteLeads() throws Exception {
        try (KvmGuest guest = new KvmGuest(calls);
                VfioDevice device = open(guest);
                Mapping registers = registers(device)) {
            guest.giveRegisters(REGISTERS, registers);
            guest.handleApicInterrupt(MESSAGE_VECTOR, acknowledge());
            guest.start(new GuestCode());
            int gsi = guest.vm().routing().routeFree(new Message(GuestCode.LOCAL_APIC, MESSAGE_VECTOR));
            try (Irqfd irqfd = guest.vm().irqfd(gsi, calls.eventFd("MSI of edu"))) {
                Irq messages = device.irq(PciIrq.MSI);
                messages.arm(irqfd.eventFd());
                raise(guest, device, MESSAGE_VECTOR);
                messages.disarm();
            }
        }
    }
}
