package io.vfio4j.cli;

import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.DeviceInfo;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The kernel's numbers in the field's words, as {@code linux/vfio.h} has them. */
final class Words {
    private static final List<String> DEVICE_FLAGS =
            List.of("RESET", "PCI", "PLATFORM", "AMBA", "CCW", "AP", "FSL_MC", "CAPS", "CDX");
    private static final List<String> REGION_FLAGS = List.of("READ", "WRITE", "MMAP", "CAPS");
    private static final List<String> IRQ_FLAGS = List.of("EVENTFD", "MASKABLE", "AUTOMASKED", "NORESIZE", "CAPS");
    private static final List<String> PCI_REGIONS =
            List.of("BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "CONFIG", "VGA");
    private static final List<String> PCI_IRQS = List.of("INTX", "MSI", "MSIX", "ERR", "REQ");

    private static final int MOST_QUOTED = 60;

    private Words() {}

    /** What somebody typed, for a message: without what could disturb a terminal, and not too long. */
    static String quoted(String text) {
        String head = text.length() > MOST_QUOTED ? text.substring(0, MOST_QUOTED) + "…" : text;
        return "'" + head.replaceAll("\\p{C}", "?") + "'";
    }

    static List<String> deviceFlags(int flags) {
        return flags(flags, DEVICE_FLAGS);
    }

    static List<String> regionFlags(int flags) {
        return flags(flags, REGION_FLAGS);
    }

    static List<String> irqFlags(int flags) {
        return flags(flags, IRQ_FLAGS);
    }

    /** The names of the bits that are set, from bit 0 on; bits without a name are kept together as a number. */
    private static List<String> flags(int flags, List<String> names) {
        List<String> set = new ArrayList<>();
        for (int bit = 0; bit < names.size(); bit++) {
            if ((flags >>> bit & 1) != 0) {
                set.add(names.get(bit));
            }
        }
        int nameless = flags >>> names.size() << names.size();
        if (nameless != 0) {
            set.add(hex(nameless));
        }
        return set;
    }

    /** A region's role: by its index on a PCI device, by its type capability behind that, and as what holds the screen. */
    static String region(DeviceInfo device, RegionInfo region, boolean screen) {
        if (screen) {
            return "screen";
        }
        if (device.pci() && region.index() < PCI_REGIONS.size()) {
            return PCI_REGIONS.get(region.index());
        }
        return region.capabilities().stream()
                .flatMap(capability -> CapabilityText.regionTypeName(capability).stream())
                .findFirst()
                .orElse("device-specific");
    }

    static String irq(DeviceInfo device, IrqInfo irq, Optional<DisplayIrqInfo> display) {
        for (DisplayIrqInfo.Counter counter :
                display.map(DisplayIrqInfo::counters).orElse(List.of())) {
            if (counter.index() == irq.index()) {
                return display.get().counters().size() == 1
                        ? "display"
                        : counter.subtype() == DisplayIrq.SUBTYPE_CURSOR ? "display-cursor" : "display-primary";
            }
        }
        return irqIndex(device, irq.index());
    }

    static String irqIndex(DeviceInfo device, int index) {
        return device.pci() && index < Vfio.VFIO_PCI_NUM_IRQS ? PCI_IRQS.get(index) : "device-specific";
    }

    /** In the order of their numbers, whatever the set's. */
    static List<String> planes(Set<PlaneType> planes) {
        return Arrays.stream(PlaneType.values())
                .filter(planes::contains)
                .map(Enum::name)
                .toList();
    }

    /** Which way a device was opened. */
    static String way(AttachPath path, HostDevice host) {
        return switch (path) {
            case GROUP -> "through its group, /dev/vfio/" + host.group().getAsInt();
            case CDEV -> "by its own node, " + host.node().orElseThrow();
        };
    }

    static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /** A counter's value, all its digits. */
    static String value(long value) {
        return String.format(Locale.ROOT, "0x%016x", value);
    }

    static String size(long bytes) {
        String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        int unit = 0;
        long value = bytes;
        while (unit < units.length - 1 && value != 0 && (value & 0x3ff) == 0) {
            value >>>= 10;
            unit++;
        }
        return Long.toUnsignedString(value) + " " + units[unit];
    }
}
