package io.vfio4j.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.EmulatedVm;
import io.vfio4j.emulator.Peripheral;
import io.vfio4j.emulator.PeripheralKind;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.kvm.GsiTarget.Irqchip;
import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.GsiTarget.Pin;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Kvm;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.VfioDevice;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Eventfds that interrupt a guest, counted by the emulated host in the guest's place. */
class InterruptsTest {
    /** Where VGPUs of v6 have it. */
    private static final int DISPLAY = 5;

    private static final Message MESSAGE = new Message(0xfee0_0000L, 0x31);

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
    private final SystemCalls calls = host.systemCalls();
    private KvmVm vm;
    private EmulatedVm guest;

    @BeforeEach
    void createVm() throws Exception {
        vm = KvmVm.createBare(calls);
        vm.createIrqchip();
        guest = host.vms().get(0);
    }

    @AfterEach
    void nothingStaysOpen() {
        vm.close();
        assertEquals(List.of(), host.openFiles());
        assertEquals(List.of(), host.vms());
        host.close();
    }

    @Test
    void aSignalIsOneInterruptWhateverItsValue() throws Exception {
        try (Irqfd irqfd = vm.irqfd(5, calls.eventFd("an event"))) {
            for (long value : new long[] {1, 5, 1L << 56, -2, 0}) {
                calls.signal(irqfd.eventFd(), value);
            }
            assertEquals(5, guest.interrupts(5));
            assertEquals(0, guest.interrupts(6));
        }
    }

    @Test
    void whatWasCountedBeforeIsOneInterruptAtOnce() throws Exception {
        Descriptor eventFd = calls.eventFd("an event");
        calls.signal(eventFd, 7);
        try (Irqfd irqfd = vm.irqfd(5, eventFd)) {
            assertEquals(1, guest.interrupts(irqfd.gsi()));
        }
    }

    @Test
    void aGsiThatLeadsNowhereRaisesNothing() throws Exception {
        try (Irqfd irqfd = vm.irqfd(30, calls.eventFd("an event"))) {
            calls.signal(irqfd.eventFd(), 1);
            assertEquals(0, guest.interrupts(30));
            vm.routing().route(30, MESSAGE);
            calls.signal(irqfd.eventFd(), 1);
            assertEquals(1, guest.interrupts(30));
            vm.routing().route(30);
            calls.signal(irqfd.eventFd(), 1);
            assertEquals(1, guest.interrupts(30));
        }
    }

    @Test
    void aRouteMoreLeavesTheOthersWhereTheyLead() throws Exception {
        int message = vm.routing().routeFree(MESSAGE);
        int another = vm.routing().routeFree(new Message(0xfee0_0000L, 0x32));
        vm.routing().route(7);
        try (Irqfd pin = vm.irqfd(5, calls.eventFd("pin"));
                Irqfd first = vm.irqfd(message, calls.eventFd("message"));
                Irqfd second = vm.irqfd(another, calls.eventFd("another message"));
                Irqfd nowhere = vm.irqfd(7, calls.eventFd("nowhere"))) {
            for (Irqfd irqfd : List.of(pin, first, second, nowhere)) {
                calls.signal(irqfd.eventFd(), 1);
            }
            assertEquals(
                    List.of(1L, 1L, 1L, 0L),
                    List.of(
                            guest.interrupts(5),
                            guest.interrupts(message),
                            guest.interrupts(another),
                            guest.interrupts(7)));
        }
    }

    @Test
    void aLevelIsUpUntilTheGuestEndsTheInterrupt() throws Exception {
        try (Irqfd irqfd = vm.irqfd(10, calls.eventFd("an event"), calls.eventFd("end of interrupt"))) {
            Descriptor ended = irqfd.resampleFd().orElseThrow();
            guest.endOfInterrupt(10);
            assertEquals(0, calls.drain(ended));
            for (int round = 1; round <= 3; round++) {
                calls.signal(irqfd.eventFd(), 1);
                calls.signal(irqfd.eventFd(), 1);
                assertEquals(round, guest.interrupts(10));
                assertEquals(0, calls.drain(ended));
                guest.endOfInterrupt(10);
                guest.endOfInterrupt(10);
                assertEquals(1, calls.drain(ended));
            }
        }
    }

    @Test
    void whoSharesALevelIsToldToLookAgain() throws Exception {
        try (Irqfd one = vm.irqfd(10, calls.eventFd("an event"), calls.eventFd("end of one"));
                Irqfd other = vm.irqfd(10, calls.eventFd("another event"), calls.eventFd("end of other"))) {
            calls.signal(one.eventFd(), 1);
            calls.signal(other.eventFd(), 1);
            assertEquals(1, guest.interrupts(10));
            guest.endOfInterrupt(10);
            assertEquals(1, calls.drain(one.resampleFd().orElseThrow()));
            assertEquals(1, calls.drain(other.resampleFd().orElseThrow()));
        }
    }

    @Test
    void aLevelFallsWithItsLastIrqfd() throws Exception {
        Irqfd irqfd = vm.irqfd(10, calls.eventFd("an event"), calls.eventFd("end of interrupt"));
        calls.signal(irqfd.eventFd(), 1);
        irqfd.close();
        try (Irqfd again = vm.irqfd(10, calls.eventFd("an event"), calls.eventFd("end of interrupt"))) {
            guest.endOfInterrupt(10);
            assertEquals(0, calls.drain(again.resampleFd().orElseThrow()));
            calls.signal(again.eventFd(), 1);
            assertEquals(2, guest.interrupts(10));
        }
    }

    @Test
    void aMessageHasNoLevel() throws Exception {
        vm.routing().route(30, MESSAGE);
        try (Irqfd irqfd = vm.irqfd(30, calls.eventFd("an event"), calls.eventFd("end of interrupt"))) {
            calls.signal(irqfd.eventFd(), 1);
            calls.signal(irqfd.eventFd(), 1);
            assertEquals(2, guest.interrupts(30));
            guest.endOfInterrupt(30);
            assertEquals(0, calls.drain(irqfd.resampleFd().orElseThrow()));
        }
    }

    @Test
    void theDisplayIrqOfAVgpuInterruptsTheGuest() throws Exception {
        host.vgpu().stepped(true);
        MdevDevice mdev = MdevDevice.find(calls, host.vgpu().uuid());
        try (VfioDevice device = VfioDevice.open(calls, mdev, vm);
                Irqfd irqfd = vm.irqfd(11, calls.eventFd("display irq"))) {
            Irq display = device.irq(DISPLAY);
            display.arm(irqfd.eventFd());
            for (int flip = 1; flip <= 10; flip++) {
                host.vgpu().guest().flip();
                host.vgpu().vblank(1);
                assertEquals(flip, guest.interrupts(11));
            }
            assertEquals(10, host.vgpu().signalled().primary());
            display.disarm();
            host.vgpu().guest().flip();
            host.vgpu().vblank(1);
            assertEquals(10, guest.interrupts(11));
        }
    }

    /** edu's registers: raise, and acknowledge (docs/specs/edu.rst of QEMU). */
    private void writeEdu(VfioDevice device, int register, int value) throws Exception {
        try (NativeMemory word = calls.allocate(Integer.BYTES)) {
            word.putInt(0, value);
            device.write(device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX), register, word, Integer.BYTES);
        }
    }

    @Test
    void theGuestsEndOfInterruptUnmasksALineThatComesAgainUntilTheDeviceTakesItBack() throws Exception {
        Peripheral edu = host.create(PeripheralKind.EDU);
        HostDevice found = HostDevice.findPci(calls, edu.name());
        try (VfioDevice device = VfioDevice.open(calls, found, AttachOptions.DEFAULTS.withVm(vm));
                Irqfd irqfd = vm.irqfd(10, calls.eventFd("INTx of edu"), calls.eventFd("its end"))) {
            Irq line = device.irq(PciIrq.INTX);
            line.arm(irqfd.eventFd());
            line.unmaskBy(irqfd.resampleFd().orElseThrow());
            for (int i = 1; i <= 5; i++) {
                writeEdu(device, 0x60, 1);
                assertEquals(2 * i - 1, guest.interrupts(10));
                guest.endOfInterrupt(10);
                assertEquals(2 * i, guest.interrupts(10), "it is still asserted");
                writeEdu(device, 0x64, -1);
                guest.endOfInterrupt(10);
                guest.endOfInterrupt(10);
                assertEquals(2 * i, guest.interrupts(10));
            }
            line.disarm();
        }
    }

    @Test
    void aVmOfAnotherProcessTakesNoCallsFromUs() throws Exception {
        EmulatedProcess vmm = host.process("qemu-system-x86_64");
        SystemCalls theirs = vmm.systemCalls();
        Descriptor foreign;
        try (Descriptor kvm = theirs.open("/dev/kvm", Access.READ_WRITE);
                Descriptor process = calls.openProcess(vmm.pid())) {
            int number = theirs.ioctl(kvm, Kvm.KVM_CREATE_VM, 0);
            foreign = calls.copyDescriptor(process, number, "the VM of a VMM");
        }
        try (KvmVm adopted = KvmVm.adopt(calls, foreign);
                Descriptor group = calls.open(host.vgpu().groupPath(), Access.READ_WRITE)) {
            GsiRouting routing = adopted.takeOverRouting(GsiRouting.ofPc());
            for (Executable call : List.<Executable>of(
                    adopted::createIrqchip,
                    () -> adopted.irqfd(5, calls.eventFd("an event")),
                    () -> adopted.associate(group),
                    () -> routing.route(30, MESSAGE),
                    adopted::statistics)) {
                LinuxException e = assertThrows(LinuxException.class, call);
                assertEquals(Errno.EIO, e.errno());
                assertTrue(e.advice().contains("the process that created the VM"), e::getMessage);
            }
        }
        vmm.end();
    }

    @Test
    void anIrqfdIsTakenAwayBeforeItsEventfdsAreClosed() throws Exception {
        Irqfd irqfd = vm.irqfd(10, calls.eventFd("an event"), calls.eventFd("its end"));
        host.clearTrace();
        irqfd.close();
        assertEquals(List.of("KVM_IRQFD KVM VM", "close an event", "close its end"), host.trace());
    }

    @Test
    void anEventfdThatIsClosedTooEarlyTakesItsIrqfdAlong() throws Exception {
        try (Irqfd irqfd = vm.irqfd(5, calls.eventFd("an event"))) {
            irqfd.eventFd().close();
            try (Irqfd another = vm.irqfd(5, calls.eventFd("another event"))) {
                calls.signal(another.eventFd(), 1);
                assertEquals(1, guest.interrupts(5));
            }
        }
    }

    @Test
    void anIrqfdThatCannotBeTakenAwayEndsWithItsEventfd() throws Exception {
        Irqfd irqfd = vm.irqfd(5, calls.eventFd("an event"));
        host.faults().fail("KVM_IRQFD", 1, Errno.EIO);
        irqfd.close();
        assertTrue(irqfd.eventFd().isClosed());
        assertEquals(List.of("KVM VM"), host.openFiles());
    }

    @Test
    void theNewestIrqfdOfSeveralVmsGetsTheSignal() throws Exception {
        Descriptor eventFd = calls.eventFd("an event of two VMs");
        try (KvmVm other = KvmVm.createBare(calls)) {
            other.createIrqchip();
            EmulatedVm newest = host.vms().get(1);
            Irqfd first = vm.irqfd(5, eventFd);
            Irqfd second = other.irqfd(5, eventFd);
            calls.signal(eventFd, 1);
            assertEquals(List.of(0L, 1L), List.of(guest.interrupts(5), newest.interrupts(5)));
            second.close();
            first.close();
        }
    }

    /** The same host, whose KVM lacks a capability. */
    private SystemCalls without(int capability) {
        return (SystemCalls) Proxy.newProxyInstance(
                SystemCalls.class.getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, arguments) -> {
                    boolean asked = method.getName().equals("ioctl")
                            && arguments[1].equals(Kvm.KVM_CHECK_EXTENSION)
                            && arguments[2].equals((long) capability);
                    try {
                        return asked ? (Object) 0 : method.invoke(calls, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void whatKvmCannotDoIsNamed() throws Exception {
        try (KvmVm noIrqfd = KvmVm.createBare(without(Kvm.KVM_CAP_IRQFD));
                KvmVm noResample = KvmVm.createBare(without(Kvm.KVM_CAP_IRQFD_RESAMPLE));
                KvmVm noRouting = KvmVm.createBare(without(Kvm.KVM_CAP_IRQ_ROUTING))) {
            noResample.createIrqchip();
            noRouting.createIrqchip();
            assertEquals(
                    "KVM_CAP_IRQFD",
                    assertThrows(MissingCapabilityException.class, () -> noIrqfd.irqfd(5, calls.eventFd("an event")))
                            .capability());
            noResample.irqfd(5, calls.eventFd("an event")).close();
            MissingCapabilityException level = assertThrows(
                    MissingCapabilityException.class,
                    () -> noResample.irqfd(5, calls.eventFd("an event"), calls.eventFd("end of interrupt")));
            assertEquals(
                    "a level-triggered interrupt by eventfd needs KVM_CAP_IRQFD_RESAMPLE, which KVM of this kernel does"
                            + " not have for this VM",
                    level.getMessage());
            assertEquals(
                    "KVM_CAP_IRQ_ROUTING",
                    assertThrows(
                                    MissingCapabilityException.class,
                                    () -> noRouting.routing().route(30, MESSAGE))
                            .capability());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EIO, Errno.ENOMEM, Errno.EBUSY, Errno.EAGAIN, Errno.EINVAL})
    void anIrqfdThatFailsAtAnyStepLeavesNothing(int errno) throws Exception {
        for (Ioctl step : List.of(Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_IRQFD)) {
            host.faults().fail(step.name(), 1, errno);
            LinuxException e = assertThrows(
                    LinuxException.class,
                    () -> vm.irqfd(5, calls.eventFd("an event"), calls.eventFd("end of interrupt")));
            assertEquals(errno, e.errno());
            assertEquals(step.name(), e.operation());
            boolean explained = !e.advice().isEmpty();
            boolean known = errno == Errno.EIO || step.equals(Kvm.KVM_IRQFD) && errno != Errno.ENOMEM;
            assertEquals(known, explained, e::getMessage);
            assertEquals(List.of("KVM VM"), host.openFiles());
        }
        vm.irqfd(5, calls.eventFd("an event")).close();
    }

    @Test
    void aNegativeGsiIsRefusedBeforeKvmIsAsked() {
        assertThrows(IllegalArgumentException.class, () -> vm.irqfd(-1, calls.eventFd("an event")));
        assertEquals(List.of("KVM VM"), host.openFiles());
    }

    @Test
    void aRefusedTableLeavesTheOldOne() throws Exception {
        GsiRouting routing = vm.routing();
        for (Ioctl step : List.of(Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_SET_GSI_ROUTING)) {
            host.faults().fail(step.name(), 1, Errno.ENOMEM);
            LinuxException e = assertThrows(LinuxException.class, () -> routing.route(5));
            assertEquals(step.name(), e.operation());
            assertEquals(GsiRouting.ofPc(), routing.routes());
        }
        host.faults().fail(Kvm.KVM_SET_GSI_ROUTING.name(), 1, Errno.ENOMEM);
        assertThrows(LinuxException.class, () -> routing.routeFree(MESSAGE));
        assertEquals(24, routing.routeFree(MESSAGE));
    }

    @Test
    void whenEveryGsiIsTakenItIsSaid() throws Exception {
        GsiRouting routing = vm.routing();
        int last = 0;
        for (int i = 24; i < 4096 - 16; i++) {
            last = routing.routeFree(MESSAGE);
        }
        assertEquals(4079, last);
        // The 16 ISA interrupts have two entries each: the table is full before the numbers are.
        IllegalStateException full = assertThrows(IllegalStateException.class, () -> routing.routeFree(MESSAGE));
        assertTrue(full.getMessage().contains("4097 entries"), full::getMessage);
        for (int gsi = 0; gsi < 16; gsi++) {
            routing.route(gsi, new Pin(Irqchip.IOAPIC, gsi));
        }
        for (int i = 0; i < 16; i++) {
            last = routing.routeFree(MESSAGE);
        }
        assertEquals(4095, last);
        IllegalStateException none = assertThrows(IllegalStateException.class, () -> routing.routeFree(MESSAGE));
        assertTrue(none.getMessage().contains("none of the 4096"), none::getMessage);
    }

    @Test
    void pinsThatAControllerDoesNotHaveCannotBeNamed() {
        assertThrows(IllegalArgumentException.class, () -> new Pin(Irqchip.PIC_MASTER, 8));
        assertThrows(IllegalArgumentException.class, () -> new Pin(Irqchip.IOAPIC, 24));
        assertThrows(IllegalArgumentException.class, () -> new Pin(Irqchip.PIC_SLAVE, -1));
        assertEquals("Message[address=0xfee00000, data=0x31]", MESSAGE.toString());
    }
}
