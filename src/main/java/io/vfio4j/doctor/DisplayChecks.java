package io.vfio4j.doctor;

import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/** What an open device shows, and how it tells that it shows something new. */
final class DisplayChecks {
    private final VfioDevice device;

    DisplayChecks(VfioDevice device) {
        this.device = device;
    }

    /** drivers/vfio/pci/vfio_pci_core.c knows no VFIO_DEVICE_QUERY_GFX_PLANE. */
    static Finding ofPci(Check check) {
        return check.advice(
                "Whatever the device shows, vfio-pci does not hand it out.",
                "There is nothing to watch: only mediated devices have a display for others to see.");
    }

    Finding display(Check check) throws IOException {
        Set<PlaneAccess> access = device.planeAccess();
        if (access.isEmpty()) {
            return check.advice(
                    "The device has none: it does not answer VFIO_DEVICE_QUERY_GFX_PLANE.",
                    "There is nothing to watch. A type of mediated devices with a display is needed for that.");
        }
        return check.ok(
                access.contains(PlaneAccess.DMABUF)
                        ? "Its pixels come as dma-bufs" + (access.size() > 1 ? ", or in a region." : ".")
                        : "Its pixels lie in a region.");
    }

    Finding irq(Check check) throws IOException {
        Optional<DisplayIrqInfo> irq =
                device.planeAccess().isEmpty() ? Optional.empty() : DisplayIrqInfo.detect(device.irqs());
        return check.ok(irq.map(DisplayChecks::describe)
                .orElse("The device has none. That is normal on mainline kernels: the timer does the job"
                        + " (policies auto and timer)."));
    }

    private static String describe(DisplayIrqInfo irq) {
        String indexes = irq.counters().stream()
                .map(counter -> Integer.toString(counter.index()))
                .reduce((first, second) -> first + " and " + second)
                .orElse("");
        return "Dialect " + irq.dialect().label() + ", irq " + indexes
                + (irq.maskable() ? ", maskable" : ", not maskable")
                + (irq.values().isPresent() || irq.counters().size() > 1
                        ? ", tells planes."
                        : ", does not tell planes.");
    }
}
