package io.vfio4j.emulator;

import static io.vfio4j.emulator.Attached.DATA_BOOL;
import static io.vfio4j.emulator.Attached.DATA_EVENTFD;
import static io.vfio4j.emulator.Attached.DATA_NONE;
import static io.vfio4j.emulator.Attached.MASK;
import static io.vfio4j.emulator.Attached.TRIGGER;
import static io.vfio4j.emulator.Attached.UNMASK;
import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.PciRegs;
import io.vfio4j.linux.uapi.SerialRegs;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Devices that are no vGPUs: what their drivers accept and refuse, in the order of their checks, and what sysfs shows. */
class PeripheralsTest {
    private static final int INTX = 0;
    private static final int MSI = 1;
    private static final int MSIX = 2;
    private static final int ERR = 3;
    private static final int REQ = 4;

    private final EmulatedHost host = EmulatedHost.builder().build();
    private final SystemCalls calls = host.systemCalls();
    private Peripheral peripheral;
    private Attached attached;
    private Descriptor counter;
    private int eventFd;

    private void open(PeripheralKind kind) throws IOException {
        peripheral = host.create(kind);
        attached = new Attached(host, peripheral);
        counter = calls.eventFd("counter");
        eventFd = counter.acquire();
        // mtty and mdpy know their irqs from then on only.
        try (NativeMemory info = calls.allocate(16)) {
            info.putInt(0, 16);
            calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, info);
        }
    }

    @AfterEach
    void close() {
        host.close();
    }

    private void arm(int index, int count) throws LinuxException {
        int[] all = new int[count];
        java.util.Arrays.fill(all, eventFd);
        attached.setIrqs(20 + 4 * count, DATA_EVENTFD | TRIGGER, index, 0, count, all);
    }

    private void disarm(int index) throws LinuxException {
        attached.disarm(index);
    }

    private long region(int index, int offset) {
        return ((long) index << 40) + offset;
    }

    private int read(int index, int offset, int length) throws LinuxException {
        try (NativeMemory word = calls.allocate(4)) {
            assertEquals(length, calls.read(attached.device(), word, length, region(index, offset)));
            return word.getInt(0);
        }
    }

    private void write(int index, int offset, int length, int value) throws LinuxException {
        try (NativeMemory word = calls.allocate(4)) {
            word.putInt(0, value);
            assertEquals(length, calls.write(attached.device(), word, length, region(index, offset)));
        }
    }

    // ------------------------------------------------------------ vfio-pci

    @Test
    void a_device_has_one_of_the_three_kinds_at_a_time() throws IOException {
        open(PeripheralKind.E1000E);
        arm(INTX, 1);
        assertErrno(Errno.EINVAL, () -> arm(MSI, 1));
        assertErrno(Errno.EINVAL, () -> arm(MSIX, 1));
        assertErrno(Errno.EINVAL, () -> disarm(MSI));
        disarm(INTX);
        arm(MSIX, 5);
        assertEquals(5, peripheral.armed(MSIX));
        assertErrno(Errno.EINVAL, () -> arm(INTX, 1));
        assertErrno(Errno.EINVAL, () -> arm(MSI, 1));
        disarm(MSIX);
        assertErrno(Errno.EINVAL, () -> disarm(INTX));
        assertErrno(Errno.EINVAL, () -> disarm(MSIX));
    }

    @Test
    void the_core_checks_every_call() throws IOException {
        open(PeripheralKind.EDU);
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(19, DATA_NONE | TRIGGER, INTX, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, 5, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, -1, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, MSIX, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, ERR, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER | 0x40, INTX, 0, 1));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 1, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 2));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, -1));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_NONE | DATA_EVENTFD | TRIGGER, INTX, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(23, DATA_EVENTFD | TRIGGER, INTX, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_BOOL | TRIGGER, INTX, 0, 1));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE, INTX, 0, 1));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK | UNMASK, INTX, 0, 1));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK, MSI, 0, 1));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK, REQ, 0, 1));
    }

    @Test
    void the_line_is_masked_and_unmasked_only_while_it_is_armed() throws IOException {
        open(PeripheralKind.EDU);
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | MASK, INTX, 0, 1));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1));
        arm(INTX, 1);
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | MASK, INTX, 0, 0));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(24, DATA_EVENTFD | MASK, INTX, 0, 1, eventFd));
        attached.setIrqs(24, DATA_BOOL | MASK, INTX, 0, 1, 0);
        assertFalse(peripheral.masked());
        attached.setIrqs(24, DATA_BOOL | MASK, INTX, 0, 1, 1);
        assertTrue(peripheral.masked());
        attached.setIrqs(24, DATA_BOOL | UNMASK, INTX, 0, 1, 0);
        assertTrue(peripheral.masked());
        attached.setIrqs(24, DATA_BOOL | UNMASK, INTX, 0, 1, 1);
        assertFalse(peripheral.masked());
        attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1);
        attached.setIrqs(24, DATA_BOOL | TRIGGER, INTX, 0, 1, 0);
        assertEquals(1, calls.drain(counter));
        assertFalse(peripheral.masked(), "loop-back does not mask");
        assertEquals(1, peripheral.signalled(INTX));
    }

    @Test
    void the_line_takes_another_eventfd_or_none_while_it_is_armed() throws IOException {
        open(PeripheralKind.EDU);
        arm(INTX, 1);
        try (Descriptor other = calls.eventFd("other")) {
            int number = other.acquire();
            attached.setIrqs(24, DATA_EVENTFD | TRIGGER, INTX, 0, 1, number);
            attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1);
            assertEquals(1, calls.drain(other));
            attached.setIrqs(24, DATA_EVENTFD | TRIGGER, INTX, 0, 1, -1);
            attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1);
            assertEquals(0, calls.drain(other));
            other.release();
        }
        assertEquals(0, calls.drain(counter));
        assertEquals(0, peripheral.armed(INTX));
        disarm(INTX);
    }

    @Test
    void an_eventfd_that_unmasks_is_one_at_a_time_and_what_it_holds_counts() throws IOException {
        open(PeripheralKind.EDU);
        arm(INTX, 1);
        write(0, 0x60, 4, 1);
        assertEquals(1, calls.drain(counter));
        assertTrue(peripheral.masked());
        try (Descriptor resample = calls.eventFd("resample");
                Descriptor timer = calls.timerFd("no eventfd")) {
            calls.signal(resample, 3);
            int number = resample.acquire();
            resample.release();
            assertErrno(Errno.EBADF, () -> attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, 999));
            int noEventFd = timer.acquire();
            timer.release();
            assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, noEventFd));
            attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, number);
            assertEquals(1, calls.drain(counter), "it was signalled before");
            assertErrno(Errno.EBUSY, () -> attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, number));
            calls.signal(resample, 1);
            assertEquals(1, calls.drain(counter));
            assertEquals(0, calls.drain(resample));
            attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, -1);
            calls.signal(resample, 1);
            assertEquals(0, calls.drain(counter));
            assertEquals(1, calls.drain(resample));
            attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, number);
        }
        try (Descriptor again = calls.eventFd("again")) {
            int number = again.acquire();
            again.release();
            // The one before was given up when it was closed.
            attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, number);
            disarm(INTX);
            calls.signal(again, 1);
            assertEquals(1, calls.drain(again));
        }
    }

    @Test
    void vectors_are_armed_all_or_none() throws IOException {
        open(PeripheralKind.E1000E);
        assertErrno(Errno.EBADF, () -> attached.setIrqs(28, DATA_EVENTFD | TRIGGER, MSIX, 0, 2, eventFd, 999));
        assertEquals(0, peripheral.armed(MSIX));
        assertErrno(Errno.ERANGE, () -> attached.setIrqs(20, DATA_EVENTFD | TRIGGER, MSIX, 0, 0));
        arm(MSIX, 2);
        // NORESIZE.
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, MSIX, 2, 1, eventFd));
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, MSIX, 1, 1, -1);
        assertEquals(1, peripheral.armed(MSIX));
        assertErrno(Errno.EBADF, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, MSIX, 0, 1, 999));
        assertEquals(0, peripheral.armed(MSIX));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, MSIX, 2, 1));
        attached.setIrqs(28, DATA_EVENTFD | TRIGGER, MSIX, 0, 2, eventFd, eventFd);
        attached.setIrqs(20, DATA_NONE | TRIGGER, MSIX, 0, 2);
        attached.setIrqs(24, DATA_BOOL | TRIGGER, MSIX, 0, 2, 1 << 8);
        assertEquals(3, calls.drain(counter));
    }

    @Test
    void too_many_vectors_are_answered_with_how_many_there_are() throws IOException {
        open(PeripheralKind.E1000E);
        peripheral.limitVectors(2);
        try (NativeMemory set = calls.allocate(20 + 12)) {
            set.putInt(0, set.size());
            set.putInt(4, DATA_EVENTFD | TRIGGER);
            set.putInt(8, MSIX);
            set.putInt(16, 3);
            for (int i = 0; i < 3; i++) {
                set.putInt(20 + 4 * i, eventFd);
            }
            assertEquals(2, calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_SET_IRQS, set));
        }
        assertEquals(0, peripheral.armed(MSIX));
        assertThrows(IllegalArgumentException.class, () -> peripheral.limitVectors(0));
        assertThrows(IllegalArgumentException.class, () -> peripheral.armed(5));
        assertThrows(IllegalArgumentException.class, () -> peripheral.signalled(-1));
    }

    @Test
    void err_and_req_are_armed_triggered_and_disarmed_by_themselves() throws IOException {
        open(PeripheralKind.E1000E);
        for (int index : new int[] {ERR, REQ}) {
            assertErrno(Errno.EINVAL, () -> disarm(index));
            assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, index, 0, 1));
            assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_EVENTFD | TRIGGER, index, 0, 0));
            assertErrno(Errno.EBADF, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, index, 0, 1, 999));
            arm(index, 1);
            attached.setIrqs(20, DATA_NONE | TRIGGER, index, 0, 1);
            attached.setIrqs(24, DATA_BOOL | TRIGGER, index, 0, 1, 1);
            attached.setIrqs(24, DATA_BOOL | TRIGGER, index, 0, 1, 0);
            assertEquals(2, calls.drain(counter));
            attached.setIrqs(24, DATA_EVENTFD | TRIGGER, index, 0, 1, -2);
            assertEquals(1, peripheral.armed(index));
            attached.setIrqs(24, DATA_EVENTFD | TRIGGER, index, 0, 1, -1);
            assertEquals(0, peripheral.armed(index));
            arm(index, 1);
            disarm(index);
        }
        arm(ERR, 1);
        peripheral.raiseError();
        assertEquals(1, calls.drain(counter));
    }

    @Test
    void edu_answers_words_and_its_interrupt_shows_in_the_status() throws IOException {
        open(PeripheralKind.EDU);
        assertEquals(0x0100_00ed, read(0, 0, 4));
        write(0, 4, 4, 1);
        assertEquals(~1, read(0, 4, 4));
        assertEquals(0xffff, read(0, 4, 2), "edu has words only");
        write(0, 8, 4, 5);
        assertEquals(120, read(0, 8, 4));
        write(0, 8, 4, -1);
        assertEquals(0, read(0, 8, 4));
        write(0, 0x20, 4, 0x80);
        write(0, 8, 4, 3);
        assertEquals(1, read(0, 0x24, 4));
        assertTrue((read(7, PciRegs.PCI_STATUS, 2) & PciRegs.PCI_STATUS_INTERRUPT) != 0);
        write(0, 0x64, 4, 1);
        assertEquals(0, read(7, PciRegs.PCI_STATUS, 2) & PciRegs.PCI_STATUS_INTERRUPT);
        assertEquals(-1, read(0, 0x70, 4));
        write(0, 0x70, 4, 7);
        assertErrno(Errno.EINVAL, () -> read(0, 0x10_0000, 4));
        assertErrno(Errno.EINVAL, () -> read(1, 0, 4));
        assertErrno(Errno.EINVAL, () -> read(9, 0, 4));
        write(7, PciRegs.PCI_COMMAND, 2, 0);
        assertErrno(Errno.EIO, () -> read(0, 0, 4));
        assertErrno(Errno.EINVAL, () -> calls.map(attached.device(), 0, 4096, Access.READ));
        assertErrno(Errno.EINVAL, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_RESET, 0));
        assertErrno(Errno.ENOTTY, () -> calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, 0));
    }

    @Test
    void the_configuration_space_lists_the_capabilities_of_interrupts() throws IOException {
        open(PeripheralKind.E1000E);
        assertEquals(0x10d3_8086, read(7, PciRegs.PCI_VENDOR_ID, 4));
        assertEquals(1, read(7, PciRegs.PCI_INTERRUPT_PIN, 1));
        List<Integer> found = new java.util.ArrayList<>();
        for (int at = read(7, PciRegs.PCI_CAPABILITY_LIST, 1);
                at != 0;
                at = read(7, at + PciRegs.PCI_CAP_LIST_NEXT, 1)) {
            found.add(read(7, at, 1));
        }
        assertEquals(List.of(PciRegs.PCI_CAP_ID_MSI, PciRegs.PCI_CAP_ID_MSIX, PciRegs.PCI_CAP_ID_EXP), found);
        write(0, 0x100, 4, 0x1234_5678);
        assertEquals(0x5678, read(0, 0x100, 2));
        assertEquals(0x12, read(0, 0x103, 1));
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_RESET, 0);
        assertEquals(0, read(0, 0x100, 4));
        write(0, 0x100, 2, 0x5678);
        write(0, 0x102, 1, 0x9a);
        assertEquals(0x009a_5678, read(0, 0x100, 4));
        write(2, 0, 4, 1);
        assertEquals(0, read(2, 0, 4));
    }

    @Test
    void closing_the_device_lets_go_of_everything() throws IOException {
        open(PeripheralKind.E1000E);
        arm(MSI, 1);
        arm(ERR, 1);
        arm(REQ, 1);
        attached.close();
        for (int index : new int[] {MSI, ERR, REQ}) {
            assertEquals(0, peripheral.armed(index));
        }
    }

    @Test
    void sysfs_shows_a_pci_device_and_unbind_waits_for_its_user() throws IOException {
        Peripheral edu = host.create(PeripheralKind.EDU);
        Peripheral network = host.create(PeripheralKind.E1000E);
        assertEquals("0000:00:04.0", edu.name());
        assertEquals("/sys/bus/pci/devices/0000:00:05.0", network.sysfsPath());
        assertEquals("0x1234\n", calls.readText(edu.sysfsPath() + "/vendor"));
        assertEquals("0x11e8\n", calls.readText(edu.sysfsPath() + "/device"));
        assertTrue(calls.readLink(edu.sysfsPath() + "/driver").endsWith("/bus/pci/drivers/vfio-pci"));
        assertTrue(calls.readLink(network.sysfsPath() + "/iommu_group").endsWith("/iommu_groups/2"));
        assertEquals(List.of(edu, network), host.peripherals());
        String unbind = "/sys/bus/pci/drivers/vfio-pci/unbind";
        assertErrno(Errno.ENODEV, () -> calls.writeText(unbind, "0000:00:1f.0"));
        calls.writeText(unbind, edu.name() + "\n");
        assertEquals(List.of(network), host.peripherals());
        assertFalse(calls.exists(edu.sysfsPath() + "/driver"));
        assertTrue(calls.exists(edu.sysfsPath()));
        assertFalse(calls.exists(edu.groupPath()));
        assertErrno(Errno.ENODEV, () -> calls.writeText(unbind, edu.name()));

        Attached user = new Attached(host, network);
        Removal removal = network.remove();
        assertSame(removal, network.remove());
        assertTrue(network.isOpen());
        assertFalse(calls.exists(network.sysfsPath() + "/driver"));
        assertFalse(removal.isComplete());
        user.close();
        assertTrue(removal.isComplete());
        assertEquals("E1000E 0000:00:05.0", network.toString());
    }

    @Test
    void the_pci_bus_has_an_end() {
        for (int slot = 4; slot < 32; slot++) {
            host.create(PeripheralKind.EDU);
        }
        assertThrows(IllegalStateException.class, () -> host.create(PeripheralKind.EDU));
    }

    // ---------------------------------------------------------------- mtty

    @Test
    void mtty_checks_against_the_number_of_indexes() throws IOException {
        open(PeripheralKind.MTTY);
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, REQ, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 5, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | MASK, INTX, 0, 1));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK, MSI, 0, 1));
        attached.setIrqs(20, DATA_NONE, INTX, 0, 1);
        arm(INTX, 1);
        assertErrno(Errno.EINVAL, () -> arm(MSI, 1));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(24, DATA_EVENTFD | MASK, INTX, 0, 1, eventFd));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(24, DATA_EVENTFD | UNMASK, INTX, 0, 1, eventFd));
        attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1);
        attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1);
        assertEquals(1, calls.drain(counter), "its loop-back masks");
        attached.setIrqs(24, DATA_BOOL | UNMASK, INTX, 0, 1, 1);
        attached.setIrqs(24, DATA_BOOL | TRIGGER, INTX, 0, 1, 1);
        assertEquals(1, calls.drain(counter));
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, INTX, 0, 1, -1);
        assertEquals(0, peripheral.armed(INTX));
        arm(MSI, 1);
        assertErrno(Errno.EBADF, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, MSI, 0, 1, 999));
        assertEquals(0, peripheral.armed(MSI));
        attached.close();
        assertEquals(0, peripheral.harm());
    }

    @Test
    void mtty_sends_to_itself_and_says_why_it_interrupts() throws IOException {
        open(PeripheralKind.MTTY);
        arm(MSI, 1);
        write(0, SerialRegs.UART_FCR, 1, SerialRegs.UART_FCR_ENABLE_FIFO | SerialRegs.UART_FCR_CLEAR_RCVR);
        write(0, SerialRegs.UART_IER, 1, SerialRegs.UART_IER_RDI | SerialRegs.UART_IER_RLSI);
        assertEquals(0, calls.drain(counter));
        assertEquals(SerialRegs.UART_IIR_NO_INT | 0xc0, read(0, SerialRegs.UART_IIR, 1));
        write(0, SerialRegs.UART_TX, 1, 'a');
        assertEquals(1, calls.drain(counter));
        assertEquals(SerialRegs.UART_IIR_RDI | 0xc0, read(0, SerialRegs.UART_IIR, 1));
        assertEquals(SerialRegs.UART_LSR_DR, read(0, SerialRegs.UART_LSR, 1));
        for (int i = 0; i < 16; i++) {
            write(0, SerialRegs.UART_TX, 1, 'b');
        }
        assertEquals(1, calls.drain(counter), "one too many");
        assertTrue((read(0, SerialRegs.UART_LSR, 1) & SerialRegs.UART_LSR_OE) != 0);
        assertEquals(SerialRegs.UART_IIR_RLSI | 0xc0, read(0, SerialRegs.UART_IIR, 1));
        write(0, SerialRegs.UART_IER, 1, SerialRegs.UART_IER_THRI);
        assertEquals('a', read(0, SerialRegs.UART_RX, 1));
        for (int i = 0; i < 15; i++) {
            assertEquals('b', read(0, SerialRegs.UART_RX, 1));
        }
        assertEquals(1, calls.drain(counter), "empty again");
        assertEquals(SerialRegs.UART_IIR_THRI | 0xc0, read(0, SerialRegs.UART_IIR, 1));
        assertEquals(0, read(0, SerialRegs.UART_RX, 1));
        calls.drain(counter);
        write(0, SerialRegs.UART_IER, 1, SerialRegs.UART_IER_MSI);
        write(0, SerialRegs.UART_MCR, 1, SerialRegs.UART_MCR_OUT2 | SerialRegs.UART_MCR_RTS);
        assertEquals(2, calls.drain(counter));
        assertEquals(SerialRegs.UART_MCR_OUT2 | SerialRegs.UART_MCR_RTS, read(0, SerialRegs.UART_MCR, 1));
        assertEquals(
                SerialRegs.UART_MSR_DSR
                        | SerialRegs.UART_MSR_DDSR
                        | SerialRegs.UART_MSR_DCD
                        | SerialRegs.UART_MSR_CTS
                        | SerialRegs.UART_MSR_DCTS,
                read(0, SerialRegs.UART_MSR, 1));
        write(0, SerialRegs.UART_SCR, 1, 0x5a);
        assertEquals(0x5a, read(0, SerialRegs.UART_SCR, 1));
        write(0, SerialRegs.UART_LCR, 1, SerialRegs.UART_LCR_DLAB);
        write(0, SerialRegs.UART_TX, 1, 0x0c);
        write(0, SerialRegs.UART_IER, 1, 0x01);
        assertEquals(0x0c, read(0, SerialRegs.UART_RX, 1));
        assertEquals(0x01, read(0, SerialRegs.UART_IER, 1));
        assertEquals(SerialRegs.UART_LCR_DLAB, read(0, SerialRegs.UART_LCR, 1));
        assertEquals(0x3253_4348, read(7, 0, 4));
        write(7, PciRegs.PCI_INTERRUPT_LINE, 1, 11);
        assertEquals(11, read(7, PciRegs.PCI_INTERRUPT_LINE, 1));
        assertErrno(Errno.EFAULT, () -> read(2, 0, 1));
        assertErrno(Errno.ENODEV, () -> calls.map(attached.device(), 0, 4096, Access.READ));
        assertEquals(0, calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_RESET, 0));
    }

    @Test
    void what_would_harm_a_kernel_with_the_old_mtty_is_counted() throws IOException {
        open(PeripheralKind.MTTY_6_1);
        write(0, SerialRegs.UART_IER, 1, SerialRegs.UART_IER_THRI);
        assertEquals(1, peripheral.harm(), "an interrupt before anything was ever armed");
        arm(INTX, 1);
        attached.setIrqs(20, DATA_NONE | TRIGGER, INTX, 0, 1);
        assertEquals(2, peripheral.harm(), "a loop-back that disarms");
        disarm(INTX);
        assertEquals(3, peripheral.harm(), "disarmed twice");
        arm(MSI, 1);
        disarm(MSI);
        assertEquals(3, peripheral.harm());
        arm(MSI, 1);
        assertEquals(0, peripheral.armed(MSI), "it believes that it is armed");
        arm(INTX, 1);
        arm(INTX, 1);
        assertEquals(4, peripheral.harm(), "the first eventfd is lost");
        attached.close();
        assertEquals(1, peripheral.armed(INTX), "it does not let go of it");
        peripheral.raiseError();
        peripheral.limitVectors(1);
    }
}
