package io.vfio4j.display.edid;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest's monitor, on the emulated host. */
class MonitorTest {
    private static final Edid SMALL = Edid.forMode(1280, 720, 60);
    /** The region's index, as vfio-pci puts it into offsets. */
    private static final long REGION = 10L << 40;

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private VfioDevice device;
    private Monitor monitor;

    @BeforeEach
    void open() throws IOException {
        device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
        monitor = Monitor.of(device).orElseThrow();
    }

    @AfterEach
    void close() {
        device.close();
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    private String guestMode() {
        return host.vgpu().guest().width() + "x" + host.vgpu().guest().height();
    }

    private void assertFirstMonitor() throws IOException {
        assertEquals("1920x1200", guestMode());
        assertTrue(monitor.linkUp());
        DetailedTiming preferred = monitor.edid().flatMap(Edid::preferred).orElseThrow();
        assertEquals(1920, preferred.width());
        assertEquals(1200, preferred.height());
    }

    private static Edid withoutChecksum() throws IOException {
        byte[] bytes = SMALL.bytes();
        bytes[127]++;
        return Edid.parseLeniently(bytes);
    }

    @Test
    void theGuestHasAMonitorFromTheBeginning() throws IOException {
        assertFirstMonitor();
        assertEquals(new MonitorLimits(1920, 1200), monitor.limits());
        assertEquals(List.of(), monitor.edid().orElseThrow().problems());
        assertEquals("VFJ", monitor.edid().orElseThrow().manufacturer());
    }

    @Test
    void aDeviceWithoutTheRegionHasNone() throws IOException {
        try (EmulatedHost mdpy = EmulatedHost.of(VgpuProfile.MDPY);
                VfioDevice without = VfioDevice.open(
                        mdpy.systemCalls(),
                        MdevDevice.find(mdpy.systemCalls(), mdpy.vgpu().uuid()))) {
            assertEquals(Optional.empty(), Monitor.of(without));
        }
    }

    @Test
    void anotherMonitorIsAnotherMode() throws IOException {
        monitor.connect(SMALL);
        assertEquals("1280x720", guestMode());
        assertEquals(Optional.of(SMALL), monitor.edid());
        assertTrue(monitor.linkUp());
    }

    @Test
    void anUnpluggedMonitorKeepsItsEdid() throws IOException {
        monitor.disconnect();
        assertFalse(monitor.linkUp());
        assertTrue(monitor.edid().isPresent());
        monitor.connect(monitor.edid().get());
        assertTrue(monitor.linkUp());
    }

    @Test
    void theGuestSeesNothingBeforeTheMonitorIsPluggedIn() throws IOException {
        Monitor.Exchange exchange = monitor.exchange(SMALL);
        assertEquals("1920x1200", guestMode());
        assertFalse(monitor.linkUp());
        assertEquals(Optional.of(SMALL), monitor.edid());
        assertFalse(exchange.isOver());
        exchange.plugIn();
        assertTrue(exchange.isOver());
        assertEquals("1280x720", guestMode());
    }

    @Test
    void aSecondExchangeTakesTheFirstOnesPlace() throws IOException {
        Monitor.Exchange first = monitor.exchange(SMALL);
        Monitor.Exchange second = monitor.exchange(Edid.forMode(800, 600, 60));
        assertTrue(first.isOver());
        first.plugIn();
        assertFalse(monitor.linkUp());
        second.plugIn();
        assertEquals("800x600", guestMode());
    }

    @Test
    void aMonitorThatWasDisconnectedIsNotPluggedInByAnOldExchange() throws IOException {
        Monitor.Exchange exchange = monitor.exchange(SMALL);
        monitor.disconnect();
        exchange.plugIn();
        assertFalse(monitor.linkUp());
        assertEquals("1920x1200", guestMode());
    }

    @Test
    void anEdidThatTheDeviceRefusesLeavesTheOldOne() throws IOException {
        Edid wrong = withoutChecksum();
        LinuxException refused = assertThrows(LinuxException.class, () -> monitor.connect(wrong));
        assertEquals(Errno.EFAULT, refused.errno());
        assertEquals(
                "The monitor was to be plugged in, and the device does not like its EDID:"
                        + " the checksum of block 0 is wrong: its bytes add up to 1 where they should to 0.",
                refused.advice());
        assertEquals(0, refused.getSuppressed().length);
        assertFirstMonitor();
    }

    @Test
    void aRefusalAfterAnotherExchangeRestoresWhatWasPluggedIn() throws IOException {
        monitor.exchange(SMALL);
        Monitor.Exchange second = monitor.exchange(withoutChecksum());
        assertThrows(LinuxException.class, second::plugIn);
        assertFirstMonitor();
    }

    @Test
    void aRefusalLeavesAnUnpluggedMonitorUnplugged() throws IOException {
        monitor.disconnect();
        Edid wrong = withoutChecksum();
        assertThrows(LinuxException.class, () -> monitor.connect(wrong));
        assertFalse(monitor.linkUp());
        assertEquals("1920x1200", guestMode());
        assertEquals(1920, monitor.edid().flatMap(Edid::preferred).orElseThrow().width());
    }

    @Test
    void anEdidThatIsTooLongIsRefusedBeforeAnythingIsDone() throws IOException {
        Edid two = Edid.parseLeniently(new byte[256]);
        long calls = host.trace().size();
        String message = assertThrows(IllegalArgumentException.class, () -> monitor.connect(two))
                .getMessage();
        assertTrue(message.contains("256 bytes") && message.contains("at most 128"), message);
        assertFalse(host.trace().subList((int) calls, host.trace().size()).stream()
                .anyMatch(call -> call.startsWith("pwrite")));
        assertFirstMonitor();
    }

    @Test
    void whicheverCallFailsTheErrorSaysWhatWasDoneAndTheGuestKeepsAMonitor() throws IOException {
        long before = host.faults().calls();
        monitor.connect(SMALL);
        long calls = host.faults().calls() - before;
        Set<String> advices = new HashSet<>();
        for (int nth = 1; nth <= calls; nth++) {
            monitor.connect(Edid.forMode(1920, 1200, 60));
            host.faults().fail(Faults.ANY, nth, Errno.EFAULT);
            LinuxException refused = assertThrows(LinuxException.class, () -> monitor.connect(SMALL));
            host.faults().clear();
            assertEquals(Errno.EFAULT, refused.errno());
            advices.add(refused.advice());
            assertFirstMonitor();
        }
        assertTrue(
                advices.containsAll(Set.of(
                        "The monitor was to be unplugged, which every device with an EDID region should allow.",
                        "An EDID of 128 bytes was to be written, of which the device said that it takes 128.",
                        "The monitor was to be plugged in, and the device does not like its EDID.")),
                advices::toString);
    }

    @Test
    void whatCouldNotBeRestoredIsToldToo() throws IOException {
        host.faults().failOn("pwrite", "", Errno.EIO);
        LinuxException refused = assertThrows(LinuxException.class, monitor::disconnect);
        assertEquals(Errno.EIO, refused.errno());
        host.faults().clear();
        Monitor.Exchange exchange = monitor.exchange(SMALL);
        host.faults().failOn("pwrite", "", Errno.EIO);
        refused = assertThrows(LinuxException.class, exchange::plugIn);
        assertEquals(1, refused.getSuppressed().length);
        assertInstanceOf(LinuxException.class, refused.getSuppressed()[0]);
    }

    private void rewriteRegister(int offset, int value) {
        host.faults()
                .rewriteRead(
                        "",
                        (position, bytes) -> position == REGION + offset
                                ? ByteBuffer.allocate(4)
                                        .order(ByteOrder.LITTLE_ENDIAN)
                                        .putInt(value)
                                        .array()
                                : bytes);
    }

    @ParameterizedTest
    @CsvSource({
        "edid_offset, 0, 0", "edid_offset, 0, 23", "edid_offset, 0, -1", "edid_offset, 0, 16777217",
        "edid_max_size, 4, 0", "edid_max_size, 4, 127", "edid_max_size, 4, 65537", "edid_max_size, 4, -1",
        "edid_size, 8, 129", "edid_size, 8, -128"
    })
    void registersThatCannotBeAreNotFollowed(String name, int offset, int value) {
        rewriteRegister(offset, value);
        String message =
                assertThrows(MalformedReplyException.class, monitor::edid).getMessage();
        assertTrue(message.contains(name + " is " + Integer.toUnsignedString(value)), message);
        assertThrows(MalformedReplyException.class, () -> monitor.connect(SMALL));
        assertEquals("1920x1200", guestMode());
    }

    @Test
    void anEdidThatNobodyHasWrittenIsNone() throws IOException {
        rewriteRegister(Vfio.RegionGfxEdid.EDID_SIZE, 0);
        assertEquals(Optional.empty(), monitor.edid());
        host.faults().clear();
        host.faults().rewriteRead("", (position, bytes) -> bytes.length == 128 ? new byte[128] : bytes);
        assertEquals(Optional.empty(), monitor.edid());
    }

    @Test
    void halfAnEdidIsMalformed() {
        rewriteRegister(Vfio.RegionGfxEdid.EDID_SIZE, 64);
        String message =
                assertThrows(MalformedEdidException.class, monitor::edid).getMessage();
        assertTrue(message.contains("64 bytes"), message);
    }

    @Test
    void aLinkThatNobodyHasSetIsUpIfThereIsAnEdid() throws IOException {
        rewriteRegister(Vfio.RegionGfxEdid.LINK_STATE, 0);
        assertTrue(monitor.linkUp());
        host.faults()
                .rewriteRead(
                        "",
                        (position, bytes) -> position == REGION + Vfio.RegionGfxEdid.EDID_SIZE ? new byte[4] : bytes);
        assertFalse(monitor.linkUp());
    }

    @Test
    void aShortReadIsMalformed() {
        host.faults().rewriteRead("", (position, bytes) -> Arrays.copyOf(bytes, bytes.length - 1));
        assertThrows(MalformedReplyException.class, monitor::edid);
        assertThrows(MalformedReplyException.class, monitor::limits);
    }

    @Test
    void limitsAreNamed() throws IOException {
        MonitorLimits limits = monitor.limits();
        limits.require(1920, 1200);
        String message = assertThrows(IllegalArgumentException.class, () -> limits.require(1921, 1200))
                .getMessage();
        assertEquals("1921x1200 is more than the device can show, which is 1920x1200", message);
        assertThrows(IllegalArgumentException.class, () -> limits.require(1920, 1201));
        new MonitorLimits(0, 0).require(4095, 4095);
        assertThrows(IllegalArgumentException.class, () -> new MonitorLimits(0, 768).require(640, 800));
        rewriteRegister(Vfio.RegionGfxEdid.MAX_XRES, -1);
        assertEquals(new MonitorLimits(Integer.MAX_VALUE, 1200), monitor.limits());
    }
}
