package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.DeviceInfo;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.IrqOptions;
import io.vfio4j.vfio.IrqSubscription;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.RemovalWatch;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What vfio-pci of a real kernel tells of edu and e1000e of QEMU, and does with them, beyond the contract of irqs. */
@Tag("real-kernel-iommu")
@Tag("real-kernel-cdev-iommu")
class RealVfioPciTest {
    private final List<String> errors = new ArrayList<>();

    @AfterEach
    void nothingWasReported() {
        assertEquals(List.of(), errors);
    }

    private static RealPciDevice edu() throws IOException {
        return new RealPciDevice(0x1234, 0x11e8, new EduRegisters());
    }

    private static RealPciDevice e1000e() throws IOException {
        return new RealPciDevice(0x8086, 0x10d3, new EduRegisters());
    }

    private static VfioDevice open(RealPciDevice device) throws IOException {
        return VfioDevice.open(device.systemCalls(), device.host(), AttachOptions.DEFAULTS);
    }

    private static String irqs(VfioDevice device) throws IOException {
        StringBuilder text = new StringBuilder();
        for (IrqInfo irq : device.irqs()) {
            text.append(irq.index()).append(':').append(irq.count()).append("/0x");
            text.append(Integer.toHexString(irq.flags())).append(' ');
        }
        return text.toString().strip();
    }

    @Test
    void eduIsDescribedAndAnswers() throws Exception {
        RealPciDevice fixture = edu();
        HostDevice host = fixture.host();
        assertTrue(host.group().isPresent());
        assertTrue(Files.exists(Path.of("/dev/vfio/" + host.group().getAsInt())));
        assertTrue(host.hasDriver(fixture.systemCalls()));
        try (VfioDevice device = open(fixture)) {
            DeviceInfo info = device.info();
            assertTrue(info.pci());
            assertEquals(Vfio.VFIO_PCI_NUM_REGIONS, info.regions());
            assertEquals(Vfio.VFIO_PCI_NUM_IRQS, info.irqs());
            assertEquals(
                    "0:1/0x7 1:1/0x9 4:1/0x9",
                    irqs(device).replaceFirst(" 2:0/0x[19]", ""),
                    "no MSI-X, and no ERR for a device that is not PCI Express");
            assertFalse(info.resettable());
            LinuxException e = assertThrows(LinuxException.class, device::reset);
            assertEquals(Errno.EINVAL, e.errno());
            assertThrows(IOException.class, () -> device.irq(PciIrq.MSIX));
            assertEquals(0x0100_00ed, EduRegisters.read(device, EduRegisters.IDENTIFICATION));
            EduRegisters.write(device, EduRegisters.LIVENESS, 0x1234_5678);
            assertEquals(~0x1234_5678, EduRegisters.read(device, EduRegisters.LIVENESS));
            EduRegisters.write(device, EduRegisters.INTERRUPT_RAISE, 5);
            assertEquals(5, EduRegisters.read(device, EduRegisters.INTERRUPT_STATUS));
            EduRegisters.write(device, EduRegisters.INTERRUPT_ACKNOWLEDGE, 4);
            assertEquals(1, EduRegisters.read(device, EduRegisters.INTERRUPT_STATUS));
            EduRegisters.write(device, EduRegisters.INTERRUPT_ACKNOWLEDGE, 1);
        }
    }

    @Test
    void ofE1000eSeveralVectorsReachOneListener() throws Exception {
        RealPciDevice fixture = e1000e();
        try (EventLoop loop = EventLoop.stepped(fixture.systemCalls());
                VfioDevice device = open(fixture)) {
            // From Linux 6.5 on vectors of MSI-X can be added, so NORESIZE (8) is not set.
            int messages = device.irq(PciIrq.MSIX).info().noResize() ? 9 : 1;
            assertEquals("0:1/0x7 1:1/0x9 2:5/0x" + messages + " 3:1/0x9 4:1/0x9", irqs(device));
            MsixChecks.severalVectorsReachOneListener(loop, device, errors);
        }
    }

    @Test
    void e1000eReportsErrorsAndCanBeReset() throws Exception {
        RealPciDevice fixture = e1000e();
        try (EventLoop loop = EventLoop.stepped(fixture.systemCalls());
                VfioDevice device = open(fixture)) {
            IrqNotes notes = new IrqNotes();
            IrqSubscription subscription = device.irq(PciIrq.ERROR)
                    .subscribe(loop, notes, IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what)));
            subscription.irq().trigger(0);
            loop.await(notes.total(1));
            subscription.close();
            assertTrue(device.info().resettable());
            device.reset();
        }
    }

    @Test
    void aDeviceThatIsMappedAndArmedIsUnboundWithinASecond(TestReporter reporter) throws Exception {
        Remover.assertWithinASecond("edu, mapped and armed", reporter, this::unbindWhileMappedAndArmed);
    }

    private Duration unbindWhileMappedAndArmed() throws Exception {
        RealPciDevice fixture = edu();
        try (EventLoop loop = EventLoop.stepped(fixture.systemCalls())) {
            VfioDevice device = open(fixture);
            RegionInfo bar = device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX);
            assertTrue(bar.mappable());
            Mapping registers = device.map(bar, 0, 4096, Access.READ_WRITE);
            assertEquals(0x0100_00ed, registers.getInt(EduRegisters.IDENTIFICATION));
            IrqNotes notes = new IrqNotes();
            IrqOptions options = IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what));
            device.irq(PciIrq.INTX).subscribe(loop, notes, options);
            CountDownLatch removed = new CountDownLatch(1);
            RemovalWatch.start(
                    loop,
                    device,
                    () -> {
                        device.close();
                        removed.countDown();
                    },
                    (what, cause) -> errors.add(what));
            registers.putInt(EduRegisters.INTERRUPT_RAISE, 1);
            loop.await(notes.total(1));
            registers.putInt(EduRegisters.INTERRUPT_ACKNOWLEDGE, 1);
            fixture.beginRemoval();
            loop.await(removed);
            Duration took = fixture.removalTime();
            assertTrue(registers.isClosed());
            assertTrue(fixture.isRemoved());
            assertEquals(1, notes.closes.size());
            return took;
        }
    }
}
