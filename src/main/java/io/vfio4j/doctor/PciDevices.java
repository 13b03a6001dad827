package io.vfio4j.doctor;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.vfio.HostDevice;
import java.util.ArrayList;
import java.util.List;

/** What sysfs says of the PCI devices. */
final class PciDevices {
    private static final String BUS = "/sys/bus/pci/devices";

    /**
     * A graphics device.
     *
     * @param address for example {@code 0000:00:02.0}
     * @param vendor its vendor id
     * @param device its device id
     * @param driver the bound driver; empty where there is none
     */
    record Display(String address, int vendor, int device, String driver) {
        private static final int INTEL = 0x8086;

        boolean isIntel() {
            return vendor == INTEL;
        }
    }

    private PciDevices() {}

    private static List<String> addresses(SystemCalls calls) throws LinuxException {
        return Reading.names(calls, BUS).stream()
                .filter(HostDevice::isPciAddress)
                .toList();
    }

    /** Those of PCI class 3: linux/pci_ids.h, PCI_BASE_CLASS_DISPLAY. */
    static List<Display> displays(SystemCalls calls) throws LinuxException {
        List<Display> displays = new ArrayList<>();
        for (String address : addresses(calls)) {
            String path = BUS + "/" + address;
            if (id(calls, path + "/class") >>> 16 == 3) {
                displays.add(new Display(
                        address,
                        (int) id(calls, path + "/vendor"),
                        (int) id(calls, path + "/device"),
                        Reading.linked(calls, path + "/driver")));
            }
        }
        return displays;
    }

    private static long id(SystemCalls calls, String attribute) {
        return Reading.number(Reading.of(calls, attribute).orEmpty()).orElse(0) & 0xff_ffff;
    }

    /** The addresses of those that a VFIO driver holds. */
    static List<String> heldByVfio(SystemCalls calls) throws LinuxException {
        List<String> held = new ArrayList<>();
        for (String address : addresses(calls)) {
            if (VfioDrivers.holds(calls, BUS + "/" + address)) {
                held.add(address);
            }
        }
        return held;
    }

    static int grouped(SystemCalls calls) throws LinuxException {
        return (int) addresses(calls).stream()
                .filter(address -> calls.exists(BUS + "/" + address + "/iommu_group"))
                .count();
    }
}
