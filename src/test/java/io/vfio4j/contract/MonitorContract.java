package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.Display;
import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.Monitor;
import io.vfio4j.display.edid.MonitorLimits;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest's monitor, and the mode that it takes by it. The same on every kernel; a subclass says on which. */
abstract class MonitorContract {
    private TestHost host;
    private TestVgpu vgpu;
    private VfioDevice device;

    abstract TestHost openHost() throws IOException;

    @BeforeEach
    void open() throws IOException {
        host = openHost();
        vgpu = host.create("port");
        device = VfioDevice.open(host.systemCalls(), vgpu.mdev());
    }

    @AfterEach
    void close() throws IOException {
        device.close();
        vgpu.close();
        host.close();
    }

    /** What it scans out. */
    private String guestMode() throws IOException {
        return device.plane(PlaneType.PRIMARY, PlaneAccess.DMABUF)
                .map(plane -> plane.width() + "x" + plane.height())
                .orElse("off");
    }

    @Test
    void theGuestTakesTheModeThatIsSet() throws IOException {
        try (EventLoop loop = EventLoop.stepped(host.systemCalls());
                Display display = Display.attach(loop, device)) {
            Monitor monitor = display.monitor().orElseThrow();
            for (String mode : List.of("1280x720", "800x600", "1366x768", "1920x1200")) {
                List<Integer> size =
                        List.of(mode.split("x")).stream().map(Integer::valueOf).toList();
                CompletionStage<Void> set = display.setMode(size.get(0), size.get(1), 60);
                assertFalse(monitor.linkUp());
                await(loop, set);
                assertTrue(monitor.linkUp());
                assertEquals(mode, guestMode());
                assertEquals(Optional.of(Edid.forMode(size.get(0), size.get(1), 60)), monitor.edid());
            }
        }
    }

    static void await(EventLoop loop, CompletionStage<Void> stage) {
        CountDownLatch done = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        stage.whenComplete((nothing, thrown) -> {
            failure.set(thrown);
            done.countDown();
        });
        loop.await(done);
        if (failure.get() != null) {
            throw new AssertionError(failure.get());
        }
    }

    @Test
    void limitsAreSaidAndObeyed() throws IOException {
        try (EventLoop loop = EventLoop.stepped(host.systemCalls());
                Display display = Display.attach(loop, device)) {
            assertEquals(
                    new MonitorLimits(1920, 1200),
                    display.monitor().orElseThrow().limits());
            assertThrows(IllegalArgumentException.class, () -> display.setMode(1920, 1201, 60));
            assertThrows(IllegalArgumentException.class, () -> display.setMode(1928, 1200, 60));
        }
    }

    @Test
    void whatTheDriverRefusesChangesNothing() throws IOException {
        Monitor monitor = Monitor.of(device).orElseThrow();
        monitor.connect(Edid.forMode(1024, 768, 60));
        assertEquals("1024x768", guestMode());
        byte[] wrong = Edid.forMode(640, 480, 60).bytes();
        wrong[127] ^= 1;
        Edid refused = Edid.parseLeniently(wrong);
        LinuxException refusal = assertThrows(LinuxException.class, () -> monitor.connect(refused));
        assertEquals(Errno.EFAULT, refusal.errno());
        assertEquals(0, refusal.getSuppressed().length);
        assertTrue(refusal.advice().contains("the checksum of block 0 is wrong"), refusal::getMessage);
        assertEquals("1024x768", guestMode());
        assertTrue(monitor.linkUp());
        assertEquals(Optional.of(Edid.forMode(1024, 768, 60)), monitor.edid());
    }

    @Test
    void anEdidThatIsTooLongIsRefused() throws IOException {
        Monitor monitor = Monitor.of(device).orElseThrow();
        Edid two = Edid.parseLeniently(new byte[256]);
        assertThrows(IllegalArgumentException.class, () -> monitor.connect(two));
        assertTrue(monitor.linkUp());
    }

    @Test
    void anUnpluggedMonitorIsUnplugged() throws IOException {
        Monitor monitor = Monitor.of(device).orElseThrow();
        assertTrue(monitor.linkUp());
        monitor.disconnect();
        assertFalse(monitor.linkUp());
        monitor.connect(Edid.forMode(800, 600, 75));
        assertTrue(monitor.linkUp());
        assertEquals("800x600", guestMode());
    }
}
