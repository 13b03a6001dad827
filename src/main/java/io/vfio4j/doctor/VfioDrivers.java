package io.vfio4j.doctor;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.util.Set;

/** Which drivers leave a device to VFIO. */
final class VfioDrivers {
    /** Those that do no DMA of their own ({@code driver_managed_dma}): drivers/pci/pci-stub.c, drivers/pci/pcie/portdrv.c. */
    private static final Set<String> HARMLESS = Set.of("pci-stub", "pcieport");

    private VfioDrivers() {}

    /** Whether a VFIO driver is bound: it makes the device's directory vfio-dev since Linux 6.1; before, its name tells. */
    static boolean holds(SystemCalls calls, String device) throws LinuxException {
        String driver = Reading.linked(calls, device + "/driver");
        return !driver.isEmpty() && (isVfio(driver) || calls.exists(device + "/vfio-dev"));
    }

    private static boolean isVfio(String driver) {
        return driver.contains("vfio");
    }

    /** Whether a device keeps its group from being viable. Mediated devices have a driver of their own and do not. */
    static boolean breaksGroup(SystemCalls calls, String device) throws LinuxException {
        String driver = Reading.linked(calls, device + "/driver");
        return !driver.isEmpty()
                && !HARMLESS.contains(driver)
                && !holds(calls, device)
                && !calls.exists(device + "/mdev_type");
    }
}
