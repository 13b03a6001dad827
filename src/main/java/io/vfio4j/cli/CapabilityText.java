package io.vfio4j.cli;

import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.Bytes;
import io.vfio4j.vfio.Capability;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A capability in words.
 *
 * @param name the kernel's name for it, without the prefix; {@code unknown} where there is none
 * @param members its members, for JSON
 * @param text the same for people
 */
record CapabilityText(String name, Map<String, Object> members, String text) {
    private static final int PCI_VENDOR_TYPE = 1 << 31;
    private static final int INTEL = 0x8086;

    private static CapabilityText unknown(Capability capability) {
        return new CapabilityText("unknown", Map.of(), trimmed(capability.bytes(), 8) + " in bytes");
    }

    /** One of {@code VFIO_REGION_INFO_CAP_…}. */
    static CapabilityText ofRegion(Capability capability) {
        return switch (capability.id()) {
            case Vfio.VFIO_REGION_INFO_CAP_SPARSE_MMAP -> sparse(capability);
            case Vfio.VFIO_REGION_INFO_CAP_TYPE -> regionType(capability);
            case 3 -> new CapabilityText("MSIX_MAPPABLE", Map.of(), "the MSI-X table can be mapped");
            case 4 -> named("NVLINK2_SSATGT", capability);
            case 5 -> named("NVLINK2_LNKSPD", capability);
            default -> unknown(capability);
        };
    }

    private static CapabilityText named(String name, Capability capability) {
        return new CapabilityText(name, Map.of(), unknown(capability).text());
    }

    private static CapabilityText sparse(Capability capability) {
        Bytes bytes = capability.bytes();
        if (bytes.size() < Vfio.RegionInfoCapSparseMmap.AREAS) {
            return named("SPARSE_MMAP", capability);
        }
        int count = bytes.getInt(Vfio.RegionInfoCapSparseMmap.NR_AREAS);
        int room = (bytes.size() - Vfio.RegionInfoCapSparseMmap.AREAS) / Vfio.RegionSparseMmapArea.SIZE;
        List<Object> areas = new ArrayList<>();
        List<String> words = new ArrayList<>();
        for (int i = 0; i < room && i < count; i++) {
            int at = Vfio.RegionInfoCapSparseMmap.AREAS + i * Vfio.RegionSparseMmapArea.SIZE;
            long offset = bytes.getLong(at + Vfio.RegionSparseMmapArea.OFFSET);
            long size = bytes.getLong(at + Vfio.RegionSparseMmapArea.SIZE_MEMBER);
            Map<String, Object> area = new LinkedHashMap<>();
            area.put("offset", JsonLines.unsigned(offset));
            area.put("size", JsonLines.unsigned(size));
            areas.add(area);
            words.add(Words.size(size) + " at " + Words.hex(offset));
        }
        String told = Integer.toUnsignedString(count);
        String text = count == 0
                ? "nothing can be mapped"
                : (count == 1 ? "1 area can be mapped: " : told + " areas can be mapped: ")
                        + String.join(", ", words)
                        + (areas.size() == count ? "" : " (the reply holds " + areas.size() + " of them)");
        return new CapabilityText("SPARSE_MMAP", Map.of("areas", areas), text);
    }

    private static CapabilityText regionType(Capability capability) {
        Bytes bytes = capability.bytes();
        if (bytes.size() < Vfio.RegionInfoCapType.SIZE) {
            return named("TYPE", capability);
        }
        int type = bytes.getInt(Vfio.RegionInfoCapType.TYPE);
        int subtype = bytes.getInt(Vfio.RegionInfoCapType.SUBTYPE);
        return type(type, subtype, regionTypeName(type, subtype));
    }

    private static CapabilityText type(int type, int subtype, Optional<String> meaning) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("type", Integer.toUnsignedLong(type));
        members.put("subtype", Integer.toUnsignedLong(subtype));
        members.put("meaning", meaning);
        return new CapabilityText(
                "TYPE",
                members,
                "type " + number(type) + ", subtype " + number(subtype)
                        + meaning.map(words -> ": " + words).orElse(""));
    }

    private static String number(int value) {
        return value < 0 || value > 0xffff ? Words.hex(value) : Integer.toString(value);
    }

    /** What a region is, where the capability is one that tells. */
    static Optional<String> regionTypeName(Capability capability) {
        Bytes bytes = capability.bytes();
        return capability.id() == Vfio.VFIO_REGION_INFO_CAP_TYPE && bytes.size() >= Vfio.RegionInfoCapType.SIZE
                ? regionTypeName(
                        bytes.getInt(Vfio.RegionInfoCapType.TYPE), bytes.getInt(Vfio.RegionInfoCapType.SUBTYPE))
                : Optional.empty();
    }

    private static Optional<String> regionTypeName(int type, int subtype) {
        if (type == Vfio.VFIO_REGION_TYPE_GFX) {
            return Optional.of(subtype == Vfio.VFIO_REGION_SUBTYPE_GFX_EDID ? "EDID" : "graphics");
        }
        if (type == (PCI_VENDOR_TYPE | INTEL)) {
            return Optional.of(
                    switch (subtype) {
                        case 1 -> "OpRegion";
                        case 2 -> "host bridge config";
                        case 3 -> "LPC bridge config";
                        default -> "Intel";
                    });
        }
        if ((type & PCI_VENDOR_TYPE) != 0) {
            return Optional.of("of PCI vendor " + Words.hex(type & 0xffff));
        }
        return switch (type) {
            case 2 -> Optional.of("CCW");
            case 3 -> Optional.of("migration");
            default -> Optional.empty();
        };
    }

    /**
     * One of the display irq series' {@code VFIO_IRQ_INFO_CAP_…}. Other series that never were merged use the same numbers, so they
     * mean a display only on a device that has one.
     */
    static CapabilityText ofIrq(Capability capability, List<Capability> chain, boolean vgpu) {
        Bytes bytes = capability.bytes();
        if (isType(capability) && bytes.size() >= DisplayIrq.CapType.SIZE) {
            int type = bytes.getInt(DisplayIrq.CapType.TYPE);
            int subtype = bytes.getInt(DisplayIrq.CapType.SUBTYPE);
            return type(type, subtype, vgpu ? irqTypeName(type, subtype) : Optional.empty());
        }
        boolean isDisplay = vgpu
                && chain.stream()
                        .anyMatch(other ->
                                (other.id() == DisplayIrq.CAP_TYPE_V5 && capability.id() == DisplayIrq.CAP_DISPLAY_V5)
                                        || (other.id() == DisplayIrq.CAP_TYPE_V6
                                                && capability.id() == DisplayIrq.CAP_DISPLAY_V6));
        if (isDisplay && bytes.size() >= DisplayIrq.CapDisplay.SIZE) {
            long primary = bytes.getLong(DisplayIrq.CapDisplay.PRIMARY);
            long cursor = bytes.getLong(DisplayIrq.CapDisplay.CURSOR);
            Map<String, Object> members = new LinkedHashMap<>();
            members.put("primary_value", JsonLines.unsigned(primary));
            members.put("cursor_value", JsonLines.unsigned(cursor));
            return new CapabilityText(
                    "DISPLAY",
                    members,
                    "a primary event adds " + Words.value(primary) + ", a cursor event " + Words.value(cursor));
        }
        return unknown(capability);
    }

    private static boolean isType(Capability capability) {
        return capability.id() == DisplayIrq.CAP_TYPE_V5 || capability.id() == DisplayIrq.CAP_TYPE_V6;
    }

    private static Optional<String> irqTypeName(int type, int subtype) {
        if (type != DisplayIrq.TYPE_GFX) {
            return Optional.empty();
        }
        return switch (subtype) {
            case DisplayIrq.SUBTYPE_DISPLAY -> Optional.of("graphics, display refresh");
            case DisplayIrq.SUBTYPE_CURSOR -> Optional.of("graphics, cursor refresh");
            default -> Optional.of("graphics");
        };
    }

    /** Hexadecimal in words of four bytes, without the zeros that follow; at least {@code least} bytes. */
    static String trimmed(Bytes bytes, int least) {
        byte[] all = bytes.toArray();
        int end = all.length;
        while (end > Math.min(least, all.length) && all[end - 1] == 0) {
            end--;
        }
        end = Math.min(all.length, (end + 3) & ~3);
        return bytes.slice(0, end).toString().replaceAll("(.{8})(?=.)", "$1 ");
    }
}
