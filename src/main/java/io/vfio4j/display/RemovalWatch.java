package io.vfio4j.display;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Watch;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Notices that a device is being removed, which waits until we close it. The driver core takes the device's driver link away first:
 * that is looked for now and then, always, because some drivers offer the REQ irq and never signal it. Where it is signalled, it is
 * only quicker. All on the loop's thread.
 */
final class RemovalWatch {
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final EventLoop loop;
    private final Optional<HostDevice> host;
    private final Runnable removed;
    private final Deadline check;
    private Optional<Request> request = Optional.empty();

    private record Request(Irq irq, Descriptor eventFd, Watch watch) {}

    RemovalWatch(EventLoop loop, VfioDevice device, Runnable removed) {
        this.loop = loop;
        this.host = device.host();
        this.removed = removed;
        this.check = loop.deadline(this::look);
    }

    /** Begins; arms the REQ irq where the device, being ours, grants it. */
    void start(VfioDevice device, List<IrqInfo> irqs) throws IOException {
        boolean granted = irqs.stream()
                .anyMatch(irq -> irq.index() == Vfio.VFIO_PCI_REQ_IRQ_INDEX && irq.eventFd() && irq.count() > 0);
        if (granted && !device.shared()) {
            arm(device);
        }
        if (host.isPresent()) {
            check.set(loop.systemCalls().nanoTime() + CHECK_NANOS);
        }
    }

    private void arm(VfioDevice device) throws IOException {
        Irq irq = device.irq(Vfio.VFIO_PCI_REQ_IRQ_INDEX);
        Descriptor eventFd = loop.systemCalls().eventFd("request irq of " + device.name());
        boolean success = false;
        try {
            request = Optional.of(new Request(irq, eventFd, loop.watch(eventFd, (value, nanoTime) -> removed.run())));
            irq.arm(eventFd);
            success = true;
        } finally {
            if (!success) {
                stop();
                eventFd.close();
            }
        }
    }

    private void look() {
        if (host.orElseThrow().hasDriver(loop.systemCalls())) {
            check.set(loop.systemCalls().nanoTime() + CHECK_NANOS);
        } else {
            removed.run();
        }
    }

    /** Ends, before the device is closed. */
    void stop() {
        check.cancel();
        request.ifPresent(armed -> {
            try {
                if (armed.irq().armed()) {
                    armed.irq().disarm();
                }
            } catch (LinuxException | RuntimeException e) {
                log(e);
            }
            try {
                loop.unwatch(armed.watch());
            } catch (LinuxException | RuntimeException e) {
                log(e);
            }
            armed.eventFd().close();
        });
        request = Optional.empty();
    }

    private static void log(Exception e) {
        System.getLogger(RemovalWatch.class.getName()).log(System.Logger.Level.WARNING, "request irq", e);
    }
}
