package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.BufferChange;
import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.NoDisplayException;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.RefreshPolicy;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.Monitor;
import io.vfio4j.display.edid.MonitorLimits;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Capability;
import io.vfio4j.vfio.DeviceInfo;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The kernel's own sample devices, which nobody here wrote: mdpy, mbochs and mtty of Linux 6.1. */
@Tag("real-kernel")
class RealSamplesTest {
    private final SystemCalls calls = JnaLinux.open();
    private final List<Path> created = new ArrayList<>();

    private MdevDevice create(String parent, String type) throws IOException {
        UUID uuid = UUID.randomUUID();
        RealHost.write(
                Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types", parent + "-" + type, "create"),
                uuid.toString());
        created.add(Path.of(MdevDevice.BUS, uuid.toString()));
        return MdevDevice.find(calls, uuid);
    }

    @AfterEach
    void removeDevices() throws IOException {
        for (Path device : created) {
            RealHost.write(device.resolve("remove"), "1");
            assertFalse(Files.exists(device));
        }
    }

    @Test
    void mdpyHasALinearDisplayInARegionBeyondItsCount() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mdpy", "vga"))) {
            DeviceInfo info = device.info();
            assertTrue(info.pci());
            assertEquals(Vfio.VFIO_PCI_NUM_REGIONS, info.regions());
            assertEquals(Vfio.VFIO_PCI_NUM_IRQS, info.irqs());
            assertEquals(Set.of(PlaneAccess.REGION), device.planeAccess());
            Plane plane = device.plane(PlaneType.PRIMARY, PlaneAccess.REGION).orElseThrow();
            assertEquals("XR24", plane.formatName());
            assertEquals(640, plane.width());
            assertEquals(480, plane.height());
            assertEquals(640 * 4, plane.strideBytes());
            assertEquals(16, plane.source());
            RegionInfo region = device.region(plane.source());
            assertTrue(region.mappable() && region.readable() && region.writable());
            assertEquals(plane.sizeBytes(), region.size());
            List<IrqInfo> irqs = device.irqs();
            assertEquals(5, irqs.size());
            assertTrue(irqs.stream().allMatch(irq -> irq.count() == 0));
            assertThrows(IOException.class, () -> device.irq(Vfio.VFIO_PCI_MSI_IRQ_INDEX));
        }
    }

    @Test
    void mdpyIsWatchedByTimer() throws Exception {
        watchByTimer(VfioDevice.open(calls, create("mdpy", "vga")), "640x480 XR24");
    }

    @Test
    void mbochsAnswersTheSecondQueryOfAMode() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mbochs", "small"))) {
            assertEquals(Set.of(PlaneAccess.DMABUF), device.planeAccess());
            assertEquals(Optional.empty(), device.plane(PlaneType.PRIMARY, PlaneAccess.DMABUF));
            setBochsMode(device, 640, 480);
            Plane plane = device.plane(PlaneType.PRIMARY, PlaneAccess.DMABUF).orElseThrow();
            assertEquals(640, plane.width());
            assertEquals(480, plane.height());
            assertEquals("XR24", plane.formatName());
            try (Descriptor dmaBuf = device.dmaBuf(plane.source())) {
                assertFalse(dmaBuf.isClosed());
            }
        }
    }

    @Test
    void mbochsHasAnEdidRegionThatIsFoundByItsType() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mbochs", "small"))) {
            List<RegionInfo> edid = device.regions().stream()
                    .filter(region -> !region.capabilities().isEmpty())
                    .toList();
            assertEquals(1, edid.size());
            assertEquals(Vfio.VFIO_PCI_NUM_REGIONS, edid.get(0).index());
            Capability type = edid.get(0).capabilities().get(0);
            assertEquals(Vfio.VFIO_REGION_INFO_CAP_TYPE, type.id());
            assertEquals(Vfio.VFIO_REGION_TYPE_GFX, type.bytes().getInt(Vfio.RegionInfoCapType.TYPE));
            assertEquals(Vfio.VFIO_REGION_SUBTYPE_GFX_EDID, type.bytes().getInt(Vfio.RegionInfoCapType.SUBTYPE));
        }
    }

    /** Its guest reads the EDID at the start of BAR 2, and zeros while the monitor is unplugged. */
    private byte[] edidOfBochsGuest(VfioDevice device) throws IOException {
        RegionInfo mmio = device.region(Vfio.VFIO_PCI_BAR2_REGION_INDEX);
        try (NativeMemory value = calls.allocate(Edid.BLOCK_BYTES)) {
            assertEquals(value.size(), device.read(mmio, 0, value, value.size()));
            return value.getBytes(0, value.size());
        }
    }

    @Test
    void mbochsGuestReadsTheEdidOfTheModeThatIsSet() throws Exception {
        VfioDevice device = VfioDevice.open(calls, create("mbochs", "small"));
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, device)) {
            Monitor monitor = display.monitor().orElseThrow();
            assertEquals(new MonitorLimits(800, 600), monitor.limits());
            assertEquals(Optional.empty(), monitor.edid());
            assertFalse(monitor.linkUp());
            byte[] nothing = new byte[Edid.BLOCK_BYTES];
            assertArrayEquals(nothing, edidOfBochsGuest(device));

            CompletionStage<Void> set = display.setMode(720, 400, 70);
            assertFalse(monitor.linkUp());
            assertArrayEquals(nothing, edidOfBochsGuest(device));
            MonitorContract.await(loop, set);
            assertTrue(monitor.linkUp());
            Edid seen = Edid.parse(edidOfBochsGuest(device));
            assertEquals(Optional.of(seen), monitor.edid());
            assertEquals(720, seen.preferred().orElseThrow().width());
            assertEquals(400, seen.preferred().orElseThrow().height());
            assertEquals(70, seen.preferred().orElseThrow().refreshHertz(), 0.7);

            monitor.disconnect();
            assertArrayEquals(nothing, edidOfBochsGuest(device));
            assertThrows(IllegalArgumentException.class, () -> display.setMode(801, 600, 60));
            assertThrows(IllegalArgumentException.class, () -> display.setMode(800, 601, 60));
        }
    }

    @Test
    void aMonitorOfMbochsMayHaveExtensionBlocks() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mbochs", "large"))) {
            Monitor monitor = Monitor.of(device).orElseThrow();
            assertEquals(new MonitorLimits(0, 0), monitor.limits());
            byte[] base = Edid.forMode(3840, 2160, 60).bytes();
            // One extension block, of zeros: its checksum is right.
            base[126]++;
            base[127]--;
            Edid two = Edid.parse(Arrays.copyOf(base, 2 * Edid.BLOCK_BYTES));
            monitor.connect(two);
            assertEquals(Optional.of(two), monitor.edid());
            assertArrayEquals(base, edidOfBochsGuest(device));
            Edid tooLong = Edid.parseLeniently(Arrays.copyOf(base, 9 * Edid.BLOCK_BYTES));
            String message = assertThrows(IllegalArgumentException.class, () -> monitor.connect(tooLong))
                    .getMessage();
            assertTrue(message.contains("at most 1024"), message);
        }
    }

    @Test
    void mdpyHasNoMonitor() throws Exception {
        try (VfioDevice device = VfioDevice.open(calls, create("mdpy", "vga"))) {
            assertEquals(Optional.empty(), Monitor.of(device));
        }
    }

    @Test
    void mbochsIsWatchedByTimer() throws Exception {
        MdevDevice mdev = create("mbochs", "small");
        VfioDevice device = VfioDevice.open(calls, mdev);
        boolean set = false;
        try {
            setBochsMode(device, 640, 480);
            set = true;
        } finally {
            if (!set) {
                device.close();
            }
        }
        watchByTimer(device, "640x480 XR24");
    }

    private void watchByTimer(VfioDevice device, String mode) throws IOException {
        CountDownLatch seen = new CountDownLatch(5);
        List<RefreshEvent> events = new ArrayList<>();
        List<DisplayMode> modes = new ArrayList<>();
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(
                        loop, device, DisplayOptions.DEFAULTS.withPolicy(RefreshPolicy.timer(Duration.ofMillis(10))))) {
            assertEquals(Optional.empty(), display.dialect());
            display.subscribe(new RefreshListener() {
                @Override
                public void onRefresh(RefreshEvent event) {
                    events.add(event);
                    seen.countDown();
                }

                @Override
                public void onModeChanged(DisplayMode changed) {
                    modes.add(changed);
                }
            });
            loop.await(seen);
            assertTrue(display.stats().queries() >= 4);
            assertEquals(0, display.stats().errors());
        }
        assertEquals(List.of(mode), modes.stream().map(DisplayMode::toString).toList());
        assertEquals(RefreshSource.RESYNC, events.get(0).source());
        for (RefreshEvent event : events.subList(1, events.size())) {
            assertEquals(RefreshSource.TIMER, event.source());
            assertEquals(BufferChange.SAME_BUFFER, event.buffer());
        }
    }

    @Test
    void mttyHasNoDisplayButIrqsThatReachAnEventfd() throws Exception {
        MdevDevice mdev = create("mtty", "2");
        try (VfioDevice device = VfioDevice.open(calls, mdev)) {
            assertEquals(Set.of(), device.planeAccess());
            assertEquals(
                    List.of(Vfio.VFIO_PCI_INTX_IRQ_INDEX, Vfio.VFIO_PCI_MSI_IRQ_INDEX, Vfio.VFIO_PCI_REQ_IRQ_INDEX),
                    device.irqs().stream().map(IrqInfo::index).toList());
            assertEquals(7, device.irqInfo(Vfio.VFIO_PCI_INTX_IRQ_INDEX).flags());
            assertEquals(9, device.irqInfo(Vfio.VFIO_PCI_MSI_IRQ_INDEX).flags());
            Irq msi = device.irq(Vfio.VFIO_PCI_MSI_IRQ_INDEX);
            try (Descriptor eventFd = calls.eventFd("MSI of mtty");
                    NativeMemory byteOut = calls.allocate(1)) {
                msi.arm(eventFd);
                // Interrupt enable register of the 16550 (offset 1): "transmitter holding register empty" (bit 1), as
                // it is.
                byteOut.putByte(0, 2);
                device.write(device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX), 1, byteOut, 1);
                assertEquals(1, calls.drain(eventFd));
                assertEquals(0, calls.drain(eventFd));
                msi.disarm();
            }
        }
        try (EventLoop loop = EventLoop.stepped(calls)) {
            assertThrows(NoDisplayException.class, () -> Display.attach(loop, VfioDevice.open(calls, mdev)));
        }
    }

    /** Bochs dispi registers in BAR2 from 0x500 on (two bytes each): index, xres, yres, bpp, enable. */
    private void setBochsMode(VfioDevice device, int width, int height) throws IOException {
        RegionInfo mmio = device.region(Vfio.VFIO_PCI_BAR2_REGION_INDEX);
        try (NativeMemory value = calls.allocate(2)) {
            int[][] writes = {{1, width}, {2, height}, {3, 32}, {4, 0x41}};
            for (int[] write : writes) {
                value.putShort(0, write[1]);
                assertEquals(2, device.write(mmio, 0x500 + 2L * write[0], value, 2));
            }
        }
    }
}
