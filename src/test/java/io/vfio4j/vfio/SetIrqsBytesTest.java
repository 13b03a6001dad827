package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.PeripheralKind;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the kernel is given by VFIO_DEVICE_SET_IRQS, byte for byte. */
class SetIrqsBytesTest {
    private static final int DATA = 20;

    private final Vectors vectors = Vectors.load();
    private final List<String> calls = new ArrayList<>();

    private EmulatedHost host(VgpuProfile profile) {
        EmulatedHost host = EmulatedHost.of(profile);
        host.faults().rewrite(Vfio.VFIO_DEVICE_SET_IRQS, given -> {
            calls.add(HexFormat.of().formatHex(given));
            return given;
        });
        return host;
    }

    private static VfioDevice open(EmulatedHost host) throws IOException {
        return VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
    }

    private String vector(String who, String call) {
        return HexFormat.of().formatHex(vectors.bytes(who, call));
    }

    private String armVector(int descriptor) {
        byte[] bytes = vectors.bytes("all", "set arm fd 42");
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(DATA, descriptor);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void everyCallIsTheVectors() throws Exception {
        for (VgpuProfile profile : List.of(VgpuProfile.V3, VgpuProfile.V4, VgpuProfile.V5, VgpuProfile.V6)) {
            calls.clear();
            try (EmulatedHost host = host(profile);
                    VfioDevice device = open(host);
                    Descriptor eventFd = host.systemCalls().eventFd("counter")) {
                Irq irq = device.irq(5);
                irq.arm(eventFd);
                irq.mask();
                irq.unmask();
                irq.mask();
                irq.disarm();
                int number = eventFd.acquire();
                eventFd.release();
                assertEquals(
                        List.of(
                                armVector(number),
                                vector("v3..", "set mask"),
                                vector("v3..", "set unmask"),
                                vector("v3..", "set mask"),
                                vector("all", "set disarm")),
                        calls,
                        profile.name());
                assertEquals(0, host.vgpu().forbiddenCalls());
            }
        }
    }

    @Test
    void armingTwiceAndDisarmingWhatIsNotArmedNeverReachTheKernel() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V6);
                VfioDevice device = open(host);
                Descriptor eventFd = host.systemCalls().eventFd("counter")) {
            Irq irq = device.irq(5);
            assertThrows(IllegalStateException.class, irq::disarm);
            irq.arm(eventFd);
            assertThrows(IllegalStateException.class, () -> irq.arm(eventFd));
            irq.disarm();
            assertThrows(IllegalStateException.class, irq::disarm);
            assertEquals(2, calls.size());
            assertEquals(0, host.vgpu().leakedContexts());
        }
    }

    @Test
    void aDisarmingThatWasRefusedIsNotTriedAgain() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V2);
                VfioDevice device = open(host);
                Descriptor eventFd = host.systemCalls().eventFd("counter")) {
            Irq irq = device.irq(5);
            assertThrows(IllegalStateException.class, irq::mask, "v2 cannot mask");
            assertThrows(IllegalStateException.class, irq::unmask);
            irq.arm(eventFd);
            host.faults().fail(Vfio.VFIO_DEVICE_SET_IRQS.name(), 1, Errno.EIO);
            assertThrows(LinuxException.class, irq::disarm);
            assertThrows(IllegalStateException.class, irq::disarm);
        }
    }

    @Test
    void thereIsNoIrqForAnIndexThatTheDriverRefused() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V6);
                VfioDevice device = open(host)) {
            for (int index : new int[] {2, 3, 4}) {
                LinuxException e = assertThrows(LinuxException.class, () -> device.irq(index));
                assertEquals(Errno.EINVAL, e.errno());
            }
            for (int index : new int[] {-1, 6, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                assertThrows(IllegalArgumentException.class, () -> device.irq(index));
            }
            assertEquals(List.of(), calls);
            assertEquals(0, host.vgpu().forbiddenCalls());
        }
    }

    private static final int HEADER = 20;

    /** Header and data of a call, as the kernel reads them. */
    private static String call(int flags, int index, int start, int count, int... data) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER + 4 * data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(bytes.capacity()).putInt(flags).putInt(index).putInt(start).putInt(count);
        for (int word : data) {
            bytes.putInt(word);
        }
        return HexFormat.of().formatHex(bytes.array());
    }

    private VfioDevice openPeripheral(EmulatedHost host) throws IOException {
        host.faults().rewrite(Vfio.VFIO_DEVICE_SET_IRQS, given -> {
            calls.add(HexFormat.of().formatHex(given));
            return given;
        });
        String address = host.peripherals().get(0).name();
        return VfioDevice.open(
                host.systemCalls(), HostDevice.findPci(host.systemCalls(), address), AttachOptions.DEFAULTS);
    }

    private static int number(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return number;
    }

    @Test
    void theCallsOfOtherIrqsAreWhatTheHeaderSays() throws Exception {
        try (EmulatedHost host =
                        EmulatedHost.builder().peripheral(PeripheralKind.E1000E).build();
                VfioDevice device = openPeripheral(host);
                Descriptor first = host.systemCalls().eventFd("first");
                Descriptor second = host.systemCalls().eventFd("second")) {
            Irq messages = device.irq(PciIrq.MSIX);
            messages.arm(3, List.of(first, second));
            messages.trigger(4);
            messages.disarm();
            Irq line = device.irq(PciIrq.INTX);
            line.arm(first);
            line.unmaskBy(second);
            line.mask();
            line.unmask(0);
            line.disarm();
            String loopBack = call(0x22, 2, 4, 1);
            assertEquals(
                    List.of(
                            call(0x24, 2, 3, 2, number(first), number(second)),
                            "15" + loopBack.substring(2) + "01",
                            call(0x21, 2, 0, 0),
                            call(0x24, 0, 0, 1, number(first)),
                            call(0x14, 0, 0, 1, number(second)),
                            call(0x09, 0, 0, 1),
                            call(0x11, 0, 0, 1),
                            call(0x21, 0, 0, 0)),
                    calls);
        }
    }

    @Test
    void theDisplayIrqGetsNoneOfTheCallsThatItsKernelsDoNotKnow() throws Exception {
        for (VgpuProfile profile : List.of(
                VgpuProfile.V2,
                VgpuProfile.V3,
                VgpuProfile.V4,
                VgpuProfile.V5,
                VgpuProfile.V6,
                VgpuProfile.PAGE_FLIP,
                VgpuProfile.PORT,
                VgpuProfile.PORT_DISPLAY)) {
            calls.clear();
            try (EmulatedHost host = host(profile);
                    EventLoop loop = EventLoop.stepped(host.systemCalls());
                    VfioDevice device = open(host);
                    Descriptor eventFd = host.systemCalls().eventFd("counter")) {
                Irq irq = device.irq(5);
                assertThrows(IllegalStateException.class, () -> irq.subscribe(loop, event -> {}));
                irq.arm(eventFd);
                assertThrows(IllegalStateException.class, () -> irq.trigger(0));
                assertThrows(IllegalStateException.class, () -> irq.unmaskBy(eventFd));
                assertThrows(IllegalArgumentException.class, () -> irq.arm(0, List.of(eventFd, eventFd)));
                assertEquals(1, calls.size(), profile.name());
                assertSame(irq, device.irq(5));
                if (profile != VgpuProfile.V2) {
                    irq.mask();
                    assertThrows(IllegalArgumentException.class, () -> irq.mask(1));
                }
                irq.disarm();
                assertEquals(0, host.vgpu().forbiddenCalls());
                assertEquals(0, host.vgpu().leakedContexts());
            }
        }
    }

    @Test
    void anIrqOfASharedDeviceIsNotSubscribedTo() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
                EventLoop loop = EventLoop.stepped(host.systemCalls());
                VfioContainer container = VfioContainer.open(host.systemCalls());
                VfioGroup group = VfioGroup.open(host.systemCalls(), 1)) {
            group.setContainer(container);
            container.setIommu();
            Descriptor copy = group.openDevice(host.vgpu().uuid().toString());
            try (VfioDevice shared = VfioDevice.share(host.systemCalls(), copy, "shared")) {
                IllegalStateException e = assertThrows(
                        IllegalStateException.class,
                        () -> shared.irq(PciIrq.MSI).subscribe(loop, event -> {}));
                assertTrue(e.getMessage().contains("its owner would lose it"), e.getMessage());
            }
        }
    }

    @Test
    void anIrqThatWasForgottenIsDisarmedWhenTheDeviceIsClosedButNotTheDisplayIrq() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V6.withRequestIrq(true));
                Descriptor eventFd = host.systemCalls().eventFd("counter")) {
            VfioDevice device = open(host);
            device.irq(PciIrq.MSI).arm(eventFd);
            device.irq(PciIrq.REQUEST).arm(eventFd);
            device.irq(5).arm(eventFd);
            calls.clear();
            device.close();
            device.close();
            assertEquals(Set.of(call(0x21, 1, 0, 0), call(0x21, 4, 0, 0)), Set.copyOf(calls));
            assertEquals(2, calls.size());
            assertTrue(host.vgpu().armed());
            assertThrows(ClosedException.class, () -> device.irq(5));
        }
    }

    @Test
    void aDeviceThatIsNoPciDeviceHasNoIrqOfThatName() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6.withRequestIrq(true));
                EventLoop loop = EventLoop.stepped(host.systemCalls());
                VfioDevice device = open(host)) {
            assertThrows(LinuxException.class, () -> device.irq(PciIrq.MSIX));
            host.faults().rewrite(Vfio.VFIO_DEVICE_GET_INFO, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(Vfio.DeviceInfo.FLAGS, 0);
                return reply;
            });
            IOException e = assertThrows(IOException.class, () -> device.irq(PciIrq.MSI));
            assertTrue(e.getMessage().contains("no PCI device"), e.getMessage());
            // Index 4 is something else there, so it is not taken for REQ.
            RemovalWatch.start(loop, device, () -> {}).close();
            assertTrue(host.trace().stream().noneMatch(call -> call.contains("SET_IRQS")));
        }
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
                VfioDevice device = open(host)) {
            host.faults().rewrite(Vfio.VFIO_DEVICE_GET_INFO, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(Vfio.DeviceInfo.NUM_IRQS, 2);
                return reply;
            });
            IOException e = assertThrows(IOException.class, () -> device.irq(PciIrq.MSIX));
            assertTrue(e.getMessage().contains("it has 2 irqs"), e.getMessage());
        }
    }

    @Test
    void moreVectorsThanAnArrayHoldsAreCountedUnsigned() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
                VfioDevice device = open(host);
                Descriptor eventFd = host.systemCalls().eventFd("counter")) {
            host.faults().rewrite(Vfio.VFIO_DEVICE_GET_IRQ_INFO, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(Vfio.IrqInfo.COUNT, -1);
                return reply;
            });
            Irq irq = device.irq(PciIrq.MSI);
            assertEquals(-1, irq.info().count());
            // The kernel refuses what it has not; here it is only that nothing overflows.
            LinuxException e = assertThrows(LinuxException.class, () -> irq.arm(Integer.MAX_VALUE, List.of(eventFd)));
            assertEquals(Errno.EINVAL, e.errno());
            assertThrows(IllegalArgumentException.class, () -> irq.arm(-1, List.of(eventFd)));
        }
    }
}
