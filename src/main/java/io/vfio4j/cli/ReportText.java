package io.vfio4j.cli;

import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.display.irq.EventValues;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Bytes;
import io.vfio4j.vfio.Capability;
import io.vfio4j.vfio.DeviceOwner;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.RegionInfo;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A report for people. */
final class ReportText {
    private static final int DEVICE_INFO_SIZE = 20;

    private final PrintWriter out;
    private final DeviceReport report;
    private final boolean raw;

    ReportText(PrintWriter out, DeviceReport report, boolean raw) {
        this.out = out;
        this.report = report;
        this.raw = raw;
    }

    void print() {
        device();
        display();
        regions();
        irqs();
    }

    private void device() {
        out.println("Device " + report.name());
        report.device().mdev().ifPresent(this::mdev);
        report.device()
                .path()
                .ifPresent(path ->
                        line("opened", Words.way(path, report.device().host().orElseThrow())));
        line(
                "flags",
                flags(report.info().flags(), Words.deviceFlags(report.info().flags())));
        line("counts", report.info().regions() + " regions, " + report.info().irqs() + " irqs");
        raw("  ", report.info().raw(), DEVICE_INFO_SIZE);
        if (report.device().shared()) {
            line(
                    "shared",
                    "with "
                            + report.device()
                                    .owner()
                                    .map(DeviceOwner::description)
                                    .orElse("its owner") + ", which goes on with it; nothing was armed");
        }
        if (report.bareVm()) {
            line(
                    "note",
                    "the driver opens this vGPU only for its VM, so a bare VM was made for this look."
                            + " A bare VM has no guest, and so the screen is empty.");
        }
    }

    private void mdev(MdevDevice mdev) {
        line("sysfs", mdev.path());
        if (!mdev.type().isEmpty()) {
            line("type", mdev.type());
        }
        if (!mdev.parent().isEmpty()) {
            line("parent", mdev.parent());
        }
        mdev.group().ifPresent(group -> line("group", Integer.toString(group)));
    }

    private void display() {
        out.println();
        out.println("Display");
        if (report.access().isEmpty()) {
            out.println("  no display: the device does not answer VFIO_DEVICE_QUERY_GFX_PLANE");
            return;
        }
        line("dialect", report.displayIrq().map(ReportText::dialect).orElse("none: mainline; timer mode"));
        line(
                "pixels",
                report.access().stream()
                        .map(access -> access == PlaneAccess.DMABUF ? "as dma-bufs" : "in a region")
                        .sorted()
                        .collect(Collectors.joining(", ")));
        line("primary", plane(report.primary(), "nothing is scanned out"));
        line("cursor", plane(report.cursor(), "none"));
    }

    private static String dialect(DisplayIrqInfo irq) {
        String indexes = irq.counters().stream()
                .map(counter -> Integer.toString(counter.index()))
                .collect(Collectors.joining(" and "));
        String planes = switch (irq.dialect()) {
            case V2 -> "an irq for each plane";
            case PORT_DISPLAY -> "tells planes only if its counter has the values it promises";
            default ->
                irq.values().filter(EventValues::tellPlanes).isPresent() ? "tells planes" : "does not tell planes";
        };
        return irq.dialect().label() + ": irq " + indexes + ", " + planes + ", "
                + (irq.maskable() ? "maskable" : "not maskable");
    }

    private String plane(DeviceReport.Answer answer, String nothing) {
        if (answer.refusal().isPresent()) {
            return "refused: " + answer.refusal().get().getMessage();
        }
        return answer.plane().map(this::plane).orElse(nothing);
    }

    private String plane(Plane plane) {
        boolean region =
                report.preferredAccess().filter(PlaneAccess.REGION::equals).isPresent();
        String hotspot = plane.hotX() == Plane.UNKNOWN_HOTSPOT || (plane.hotX() == 0 && plane.hotY() == 0)
                ? ""
                : ", hotspot " + plane.hotX() + "," + plane.hotY();
        return Integer.toUnsignedString(plane.width()) + "x" + Integer.toUnsignedString(plane.height()) + " "
                + plane.formatName() + " at " + plane.x() + "," + plane.y() + hotspot + ", stride "
                + Integer.toUnsignedString(plane.strideBytes()) + " bytes, "
                + Words.size(Integer.toUnsignedLong(plane.sizeBytes())) + ", modifier " + Words.hex(plane.modifier())
                + (plane.modifier() == 0 ? " (linear)" : "") + (region ? ", region " : ", dma-buf id ")
                + Integer.toUnsignedString(plane.source());
    }

    private void regions() {
        out.println();
        out.println("Regions");
        for (RegionInfo region : report.regions()) {
            boolean screen = report.screenRegion()
                    .filter(index -> index == region.index())
                    .isPresent();
            String name = Words.region(report.info(), region, screen);
            String what = DeviceReport.isAbsent(region)
                    ? "absent"
                    : Words.size(region.size()) + " at " + Words.hex(region.offset()) + ", "
                            + flags(region.flags(), Words.regionFlags(region.flags()));
            entry(region.index(), name, what);
            for (Capability capability : region.capabilities()) {
                capability(capability, CapabilityText.ofRegion(capability));
            }
            raw("      ", region.raw(), Vfio.RegionInfo.SIZE);
        }
    }

    private void irqs() {
        out.println();
        out.println("Irqs");
        for (int index = 0; index < report.info().irqs(); index++) {
            int wanted = index;
            report.irqs().stream()
                    .filter(irq -> irq.index() == wanted)
                    .findFirst()
                    .ifPresentOrElse(this::irq, () -> refused(wanted));
        }
        out.flush();
    }

    private void refused(int index) {
        entry(index, Words.irqIndex(report.info(), index), "the driver refuses it (EINVAL)");
    }

    private void irq(IrqInfo irq) {
        String layout = switch (irq.layout()) {
            case MAINLINE -> "";
            case OFFSET_BEFORE_COUNT -> ", cap_offset before count";
            case OFFSET_AFTER_COUNT -> ", cap_offset after count";
        };
        entry(
                irq.index(),
                Words.irq(report.info(), irq, report.displayIrq()),
                "count " + Integer.toUnsignedString(irq.count()) + ", "
                        + flags(irq.flags(), Words.irqFlags(irq.flags())) + layout);
        for (Capability capability : irq.capabilities()) {
            capability(
                    capability,
                    CapabilityText.ofIrq(
                            capability, irq.capabilities(), !report.access().isEmpty()));
        }
        raw("      ", irq.raw(), DeviceReport.infoSize(irq));
    }

    private void entry(int index, String name, String what) {
        out.println(String.format(Locale.ROOT, "  %2d  %-16s %s", index, name, what));
    }

    private void capability(Capability capability, CapabilityText text) {
        out.println("      " + text.name() + " (capability " + capability.id() + ", version " + capability.version()
                + "): " + text.text());
    }

    private static String flags(int flags, List<String> words) {
        return Words.hex(flags) + (words.isEmpty() ? "" : " " + String.join(" ", words));
    }

    private void raw(String indent, Bytes bytes, int least) {
        if (raw) {
            out.println(indent + "raw " + CapabilityText.trimmed(bytes, least));
        }
    }

    private void line(String label, String text) {
        out.println(String.format(Locale.ROOT, "  %-9s %s", label, text));
    }
}
