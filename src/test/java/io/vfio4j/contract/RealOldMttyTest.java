package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.IrqOptions;
import io.vfio4j.vfio.IrqOptions.Unmasking;
import io.vfio4j.vfio.IrqSubscription;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.RemovalWatch;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The sample device mtty as Linux 6.1 has it: it ignores masks, and offers a REQ irq that it never signals. Each irq is armed once here,
 * and disarmed once: after that the driver's pointer dangles.
 */
@Tag("real-kernel")
class RealOldMttyTest {
    private final SystemCalls calls = JnaLinux.open();
    private final MttyRegisters registers = new MttyRegisters();
    private final List<String> errors = new ArrayList<>();
    private final IrqOptions options =
            IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause));

    private static Path create() throws IOException {
        UUID uuid = UUID.randomUUID();
        RealHost.write(Path.of("/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create"), uuid.toString());
        return Path.of(MdevDevice.BUS, uuid.toString());
    }

    private VfioDevice open(Path path) throws IOException {
        return VfioDevice.open(
                calls, MdevDevice.find(calls, UUID.fromString(path.getFileName().toString())));
    }

    @Test
    void itsInterruptsReachAListenerAndItsRemovalIsNoticedByTheDriverLink(TestReporter reporter) throws Exception {
        Remover.assertWithinASecond("mtty of 6.1, REQ never signalled", reporter, this::removeWhileArmed);
        assertEquals(List.of(), errors);
    }

    private Duration removeWhileArmed() throws Exception {
        Path path = create();
        try (EventLoop loop = EventLoop.stepped(calls)) {
            VfioDevice device = open(path);
            assertTrue(device.irq(PciIrq.REQUEST).info().eventFd(), "it offers REQ");
            IrqNotes notes = new IrqNotes();
            device.irq(PciIrq.INTX).subscribe(loop, notes, options);
            CountDownLatch removed = new CountDownLatch(1);
            RemovalWatch.start(
                    loop,
                    device,
                    () -> {
                        device.close();
                        removed.countDown();
                    },
                    (what, cause) -> errors.add(what + ": " + cause));
            assertTrue(device.irq(PciIrq.REQUEST).armed());
            for (int i = 1; i <= 3; i++) {
                registers.raise(device);
                loop.await(notes.total(i));
            }
            Remover remover = Remover.write(path.resolve("remove"), "1");
            loop.await(removed);
            Duration took = remover.await();
            assertEquals(List.of(Optional.empty()), notes.closes);
            assertFalse(Files.exists(path));
            return took;
        }
    }

    @Test
    void itsMessagesReachAListener() throws Exception {
        Path path = create();
        try (EventLoop loop = EventLoop.stepped(calls);
                VfioDevice device = open(path)) {
            IrqNotes notes = new IrqNotes();
            IrqSubscription subscription =
                    device.irq(PciIrq.MSI).subscribe(loop, notes, options.withUnmasking(Unmasking.BY_CALLER));
            for (int i = 1; i <= 3; i++) {
                registers.raise(device);
            }
            loop.await(notes.total(3));
            subscription.close();
            assertEquals(3, notes.count());
        }
        Remover.write(path.resolve("remove"), "1").await();
        assertEquals(List.of(), errors);
    }
}
